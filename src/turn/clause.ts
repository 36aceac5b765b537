// The last sentence of a text as a judge of turns reads it: its words and the mark it ends with.
import type { Phrases } from './language/language.ts';
import { wordsOf } from './said.ts';

export interface Clause {
  readonly words: readonly string[];
  readonly mark: 'question' | 'full' | 'pause' | 'none';
}

/** Longest phrase of the language files, in words. */
const PHRASE_WORDS_MAX = 6;
const CLOSERS = /["')\u201d\u300d]+$/u;

export function clauseOf(text: string): Clause {
  const trimmed = text.trim().replace(CLOSERS, '');
  const mark = markOf(trimmed);
  const sentences = trimmed
    .split(/[.?!;\u3002\uff1f\uff01]+["')\u201d]?(?:\s+|$)/u)
    .filter((one) => /[\p{L}\p{N}]/u.test(one));
  return { words: wordsOf(sentences.at(-1) ?? ''), mark };
}

function markOf(trimmed: string): Clause['mark'] {
  if (/(?:[,:;\u2014\u2013\u2026\uff0c\u3001-]|\.\.+)$/u.test(trimmed)) return 'pause';
  if (/[?\uff1f]$/u.test(trimmed)) return 'question';
  return /[.!\u3002\uff01]$/u.test(trimmed) ? 'full' : 'none';
}

/** Words in the longest of the phrases that `words` end with; 0 when there is none. */
export function lengthOfEnd(words: readonly string[], phrases: Phrases): number {
  for (let length = Math.min(PHRASE_WORDS_MAX, words.length); length > 0; length -= 1) {
    if (phrases.has(words.slice(-length).join(' '))) return length;
  }
  return 0;
}

/** Words in the longest of the phrases that `words` have at `start`; 0 when there is none. */
export function lengthAt(words: readonly string[], start: number, phrases: Phrases): number {
  for (let length = Math.min(PHRASE_WORDS_MAX, words.length - start); length > 0; length -= 1) {
    if (phrases.has(words.slice(start, start + length).join(' '))) return length;
  }
  return 0;
}

/** Whether they are phrases of this kind and nothing else. */
export function onlyOf(words: readonly string[], phrases: Phrases): boolean {
  let at = 0;
  while (at < words.length) {
    const length = lengthAt(words, at, phrases);
    if (length === 0) return false;
    at += length;
  }
  return words.length > 0;
}
