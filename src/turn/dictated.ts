// The row of digits and letters that a text ends with: a number or a spelt word that is being dictated.
import type { TurnLanguage } from './language/language.ts';

export interface Dictated {
  /** Digits said, words counted as figures: "twenty three" is two. */
  readonly digits: number;
  readonly letters: string;
  /** Groups: "555 123" are two, "five five five" three. */
  readonly groups: number;
  readonly firstDigit: string;
  /** It ends with something that wants more: "double", "dash", "b as". */
  readonly pending: boolean;
  /** Last spoken word of the row. */
  readonly last: string;
  /** Lower-case words before the row. */
  readonly before: readonly string[];
}

const NOTHING = { digits: 0, letters: '', groups: 0, firstDigit: '', pending: false, last: '' };

type Row = Omit<Dictated, 'before'> & { readonly start: number };

/** Reads `text` once from its beginning; a word that is no part of a row ends it, so that what is left is the last one. */
export function dictated(text: string, language: TurnLanguage): Dictated {
  const words = wordsWithMarks(text);
  let row: Row = { ...NOTHING, start: 0 };
  let times = 1;
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i] ?? '';
    if (row.groups === 0) row = { ...row, start: i };
    const repeat = language.numbers.repeats.get(word);
    if (repeat !== undefined) {
      times = repeat;
      row = { ...row, groups: row.groups + 1, pending: true, last: word };
      continue;
    }
    const linked = linkLength(words, i, row, language);
    if (linked > 0) {
      row = { ...row, pending: i + linked >= words.length && !explained(words, i, language), last: word };
      i += linked - 1;
      continue;
    }
    const next = addWord(row, word, times, language);
    times = 1;
    row = next ?? { ...NOTHING, start: i + 1 };
  }
  return { ...row, before: words.slice(0, row.start) };
}

/** The row with one more word; undefined when the word ends it. */
function addWord(row: Row, word: string, times: number, language: TurnLanguage): Row | undefined {
  const { numbers, spelling, hesitations } = language;
  const begun = row.groups > 0;
  const scale = numbers.scales.get(word);
  if (scale !== undefined && row.digits > 0) return { ...row, digits: row.digits + scale, last: word };
  const figures = /^[+(#]?\d[\d().-]*(?:st|nd|rd|th)?$/u.test(word) ? word.replaceAll(/\D/gu, '') : '';
  const spoken =
    figures === '' ? numbers.digits.get(word) : Math.max(figures.length, /[a-z]$/u.test(word) ? 2 : 0);
  if (spoken !== undefined) {
    const unit = figures === '' && spoken === 1 && numbers.tens.has(row.last) && !row.pending;
    return {
      ...row,
      digits: row.digits + (unit ? 0 : spoken * times),
      groups: row.groups + (unit ? 0 : 1),
      firstDigit: row.firstDigit === '' ? (figures[0] ?? word) : row.firstDigit,
      pending: false,
      last: word,
    };
  }
  const letters = lettersOf(word, begun);
  if (letters !== '')
    return {
      ...row,
      letters: row.letters + letters.repeat(times),
      groups: row.groups + 1,
      pending: false,
      last: word,
    };
  if (language.months.has(word))
    return { ...row, digits: row.digits + 2, groups: row.groups + 1, pending: false, last: word };
  if (hesitations.has(word)) return begun ? { ...row, pending: true } : undefined;
  if (spelling.between.has(word) && (begun || word !== 'then'))
    return { ...row, groups: Math.max(1, row.groups), pending: true, last: word };
  return undefined;
}

/** "s", "s-m-i"; "a" and "i" are words unless letters stand before them. */
function lettersOf(word: string, begun: boolean): string {
  if (/^\p{L}(?:-\p{L})+$/u.test(word)) return word.replaceAll('-', '');
  if (!/^\p{L}$/u.test(word)) return '';
  return begun || (word !== 'a' && word !== 'i') ? word : '';
}

/** How many words explain the letter before `i`: "as in boy" is three, "for boy" two; 0 when none do. */
function linkLength(words: readonly string[], i: number, row: Row, language: TurnLanguage): number {
  if (row.letters === '' || !/^\p{L}$/u.test(row.last)) return 0;
  let length = 0;
  while (length < 2 && language.spelling.links.has(words[i + length] ?? '')) length += 1;
  return length === 0 ? 0 : length + 1;
}

function explained(words: readonly string[], i: number, language: TurnLanguage): boolean {
  const last = words.at(-1) ?? '';
  return words.length > i + 1 && !language.spelling.links.has(last);
}

/** Lower case; marks round a word are dropped, those within it ("3:30", "555-1234") stay. */
function wordsWithMarks(text: string): readonly string[] {
  return text
    .toLowerCase()
    .split(/[\s,]+/u)
    .map((word) => word.replaceAll(/^[."'\u201c]+|[.?!;:"'\u201d)\u2026]+$/gu, ''))
    .filter((word) => word !== '' && word !== '-');
}
