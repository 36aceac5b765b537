// What came out of a call, as far as it is compared: its messages to the carrier and its turns.
import { MESSAGE_MS } from '../playout/playout.ts';
import type { ToldTurn } from './inside.ts';
import type { Doing } from './records.ts';
import type { Reel } from './reel.ts';

export interface SentMessage {
  readonly atUs: number;
  /** The exchange under way. */
  readonly turn: number;
  readonly sent: Doing;
}

export class Talk {
  readonly messages: SentMessage[] = [];
  /** The last word on each. */
  readonly turns = new Map<number, ToldTurn>();
  #turn = 0;

  get turn(): number {
    return this.#turn;
  }

  did(atUs: number, doing: Doing): void {
    const [name, subject] = doing;
    if (name === 'sent' || name === 'sound') this.messages.push({ atUs, turn: this.#turn, sent: doing });
    else if (name === 'began' && typeof subject === 'number') this.#turn = subject;
    else if (name === 'turn' && isTurn(subject)) this.turns.set(subject.index, subject);
  }
}

/** What came out of it then. */
export function talkOn({ lines }: Reel): Talk {
  const talk = new Talk();
  for (const line of lines) if (line.kind === 'doing') talk.did(line.atUs, line.doing);
  return talk;
}

function isTurn(value: unknown): value is ToldTurn {
  if (typeof value !== 'object' || value === null) return false;
  const { index, callerText, heardText, timings } = value as Partial<Record<keyof ToldTurn, unknown>>;
  const texts = typeof callerText === 'string' && typeof heardText === 'string';
  return typeof index === 'number' && texts && typeof timings === 'object' && timings !== null;
}

/** Where one exchange is not what it was; messages are counted from 1. */
export type TurnDifference =
  | { readonly kind: 'content'; readonly at: number; readonly onTape: Doing; readonly now: Doing }
  /** So many messages fewer, or more, behind those that are the same. */
  | { readonly kind: 'missing' | 'more'; readonly at: number; readonly messages: number }
  /** The same so far. By how much the first one is later that is not at its time, and the one that is furthest off. */
  | { readonly kind: 'time'; readonly at: number; readonly laterMs: number; readonly mostMs: number };

export interface ComparedTurn {
  readonly turn: number;
  readonly messagesThen: number;
  readonly messagesNow: number;
  /** Undefined: the same, bit for bit and at the same times. */
  readonly difference: TurnDifference | undefined;
}

/** On its own clock a call is never late, as it was on a busy machine: what lies nearer together is the same. One message. */
const TOLERANCE_MS = MESSAGE_MS;

/** Turn by turn, in their order. Not `exactly`: times within one message are the same, and so are marks of other numbers. */
export function compareTalks(then: Talk, now: Talk, exactly: boolean): readonly ComparedTurn[] {
  const turns = new Set([...then.messages, ...now.messages].map(({ turn }) => turn));
  return [...turns]
    .sort((a, b) => a - b)
    .map((turn) => {
      const before = then.messages.filter((one) => one.turn === turn);
      const after = now.messages.filter((one) => one.turn === turn);
      const content = contentDifference(before, after, exactly);
      const time = timeDifference(before, after, exactly ? 0 : TOLERANCE_MS);
      // What is late first may well be cut elsewhere, too.
      const difference = content !== undefined && content.at <= (time?.at ?? Infinity) ? content : time;
      return { turn, messagesThen: before.length, messagesNow: after.length, difference };
    });
}

function contentDifference(
  then: readonly SentMessage[],
  now: readonly SentMessage[],
  exactly: boolean,
): TurnDifference | undefined {
  for (const [index, { sent }] of then.entries()) {
    const after = now[index]?.sent;
    if (after === undefined) break;
    if (contentOf(sent, exactly) === contentOf(after, exactly)) continue;
    return { kind: 'content', at: index + 1, onTape: sent, now: after };
  }
  const messages = Math.abs(then.length - now.length);
  if (messages === 0) return undefined;
  const kind = now.length < then.length ? 'missing' : 'more';
  return { kind, at: Math.min(then.length, now.length) + 1, messages };
}

function contentOf(sent: Doing, exactly: boolean): string {
  const [name, text] = sent;
  const mark = !exactly && name === 'sent' && String(text).startsWith('{"event":"mark",');
  return mark ? 'a mark' : JSON.stringify(sent);
}

function timeDifference(
  then: readonly SentMessage[],
  now: readonly SentMessage[],
  toleranceMs: number,
): TurnDifference | undefined {
  const laterMs = then.map(({ atUs }, index) => ((now[index]?.atUs ?? atUs) - atUs) / 1_000);
  const first = laterMs.findIndex((ms) => Math.abs(ms) > toleranceMs);
  if (first < 0) return undefined;
  const mostMs = laterMs.reduce((most, ms) => (Math.abs(ms) > Math.abs(most) ? ms : most), 0);
  return { kind: 'time', at: first + 1, laterMs: laterMs[first] ?? 0, mostMs };
}
