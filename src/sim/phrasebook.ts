// The sounds a recogniser knows: each phrase with its words, prepared for matching, and an index of
// where in all of them a moment of sound may be.
import assert from 'node:assert/strict';
import { SAMPLE_RATE_HZ } from '../audio/mulaw.ts';
import { CHANGE_SAMPLES, CODE_BITS, codeOf, tiltsAt, WINDOW_SAMPLES, type Tilts } from './fingerprint.ts';

/** What is judged at once: 20 ms. */
export const BLOCK_SAMPLES = 160;
/** The index has an entry every 5 ms. */
export const INDEX_STEP_SAMPLES = 40;
/** An hour of phrases: 28.8 million floats and 0.7 million index entries. Beyond it is a mistake of the caller. */
const BOOK_SAMPLES_MAX = 3_600 * SAMPLE_RATE_HZ;
/** A block this far below its phrase's loudest is a pause: it says nothing about the words. */
const QUIET_SHARE = 10 ** (-28 / 10);
/** Root mean square, in 16-bit steps, below which a block is silence however quiet the phrase. */
export const SILENCE_RMS = 40;

export interface PhraseWord {
  readonly word: string;
  readonly startMs: number;
  readonly endMs: number;
}

export interface Phrase {
  readonly text: string;
  readonly words: readonly PhraseWord[];
  /** Smoothed as the stream is before the two are compared. */
  readonly samples: Float32Array;
  /** For each block 1 if it is loud enough to be told from another. */
  readonly loud: Uint8Array;
  /** The index's number of the phrase's first moment. */
  readonly firstStep: number;
}

export class Phrasebook {
  readonly #phrases: Phrase[] = [];
  readonly #index = new Map<number, number[]>();
  #steps = 0;
  #samples = 0;

  get phrases(): readonly Phrase[] {
    return this.#phrases;
  }

  /** `samples` are 8 kHz; the words' times count from its first. A phrase already known is not added again. */
  add(phrase: {
    readonly text: string;
    readonly samples: Int16Array;
    readonly words: readonly PhraseWord[];
  }): void {
    const samples = new Smoother().process(phrase.samples);
    if (this.#phrases.some((known) => known.text === phrase.text && equal(known.samples, samples))) return;
    this.#samples += samples.length;
    assert(this.#samples <= BOOK_SAMPLES_MAX, 'the phrase book is full');
    const entry = {
      text: phrase.text,
      words: phrase.words,
      samples,
      loud: loudBlocks(samples),
      firstStep: this.#steps,
    };
    this.#phrases.push(entry);
    this.#enter(entry);
    this.#steps += Math.ceil(samples.length / INDEX_STEP_SAMPLES) + 1;
  }

  /** The moments (in index steps) at which a sound of this code begins. */
  stepsOf(code: number): readonly number[] {
    return this.#index.get(code) ?? [];
  }

  /** The phrase that a moment of the index belongs to. */
  phraseAt(step: number): Phrase | undefined {
    let low = 0;
    let high = this.#phrases.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#phrases[middle]?.firstStep ?? Infinity) <= step) low = middle + 1;
      else high = middle;
    }
    return this.#phrases[low - 1];
  }

  #enter(phrase: Phrase): void {
    const { samples, firstStep } = phrase;
    const stepsBack = CHANGE_SAMPLES / INDEX_STEP_SAMPLES;
    const recent: Tilts[] = [];
    for (let start = 0; start + WINDOW_SAMPLES <= samples.length; start += INDEX_STEP_SAMPLES) {
      const tilts = tiltsAt(samples, start);
      recent.push(tilts);
      if (recent.length <= stepsBack) continue;
      const before = recent.shift() as Tilts;
      if (rms(samples, start, start + WINDOW_SAMPLES) < SILENCE_RMS) continue;
      const code = codeOf(before, tilts);
      const step = firstStep + (start - CHANGE_SAMPLES) / INDEX_STEP_SAMPLES;
      const steps = this.#index.get(code);
      if (steps === undefined) this.#index.set(code, [step]);
      else steps.push(step);
    }
    assert(this.#index.size <= 1 << CODE_BITS);
  }
}

function loudBlocks(samples: Float32Array): Uint8Array {
  const blocks = Math.ceil(samples.length / BLOCK_SAMPLES);
  const levels = Array.from({ length: blocks }, (_unused, i) =>
    rms(samples, i * BLOCK_SAMPLES, Math.min(samples.length, (i + 1) * BLOCK_SAMPLES)),
  );
  const loudest = Math.max(0, ...levels);
  const least = Math.max(SILENCE_RMS, loudest * Math.sqrt(QUIET_SHARE));
  return Uint8Array.from(levels, (level) => (level >= least ? 1 : 0));
}

export function rms(samples: Float32Array, start: number, end: number): number {
  let power = 0;
  for (let i = start; i < end; i += 1) power += (samples[i] as number) ** 2;
  return Math.sqrt(power / Math.max(1, end - start));
}

function equal(a: Float32Array, b: Float32Array): boolean {
  return a.length === b.length && a.every((sample, i) => sample === b[i]);
}

const TAPS = 21;
/** The edge of what every path between the two lets through alike: telephone filters differ above. */
const EDGE_HZ = 3_000;
const smoothing = Float32Array.from({ length: TAPS }, (_unused, i) => {
  const distance = i - (TAPS - 1) / 2;
  const edge = (2 * EDGE_HZ) / SAMPLE_RATE_HZ;
  const sinc = distance === 0 ? edge : Math.sin(Math.PI * edge * distance) / (Math.PI * distance);
  return sinc * (0.54 + 0.46 * Math.cos((2 * Math.PI * distance) / (TAPS - 1)));
});

/** The low-pass filter that phrases and streams both go through, so its delay cancels. Streaming. */
export class Smoother {
  readonly #tail = new Float32Array(TAPS - 1);

  process(samples: Int16Array): Float32Array {
    const work = new Float32Array(TAPS - 1 + samples.length);
    work.set(this.#tail);
    work.set(samples, TAPS - 1);
    this.#tail.set(work.subarray(samples.length));
    const out = new Float32Array(samples.length);
    for (let n = 0; n < samples.length; n += 1) {
      let sum = 0;
      for (let tap = 0; tap < TAPS; tap += 1) sum += (work[n + tap] as number) * (smoothing[tap] as number);
      out[n] = sum;
    }
    return out;
  }
}
