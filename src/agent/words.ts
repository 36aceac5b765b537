// A text as words: small letters, contractions taken apart, and where a comma or the end of a sentence stands.
import type { IntentLanguage } from './language/language.ts';

/** What a caller says in one turn has some 15 words; of a longer text the last count. */
export const TEXT_WORDS_MAX = 200;
/** Any word with a figure in it is this one: `<num>` in a pattern. */
export const FIGURE = '#';

/** What stands behind a word. */
export type Break = 'none' | 'comma' | 'sentence';

export interface Words {
  readonly words: readonly string[];
  /** As many as there are words. */
  readonly breaks: readonly Break[];
}

type Spelling = Pick<IntentLanguage, 'spellings' | 'endings'>;

const WORD =
  /([\p{L}\p{N}][\p{L}\p{M}\p{N}']*)|([.?!;\u2026\u3002\uff1f\uff01]+)|([,:\u2014\u2013\uff0c\u3001]+)/gu;
const DIGIT = /\p{N}/u;

export function wordsOf(text: string, { spellings, endings }: Spelling): Words {
  const words: string[] = [];
  const breaks: Break[] = [];
  const add = (word: string): void => {
    words.push(word);
    breaks.push('none');
  };
  for (const match of text
    .toLowerCase()
    .replaceAll(/[\u2019\u02bc]/gu, "'")
    .matchAll(WORD)) {
    const [, word, sentence] = match;
    if (word === undefined) {
      if (words.length > 0) breaks[words.length - 1] = sentence === undefined ? 'comma' : 'sentence';
    } else if (DIGIT.test(word)) add(FIGURE);
    else for (const part of spelled(word.replace(/'+$/u, ''), spellings, endings)) add(part);
  }
  return words.length <= TEXT_WORDS_MAX
    ? { words, breaks }
    : { words: words.slice(-TEXT_WORDS_MAX), breaks: breaks.slice(-TEXT_WORDS_MAX) };
}

function spelled(
  word: string,
  spellings: Spelling['spellings'],
  endings: Spelling['endings'],
): readonly string[] {
  const written = spellings.get(word);
  if (written !== undefined) return written.split(' ');
  if (!word.includes("'")) return [word];
  for (const [ending, own] of endings) {
    if (word.endsWith(ending) && word.length > ending.length) return [word.slice(0, -ending.length), own];
  }
  return [word];
}
