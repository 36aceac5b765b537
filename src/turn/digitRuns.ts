// Where digits stand in a text, in figures and in words: to keep secret ones out of what is told and stored.
import type { TurnLanguage } from './language/language.ts';

export interface DigitRun {
  /** Of the text: from its first character to behind its last. */
  readonly start: number;
  readonly end: number;
  /** Digits in it, as they would be written. */
  readonly count: number;
  /** Undefined when there is a word among them that has no one way to be written. */
  readonly digits: string | undefined;
}

interface Token {
  readonly start: number;
  readonly end: number;
  readonly word: string;
}

/** What may stand between the digits of one number. */
const BETWEEN = /^[\s,.()/+:\u2013-]*$/u;

/** Rows of figures and number words, each as long as it goes, in the order of the text. */
export function digitRuns(text: string, language: TurnLanguage): readonly DigitRun[] {
  const runs: DigitRun[] = [];
  let times = 1;
  let repeatFrom = 0;
  for (const token of tokensOf(text)) {
    const repeat = language.numbers.repeats.get(token.word);
    if (repeat !== undefined) {
      times = repeat;
      repeatFrom = token.start;
      continue;
    }
    const last = runs.at(-1);
    const near = last !== undefined && isNear(text, last.end, times > 1 ? repeatFrom : token.start);
    const next = withToken(near ? last : undefined, token, times, language);
    if (next !== undefined) {
      if (near) runs.pop();
      runs.push(times > 1 && !near ? { ...next, start: repeatFrom } : next);
    }
    times = 1;
  }
  return runs;
}

function withToken(
  run: DigitRun | undefined,
  { start, end, word }: Token,
  times: number,
  language: TurnLanguage,
): DigitRun | undefined {
  const { numbers } = language;
  const before = run ?? { start, count: 0, digits: '' };
  const figures = word.match(/\p{N}/gu)?.join('') ?? '';
  if (figures !== '') {
    const digits = figures.repeat(times);
    const known = before.digits === undefined || !/^\d+$/u.test(digits) ? undefined : before.digits + digits;
    return { ...before, end, count: before.count + digits.length, digits: known };
  }
  const scale = numbers.scales.get(word);
  if (scale !== undefined && run !== undefined)
    return { ...before, end, count: before.count + scale, digits: undefined };
  const count = numbers.digits.get(word);
  if (count === undefined) return undefined;
  const value = numbers.values.get(word);
  if (value === undefined || before.digits === undefined)
    return { ...before, end, count: before.count + count * times, digits: undefined };
  return { ...before, end, ...joined(before.digits, value, times) };
}

/** "twenty three" are two digits, as "two three" are. */
function joined(before: string, value: string, times: number): { count: number; digits: string } {
  const unit = /[2-9]0$/u.test(before) && /^[1-9]$/u.test(value) && times === 1;
  const digits = unit ? before.slice(0, -1) + value : before + value.repeat(times);
  return { count: digits.length, digits };
}

function isNear(text: string, from: number, to: number): boolean {
  return BETWEEN.test(text.slice(from, to));
}

function* tokensOf(text: string): Generator<Token, void, undefined> {
  for (const { 0: word, index } of text.matchAll(/[\p{L}\p{N}']+/gu)) {
    yield { start: index, end: index + word.length, word: word.toLowerCase() };
  }
}
