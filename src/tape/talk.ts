// What came out of a call, as far as it is compared: its messages to the carrier and its turns.
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
  | { readonly kind: 'content'; readonly at: number; readonly then: Doing; readonly now: Doing }
  /** So many messages fewer, or more, behind those that are the same. */
  | { readonly kind: 'missing' | 'more'; readonly at: number; readonly messages: number }
  /** The same messages. By how much the first one is later that is not at its time, and the one that is furthest off. */
  | { readonly kind: 'time'; readonly at: number; readonly laterMs: number; readonly mostMs: number };

export interface ComparedTurn {
  readonly turn: number;
  readonly messagesThen: number;
  readonly messagesNow: number;
  /** Undefined: the same, bit for bit and at the same times. */
  readonly difference: TurnDifference | undefined;
}

/** Turn by turn, in their order. Within `toleranceMs` times are the same. */
export function compareTalks(then: Talk, now: Talk, toleranceMs: number): readonly ComparedTurn[] {
  const turns = new Set([...then.messages, ...now.messages].map(({ turn }) => turn));
  return [...turns]
    .sort((a, b) => a - b)
    .map((turn) => {
      const before = then.messages.filter((one) => one.turn === turn);
      const after = now.messages.filter((one) => one.turn === turn);
      const difference = contentDifference(before, after) ?? timeDifference(before, after, toleranceMs);
      return { turn, messagesThen: before.length, messagesNow: after.length, difference };
    });
}

function contentDifference(
  then: readonly SentMessage[],
  now: readonly SentMessage[],
): TurnDifference | undefined {
  for (const [index, { sent }] of then.entries()) {
    const after = now[index]?.sent;
    if (after === undefined) break;
    if (JSON.stringify(sent) === JSON.stringify(after)) continue;
    return { kind: 'content', at: index + 1, then: sent, now: after };
  }
  const messages = Math.abs(then.length - now.length);
  if (messages === 0) return undefined;
  const kind = now.length < then.length ? 'missing' : 'more';
  return { kind, at: Math.min(then.length, now.length) + 1, messages };
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
