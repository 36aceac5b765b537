// Does a sentence end with this word? The word alone often tells; else it says what to look at next.
import { isCloser, isOpener, isUpperCase } from './characters.ts';
import type { LanguageRules } from './rules.ts';

export type WordEnd =
  /** No full stop, or one that belongs to the word. */
  | 'none'
  /** A comma, semicolon, colon or dash: a voice may breathe here. */
  | 'clause'
  | 'sentence'
  /** The sentence ends here if the next word begins with a capital (or has no case at all). */
  | 'ifCapital'
  /** ... if the next word is a capitalised one that begins sentences. */
  | 'ifStarter';

const LIST_MARKER = /^(?:\d{1,3}|[A-Za-z]|[ivx]{2,4})$/u;
const NUMBER = /^[^\p{L}]*\d[^\p{L}]*$/u;
/** One letter, or letters with a full stop between: `J`, `U.S`, `Ph.D`. */
const INITIALS = /^(?:\p{L}|(?:\p{L}{1,2}\.)+\p{L})$/u;
const CLAUSE_MARKS = new Set(',;:—–-');

/**
 * `word` is the text between two spaces; `firstOfSentence` tells a list marker ("1.") from a number.
 * What is asked of abbreviations is in `rules`.
 */
export function wordEnd(word: string, firstOfSentence: boolean, rules: LanguageRules): WordEnd {
  let end = word.length;
  while (end > 0 && isCloser(word.charAt(end - 1))) end -= 1;
  const closed = end < word.length;
  const last = word.charAt(end - 1);
  if (CLAUSE_MARKS.has(last)) return last === '-' && end > 1 ? 'none' : 'clause';
  if (!isStop(last)) return 'none';

  let stemEnd = end;
  while (stemEnd > 0 && isStop(word.charAt(stemEnd - 1))) stemEnd -= 1;
  const stops = word.slice(stemEnd, end);
  if (stops.includes('!') || stops.includes('?')) return closed ? 'ifCapital' : 'sentence';
  if (stops !== '.') return 'ifCapital'; // an ellipsis: "The sky is... blue"

  let stemStart = 0;
  while (stemStart < stemEnd && isOpener(word.charAt(stemStart))) stemStart += 1;
  const kind = stemEndKind(word.slice(stemStart, stemEnd), firstOfSentence, rules);
  return kind === 'sentence' && closed ? 'ifCapital' : kind;
}

function stemEndKind(stem: string, firstOfSentence: boolean, rules: LanguageRules): WordEnd {
  if (firstOfSentence && LIST_MARKER.test(stem)) return 'none';
  if (NUMBER.test(stem)) return rules.ordinalDots ? 'none' : 'ifCapital';
  const lower = stem.toLowerCase();
  if (rules.neverLast.has(lower)) return 'none';
  if (rules.seldomLast.has(lower)) return 'ifStarter';
  if (rules.lastBeforeCapital.has(lower)) return 'ifCapital';
  return INITIALS.test(stem) ? 'ifStarter' : 'sentence';
}

function isStop(character: string): boolean {
  return character === '.' || character === '!' || character === '?' || character === '…';
}

const DOMAIN_ENDINGS = new Set(
  'com org net io co gov edu mil int info biz uk us ca au de fr es it nl eu ai app dev me tv js ts py'.split(
    ' ',
  ),
);

/**
 * Where a sentence ends inside a word because a space was forgotten ("Hello.How"): the index after the
 * stop, or -1. Addresses, versions and abbreviations are left whole.
 */
export function missingSpaceAt(word: string, rules: LanguageRules): number {
  if (!/[.!?…]["'”’)]*[\p{Lu}“"(]/u.test(word) || /[@/\\]|^www\./iu.test(word)) return -1;
  for (const match of word.matchAll(
    /([\p{L}\p{N}]*)([.!?…]+["'”’)]*)(?=(["“(]?\p{Lu})([\p{L}\p{N}'’]*))/gu,
  )) {
    const [whole, before = '', stops = '', capital = '', rest = ''] = match;
    const next = (capital + rest).toLowerCase();
    const lower = before.toLowerCase();
    if (stops.startsWith('.')) {
      if (before.length < 2 || isUpperCase(before.slice(-1))) continue;
      if (DOMAIN_ENDINGS.has(next) || rules.neverLast.has(lower) || rules.seldomLast.has(lower)) continue;
      if (rules.lastBeforeCapital.has(lower)) continue;
      // "Node.JS", "e.g.The": a capital word on its own is a name, and so is what has dots before it.
      if (rest !== '' && rest === rest.toUpperCase() && rest !== rest.toLowerCase()) continue;
    } else if (before === '') continue;
    return match.index + whole.length;
  }
  return -1;
}

/** The word without the punctuation round it. */
export function bareWord(word: string): string {
  return word.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, '');
}
