// One phrase as it is being said in a stream: which of its blocks were heard, and so which words.
import { SAMPLE_RATE_HZ } from '../audio/mulaw.ts';
import { BLOCK_SAMPLES, type Phrase, type PhraseWord } from './phrasebook.ts';

/** A word counts when this share of its audible length was heard. */
const WORD_SHARE = 0.8;
/** Of a word that is mostly under the noise nothing can be said. */
const BURIED_SHARE_MAX = 0.5;
const SAMPLES_PER_MS = SAMPLE_RATE_HZ / 1_000;

export type Verdict = 'matched' | 'missed' | 'quiet' | 'buried';

/** Stream sample n is the phrase's sample n - offset - fraction, `gain` times as loud. */
export interface Alignment {
  readonly offset: number;
  /** -0.5 to 0.5. */
  readonly fraction: number;
  readonly gain: number;
}

export interface WordNews {
  readonly index: number;
  readonly word: PhraseWord;
  readonly startMs: number;
  readonly endMs: number;
}

export class Rendition {
  readonly phrase: Phrase;
  readonly #verdicts: (Verdict | undefined)[];
  /** Where in the stream each word began to be heard; NaN before. */
  readonly #startsMs: Float64Array;
  readonly #told: Uint8Array;

  constructor(phrase: Phrase) {
    this.phrase = phrase;
    this.#verdicts = Array.from({ length: phrase.loud.length }, () => undefined);
    this.#startsMs = new Float64Array(phrase.words.length).fill(NaN);
    this.#told = new Uint8Array(phrase.words.length);
  }

  /** Up to which block it has been heard. */
  get heardBlocks(): number {
    return this.#verdicts.lastIndexOf('matched') + 1;
  }

  /** Takes a verdict and answers the words that thereby count as heard, each once. */
  judge(block: number, verdict: Verdict, offset: number): readonly WordNews[] {
    if (this.#verdicts[block] === 'matched') return [];
    this.#verdicts[block] = verdict;
    if (verdict !== 'matched') return [];
    const news: WordNews[] = [];
    const startMs = (block * BLOCK_SAMPLES) / SAMPLES_PER_MS;
    const endMs = startMs + BLOCK_SAMPLES / SAMPLES_PER_MS;
    for (const [index, word] of this.phrase.words.entries()) {
      if (word.endMs <= startMs || word.startMs >= endMs) continue;
      const offsetMs = offset / SAMPLES_PER_MS;
      const beganMs = this.#startsMs[index] as number;
      if (!(beganMs < offsetMs + word.startMs)) this.#startsMs[index] = offsetMs + word.startMs;
      if (this.#told[index] === 1 || !this.#heard(word)) continue;
      this.#told[index] = 1;
      news.push({ index, word, startMs: this.#startsMs[index] as number, endMs: offsetMs + word.endMs });
    }
    return news;
  }

  #heard(word: PhraseWord): boolean {
    const first = Math.floor((word.startMs * SAMPLES_PER_MS) / BLOCK_SAMPLES);
    const end = Math.ceil((word.endMs * SAMPLES_PER_MS) / BLOCK_SAMPLES);
    let loudMs = 0;
    let matchedMs = 0;
    let buriedMs = 0;
    for (let block = first; block < end; block += 1) {
      if (this.phrase.loud[block] !== 1) continue;
      const blockMs = (block * BLOCK_SAMPLES) / SAMPLES_PER_MS;
      const sharedMs =
        Math.min(word.endMs, blockMs + BLOCK_SAMPLES / SAMPLES_PER_MS) - Math.max(word.startMs, blockMs);
      loudMs += sharedMs;
      const verdict = this.#verdicts[block];
      if (verdict === 'matched') matchedMs += sharedMs;
      else if (verdict === 'buried') buriedMs += sharedMs;
    }
    return buriedMs <= loudMs * BURIED_SHARE_MAX && matchedMs >= (loudMs - buriedMs) * WORD_SHARE;
  }
}
