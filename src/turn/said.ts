// What the caller has said in the turn under way: utterances as the ears report them.

export interface Utterance {
  readonly utterance: number;
  readonly text: string;
  /** So much of its beginning was dropped, and is not in `text`. */
  readonly droppedChars?: number;
}

/** Of one turn, for the model and the store: some five minutes of talk. What is older is dropped, and counted. */
export const SAID_CHARS_MAX = 6_000;

export type Said = readonly Utterance[];

/** The newest words replace older news of the same utterance; order is that of the numbers. */
export function noteWords(said: Said, news: Utterance): Said {
  const before = said.filter((one) => one.utterance < news.utterance);
  const after = said.filter((one) => one.utterance > news.utterance);
  return within([...before, news, ...after]);
}

/** Drops from the front what is more than a turn holds. */
function within(said: Said): Said {
  let tooMany = said.reduce((chars, one) => chars + one.text.length, 0) - SAID_CHARS_MAX;
  if (tooMany <= 0) return said;
  return said.map((one) => {
    if (tooMany <= 0 || one.text === '') return one;
    const cutAt = tooMany >= one.text.length ? one.text.length : wordAfter(one.text, tooMany);
    tooMany -= cutAt;
    return { ...one, text: one.text.slice(cutAt), droppedChars: (one.droppedChars ?? 0) + cutAt };
  });
}

function wordAfter(text: string, from: number): number {
  const space = text.indexOf(' ', from);
  return space < 0 ? from : space + 1;
}

export function droppedCharsOf(said: Said): number {
  return said.reduce((chars, one) => chars + (one.droppedChars ?? 0), 0);
}

export function textOf(said: Said): string {
  return said
    .map((one) => one.text.trim())
    .filter((text) => text !== '')
    .join(' ');
}

/** The last utterance there is news of, or -1. */
export function lastUtterance(said: Said): number {
  return said.at(-1)?.utterance ?? -1;
}

/** Equal but for case, punctuation and white space: a reply prepared for one text answers the other as well. */
export function sameWords(a: string, b: string): boolean {
  return bare(a) === bare(b);
}

/** Words in lower case without punctuation; apostrophes within a word stay. */
export function wordsOf(text: string): readonly string[] {
  return bare(text)
    .split(' ')
    .filter((word) => word !== '');
}

function bare(text: string): string {
  return text
    .toLowerCase()
    .replace(/[\u2019\u02bc]/g, "'")
    .replace(/[^\p{L}\p{N}']+/gu, ' ')
    .trim();
}
