// Tokens in, sentences for the voice out.
import { SentenceSplitter, type SplitterOptions } from './splitter.ts';
import { SpeechText } from './speechText.ts';

const WORD = /[\p{L}\p{N}]/u;

/** A piece without a letter or digit is a pause or a picture: a voice would stumble over it. */
function hasWords(piece: string): boolean {
  return WORD.test(piece);
}

/**
 * Cleaned sentences in order, each as soon as it is known; the first may be a clause.
 * Throws what `tokens` throws, and closes it when the consumer stops.
 */
export async function* sayable(
  tokens: AsyncIterable<string>,
  options: SplitterOptions,
): AsyncGenerator<string, void, undefined> {
  const text = new SpeechText(options);
  const splitter = new SentenceSplitter(options);
  for await (const token of tokens) yield* splitter.push(text.push(token)).filter(hasWords);
  yield* splitter.push(text.end()).filter(hasWords);
  yield* splitter.end().filter(hasWords);
}

/** The same for a text that is there as a whole: nothing is gained by an early clause then. */
export function splitAll(text: string, options: Pick<SplitterOptions, 'language'>): string[] {
  const speech = new SpeechText(options);
  const splitter = new SentenceSplitter({ ...options, earlyClause: false });
  const cleaned = speech.push(text) + speech.end();
  return [...splitter.push(cleaned), ...splitter.end()].filter(hasWords);
}
