// Recognised words as a model would write them.
import { plain, type HeardWord } from './recogniser.ts';

/** The word as its phrase writes it, with the punctuation that touches it. */
export function written({ word, phraseText, index, phraseWords }: HeardWord): string {
  const tokens = tokensOf(phraseText);
  // Where the voice counts words otherwise (7:30 is two) the spoken word has to do.
  const token = tokens.length === phraseWords ? tokens[index] : undefined;
  return token !== undefined && plain(token).startsWith(plain(word)) ? token : word;
}

/** The text of these words in order; a phrase that was heard as a whole is written as it is in the book. */
export function transcript(words: readonly HeardWord[]): string {
  const parts: string[] = [];
  for (let at = 0; at < words.length;) {
    const first = words[at];
    if (first === undefined) break;
    const whole = wholeFrom(words, at);
    parts.push(whole ? first.phraseText : written(first));
    at += whole ? first.phraseWords : 1;
  }
  return parts.join(' ');
}

function wholeFrom(words: readonly HeardWord[], at: number): boolean {
  const { phraseText, phraseWords } = words[at] ?? { phraseText: '', phraseWords: 0 };
  for (let i = 0; i < phraseWords; i += 1) {
    const word = words[at + i];
    if (word?.phraseText !== phraseText || word.index !== i) return false;
  }
  return phraseWords > 0;
}

function tokensOf(text: string): string[] {
  return text.split(/\s+/).filter((token) => plain(token) !== '');
}
