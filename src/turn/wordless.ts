// Voice without words: the ears may be deaf, or it is a noise. Counted, so that deaf ears are replaced and a
// noise does not replace them again and again.
import type { TurnEffect } from './state.ts';

/** After so many turns of the caller without a word the ears are taken for deaf ... */
export const WORDLESS_TURNS_MAX = 2;
/** ... and after one voice of this length. */
export const WORDLESS_MS = 6_000;
/** A second change did not help: it is no matter of the ears, until there are words again. */
export const REPLACED_BETWEEN_WORDS_MAX = 2;
/** In a whole call: each costs a connection, and the words that are said meanwhile. */
export const REPLACED_MAX = 6;

export interface Wordless {
  /** Turns of the caller without a word, since the last word. */
  readonly turns: number;
  /** Ears replaced since the last word, and in the whole call. */
  readonly replaced: number;
  readonly replacedInCall: number;
}

export const HEARS_WORDS: Wordless = { turns: 0, replaced: 0, replacedInCall: 0 };

/** There was a word. */
export function heardWords(wordless: Wordless): Wordless {
  return wordless.turns === 0 && wordless.replaced === 0 ? wordless : { ...wordless, turns: 0, replaced: 0 };
}

/** A turn of `voiceMs` of voice brought no word. */
export function heardNoWords(
  wordless: Wordless,
  voiceMs: number,
): { readonly wordless: Wordless; readonly effects: readonly TurnEffect[] } {
  const turns = voiceMs >= WORDLESS_MS ? WORDLESS_TURNS_MAX : wordless.turns + 1;
  const { replaced, replacedInCall } = wordless;
  if (turns < WORDLESS_TURNS_MAX) return { wordless: { ...wordless, turns }, effects: [] };
  if (replaced >= REPLACED_BETWEEN_WORDS_MAX || replacedInCall >= REPLACED_MAX)
    return { wordless: { ...wordless, turns: 0 }, effects: [] };
  return {
    wordless: { turns: 0, replaced: replaced + 1, replacedInCall: replacedInCall + 1 },
    effects: [{ kind: 'replaceEars' }],
  };
}
