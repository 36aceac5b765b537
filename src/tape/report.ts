// A replay, told to whoever reads it.
import type { Departure, Replayed } from './player.ts';
import type { Doing, Happening } from './records.ts';
import type { Reel } from './reel.ts';
import { compareTalks, talkOn, type ComparedTurn, type Talk, type TurnDifference } from './talk.ts';

const TEXT_CHARS_MAX = 44;

export interface Compared {
  readonly turns: readonly ComparedTurn[];
  /** Whether the carrier is sent the same, at the same times to within a message. */
  readonly isSame: boolean;
  /** ... and the call did all of it as it did then: bit for bit, to the microsecond. */
  readonly isExact: boolean;
}

export function compare(reel: Reel, { talk, departure }: Replayed): Compared {
  const turns = compareTalks(talkOn(reel), talk, departure === undefined);
  const isSame = turns.every(({ difference }) => difference === undefined);
  return { turns, isSame, isExact: isSame && departure === undefined };
}

/** Lines without their ends. */
export function report(reel: Reel, replayed: Replayed): readonly string[] {
  const compared = compare(reel, replayed);
  return [
    headLine(reel),
    '',
    ...table(compared.turns, talkOn(reel), replayed.talk),
    '',
    ...verdict(compared, replayed),
    ...replayed.remarks.map((remark) => `note: ${remark}`),
    ...(reel.isWhole ? [] : ['note: the tape ends before the call did; it was compared as far as it goes']),
  ];
}

function headLine({ header, lines }: Reel): string {
  const { info, startWallMs, agentVersion } = header;
  const seconds = ((lines.at(-1)?.atUs ?? 0) / 1_000_000).toFixed(1);
  const began = new Date(startWallMs).toISOString();
  return `${info.callSid}: ${info.direction}, ${info.from} to ${info.to}, ${began}, ${seconds} s, agent ${agentVersion}`;
}

function table(turns: readonly ComparedTurn[], then: Talk, now: Talk): readonly string[] {
  const indexes = new Set([...then.turns.keys(), ...now.turns.keys(), ...turns.map(({ turn }) => turn)]);
  const rows = [...indexes]
    .sort((a, b) => a - b)
    .map((index) => {
      const [before, after] = [then.turns.get(index), now.turns.get(index)];
      return [
        String(index),
        shortened(after?.callerText ?? before?.callerText ?? ''),
        shortened(after?.heardText ?? before?.heardText ?? ''),
        milliseconds(before?.timings.response),
        milliseconds(after?.timings.response),
        messages(turns.find(({ turn }) => turn === index)),
      ];
    });
  const head = ['turn', 'caller', 'heard of the agent', 'response then', 'now', 'messages'];
  return aligned([head, ...rows]);
}

function messages(turn: ComparedTurn | undefined): string {
  if (turn === undefined) return 'none';
  return turn.difference === undefined
    ? `${turn.messagesNow} the same`
    : `${turn.messagesThen} then, ${turn.messagesNow} now: ${ofDifference(turn.difference)}`;
}

function ofDifference(difference: TurnDifference): string {
  const where = `message ${difference.at}`;
  switch (difference.kind) {
    case 'missing':
      return `from ${where} on ${difference.messages} are missing`;
    case 'more':
      return `from ${where} on ${difference.messages} are more than then`;
    case 'content':
      return `${where} was ${ofDoing(difference.onTape)}, is ${ofDoing(difference.now)}`;
    case 'time':
      return `the same, from ${where} on at other times (${signed(difference.laterMs)} ms, at most ${signed(difference.mostMs)})`;
    default:
      return difference satisfies never;
  }
}

function verdict({ turns, isExact }: Compared, { talk, departure }: Replayed): readonly string[] {
  const { length } = talk.messages;
  if (isExact) return [`the same: ${length} messages, bit for bit and at the same times`];
  const first = turns.find(({ difference }) => difference !== undefined);
  return [
    first?.difference === undefined
      ? `the same: ${length} messages, though the call came to them another way`
      : `different, first in turn ${first.turn}: ${ofDifference(first.difference)}`,
    ...(departure === undefined ? [] : ofDeparture(departure)),
  ];
}

function ofDeparture({ atUs, onTape, now }: Departure): readonly string[] {
  const happened = onTape?.kind === 'happening' ? ofHappening(onTape.happening) : undefined;
  const did = onTape?.kind === 'doing' ? ofDoing(onTape.doing) : 'nothing more';
  return [
    `it went another way at ${(atUs / 1_000).toFixed(3)} ms, and from there on its time is its own`,
    `  then: ${happened === undefined ? did : `it waited for ${happened}`}`,
    `  now:  ${now === undefined ? 'it does not' : ofDoing(now)}`,
  ];
}

function ofHappening([kind, subject]: Happening): string {
  return typeof subject === 'number' ? `${kind} ${subject}` : kind;
}

function ofDoing([name, ...rest]: Doing): string {
  const [subject, value, ...more] = rest;
  switch (name) {
    case 'sound':
      return `${String(subject)} bytes of sound (${String(value)})`;
    case 'sent':
      return `a message ${String(subject)}`;
    case 'unsent':
      return `nothing sent, the socket is ${String(subject)}`;
    case 'wake':
      return `asks to be woken in ${Number(value).toFixed(3)} ms (timer ${String(subject)})`;
    case 'asked':
      return `asks the model (request ${String(subject)})`;
    case 'speak':
      return `has the voice say “${String(value)}”`;
    case 'fetch':
      return `calls a tool (request ${String(subject)})`;
    case 'listen':
      return `opens its ears (session ${String(subject)})`;
    case 'commit':
      return `asks the ears for the last words of utterance ${String(value)}`;
    case 'began':
      return `answers turn ${String(subject)}, “${String(value)}”`;
    case 'withdrawn':
      return `takes back its answer to turn ${String(subject)}`;
    case 'turn':
      return `tells of a turn ${JSON.stringify(subject)}`;
    case 'admits':
    case 'untilMs':
    case 'restMs':
      return 'looks which ears can be trusted';
    case 'wait':
      return 'waits for what is kept to be kept';
    case 'slowness':
      return 'looks how slow the model is';
    case 'known':
      return 'looks whether it was answered before';
    default:
      // Written by another version.
      return JSON.stringify([name, subject, value, ...more]);
  }
}

function shortened(text: string): string {
  return text.length <= TEXT_CHARS_MAX ? text : `${text.slice(0, TEXT_CHARS_MAX - 1)}…`;
}

function milliseconds(ms: number | undefined): string {
  return ms === undefined ? '-' : `${Math.round(ms)} ms`;
}

function signed(ms: number): string {
  return `${ms < 0 ? '' : '+'}${ms.toFixed(1)}`;
}

function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_head, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - cell.length))
      .join('  ')
      .trimEnd(),
  );
}
