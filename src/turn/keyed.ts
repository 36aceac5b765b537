// The keys that the caller has pressed in the turn under way, gathered with the words in the order of time.
import { endingOf } from './endpoint.ts';
import type { Expectation } from './expectation.ts';
import { turnLanguage } from './language/language.ts';
import type { Said } from './said.ts';

export interface KeySettings {
  /** Ends the turn at once and is no part of what was keyed; `none`: no key does. */
  readonly endKey: string;
  /** Takes back what was keyed last; `none`: no key does. */
  readonly clearKey: string;
  /** Silence after a key that ends the turn. */
  readonly timeoutMs: number;
  /** So many keys end the turn at once; more are not taken. */
  readonly digitsMax: number;
  /** A key over the agent interrupts it. False: it is gathered, and counts when the agent has finished. */
  readonly interrupts: boolean;
}

/** Keys in a row: no word was said between them. */
export interface Keyed {
  readonly keys: string;
  /** Utterances up to this one were said before. */
  readonly after: number;
  /** When the last of them was pressed. */
  readonly atMs: number;
  /** `full`: there may be no more of them. */
  readonly end: 'open' | 'endKey' | 'full';
  /** The watchers know it whole: what is keyed after it is told by itself. */
  readonly told: boolean;
}

/** A North American number that begins with its country's 1 has one digit more. */
const PHONE_DIGITS = 10;

/** Keys apart by spaces; behind what was ended by the end key stands a comma when there is more. */
export function turnText(said: Said, keyed: readonly Keyed[]): string {
  const parts = [
    ...said.map(({ utterance, text }) => ({ place: utterance, text: text.trim(), ended: false })),
    ...keyed.map(({ after, keys, end }) => ({
      place: after + 0.5,
      text: spaced(keys),
      ended: end !== 'open',
    })),
  ]
    .filter(({ text }) => text !== '')
    .sort((a, b) => a.place - b.place);
  return parts.map(({ text, ended }, i) => (ended && i < parts.length - 1 ? `${text},` : text)).join(' ');
}

export function spaced(keys: string): string {
  return Array.from(keys).join(' ');
}

export function anyKeyed(keyed: readonly Keyed[]): boolean {
  return keyed.some(({ keys }) => keys !== '');
}

/** Something was said after these keys. */
export function saidSince(said: Said, { after }: Keyed): boolean {
  return said.some(({ utterance, text }) => utterance > after && text.trim() !== '');
}

/**
 * When the turn is over by its keys, in ms; undefined when nothing was keyed, or something was said since: then the words
 * tell it.
 */
export function keysDueAtMs(
  turn: { readonly said: Said; readonly keyed: readonly Keyed[]; readonly expects: Expectation },
  settings: { readonly keys: KeySettings; readonly maxWaitMs: number; readonly language: string },
): number | undefined {
  const { said, keyed, expects } = turn;
  const last = keyed.at(-1);
  if (last === undefined || saidSince(said, last)) return undefined;
  if (last.end !== 'open') return last.atMs;
  const { timeoutMs } = settings.keys;
  const answer = keysAnswer(sinceEnd(keyed), expects);
  if (answer === 'whole') return last.atMs;
  const language = turnLanguage(settings.language);
  // Digits that were said count as well.
  const digitsKnown =
    expects.kind === 'digits' &&
    expects.counts.length > 0 &&
    endingOf(turnText(said, keyed), expects, language) === 'complete';
  const mayBeWhole = answer === 'may_be' || digitsKnown;
  return last.atMs + (mayBeWhole ? Math.min(timeoutMs, settings.maxWaitMs) : timeoutMs);
}

/** The keys since the end key was pressed last, but for this very time. */
function sinceEnd(keyed: readonly Keyed[]): string {
  const ended = keyed.slice(0, -1).findLastIndex((one) => one.end !== 'open');
  return keyed
    .slice(ended + 1)
    .map(({ keys }) => keys)
    .join('');
}

/** Whether the keys are the answer to what was asked for. */
function keysAnswer(keys: string, expects: Expectation): 'whole' | 'may_be' | 'part' {
  switch (expects.kind) {
    case 'digits': {
      const most = expects.counts.at(-1);
      if (most === undefined) return 'part';
      if (keys.length >= most) return 'whole';
      if (!expects.counts.includes(keys.length)) return 'part';
      return keys.length === PHONE_DIGITS && most === PHONE_DIGITS + 1 && !keys.startsWith('1')
        ? 'whole'
        : 'may_be';
    }
    case 'yes_no':
    case 'choice':
      return 'may_be';
    default:
      return 'part';
  }
}
