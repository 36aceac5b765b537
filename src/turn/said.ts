// What the caller has said in the turn under way: utterances as the ears report them.

export interface Utterance {
  readonly utterance: number;
  readonly text: string;
}

export type Said = readonly Utterance[];

/** The newest words replace older news of the same utterance; order is that of the numbers. */
export function noteWords(said: Said, news: Utterance): Said {
  const before = said.filter((one) => one.utterance < news.utterance);
  const after = said.filter((one) => one.utterance > news.utterance);
  return [...before, news, ...after];
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
