// An answer that broke off is gone on with by another request, from where it stopped.
import type { LlmRequest } from './port.ts';

/** A model that says more than this again is not stitched but believed. */
const OVERLAP_CHARS_MAX = 2_000;
const INSTRUCTION =
  'Your answer broke off after these words, and the caller is hearing them. Go on with the very next word. Repeat nothing of it, and say nothing about the interruption.';

/** The request for what is still to be said after `given`. The system message stays first and as it was. */
export function continuing(request: LlmRequest, given: string): LlmRequest {
  return {
    ...request,
    messages: [
      ...request.messages,
      { role: 'assistant', content: given },
      { role: 'system', content: INSTRUCTION },
    ],
  };
}

/**
 * Joins what a second request says to what was given before. A model that begins some words early, or at the very
 * beginning, says them again: text is held back while it may still be such a repetition, so that none is said twice.
 * Compared by letters and digits, since a model seldom repeats its punctuation.
 */
export class Seam {
  readonly #given: string;
  /** Letters and digits of it, in lower case. */
  readonly #givenLetters: string;
  #held = '';
  #open = true;

  constructor(given: string) {
    this.#given = given;
    this.#givenLetters = lettersOf(given.slice(-OVERLAP_CHARS_MAX));
  }

  /** What can be passed on of `text` and of what was held before it. */
  push(text: string): string {
    if (!this.#open) return text;
    this.#held += text;
    const letters = lettersOf(this.#held);
    // It may still turn out to be what was said already, from some place in it on.
    if (letters === '' || this.#mayRepeat(letters)) return '';
    return this.#release();
  }

  /** What is left when nothing more comes: a mere repetition is nothing. */
  end(): string {
    return this.#open ? this.#release() : '';
  }

  #mayRepeat(letters: string): boolean {
    return this.#givenLetters.includes(letters);
  }

  #release(): string {
    this.#open = false;
    const held = this.#held;
    const repeated = repeatedLetters(this.#given, this.#givenLetters, held);
    const rest = repeated === 0 ? held : withoutLetters(held, repeated);
    if (rest === '') return '';
    if (repeated > 0) return withoutMark(this.#given, rest);
    return needsSpace(this.#given, rest) ? ` ${rest}` : rest;
  }
}

/** How many letters at the beginning of `said` are those that `given` ends with, at most. */
function repeatedLetters(given: string, givenLetters: string, said: string): number {
  const letters = lettersOf(said);
  for (let count = Math.min(givenLetters.length, letters.length); count > 0; count -= 1) {
    if (!givenLetters.endsWith(letters.slice(0, count))) continue;
    if (count === givenLetters.length) return count;
    return count >= SAME_LETTERS_MIN || isWholeWord(given, said, count) ? count : 0;
  }
  return 0;
}

/** Fewer letters than these may be the same by chance: "do" and "done". */
const SAME_LETTERS_MIN = 4;

/** Whether the last `count` letters of the one and the first of the other are words by themselves. */
function isWholeWord(given: string, said: string, count: number): boolean {
  const [last = ''] = /[\p{L}\p{N}]+[^\p{L}\p{N}]*$/u.exec(given) ?? [];
  const [first = ''] = /^[^\p{L}\p{N}]*[\p{L}\p{N}]+/u.exec(said) ?? [];
  return lettersOf(last).length === count && lettersOf(first).length === count;
}

function withoutLetters(text: string, count: number): string {
  let left = count;
  let at = 0;
  for (const character of text) {
    if (left === 0) break;
    at += character.length;
    if (isLetter(character)) left -= 1;
  }
  return text.slice(at);
}

/** The full stop that is there already is not said again either. */
function withoutMark(given: string, rest: string): string {
  const [mark = ''] = /[^\p{L}\p{N}]+$/u.exec(given) ?? [];
  const trimmed = mark.trim();
  return trimmed !== '' && rest.trimStart().startsWith(trimmed)
    ? rest.trimStart().slice(trimmed.length)
    : rest;
}

function needsSpace(given: string, rest: string): boolean {
  const [first = ''] = rest;
  return !/\s$/u.test(given) && given !== '' && isLetter(first);
}

function lettersOf(text: string): string {
  return text.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '');
}

function isLetter(character: string): boolean {
  return /[\p{L}\p{N}]/u.test(character);
}
