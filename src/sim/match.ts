// Whether a stretch of a stream is a stretch of a phrase: by correlation, sample against sample.
import { BLOCK_SAMPLES, rms, SILENCE_RMS, type Phrase } from './phrasebook.ts';
import type { Alignment, Verdict } from './rendition.ts';

/** Correlation, cleaned of the steady noise, from which a block is the same sound. */
const BLOCK_CORRELATION = 0.68;
/** Correlation of a whole window from which a place is worth a closer look. */
const WINDOW_CORRELATION = 0.6;
/** The same to the nearest whole sample: below it, no fraction of one will help. */
const ROUGH_CORRELATION = 0.5;
/** However much noise there is, this share of what is heard is taken for the voice: else noise alone would match. */
const VOICE_SHARE_MIN = 0.4;
/** A block may be this much quieter or louder than the alignment's gain says. */
const GAIN_RANGE = 3;
/** Below this ratio to the noise a block can't be judged. */
const BURIED_RATIO = 0.66;
/** 100 ms: longer than any period of a voice, so that one period isn't taken for the next. */
export const WINDOW_SAMPLES = 800;
/** The index and the windows of its codes are coarse: 7.5 ms either way. */
const LAG_SAMPLES = 60;
/** Of the products of a window every third is enough to find the lag: a voice is mostly below 1.3 kHz. */
const LAG_STRIDE = 3;
const TAPS = 16;
/** Parts of a sample that are told apart; at 3 kHz an eighth costs 1 % of the correlation. */
const FRACTIONS = 8;

/** Fractional delay by a windowed sinc, one row for each fraction from -1/2 to 1/2. */
const delays = Array.from({ length: FRACTIONS + 1 }, (_unused, row) => {
  const fraction = row / FRACTIONS - 0.5;
  return Float32Array.from({ length: TAPS }, (_tap, i) => {
    const distance = i - TAPS / 2 + fraction;
    const sinc = distance === 0 ? 1 : Math.sin(Math.PI * distance) / (Math.PI * distance);
    return sinc * Math.cos((Math.PI * distance) / (TAPS + 2)) ** 2;
  });
});

/** A stretch of the stream: `samples[0]` is the stream's sample `startsAt`. */
export interface Heard {
  readonly samples: Float32Array;
  readonly startsAt: number;
  readonly endsAt: number;
  /** Power (mean square) of the steady noise. */
  readonly noisePower: number;
}

const work = new Float32Array(WINDOW_SAMPLES);

/** The phrase's samples from `start`, delayed by a part of a sample, into `work`. */
function delayed(phrase: Phrase, start: number, length: number, fraction: number): Float32Array {
  const taps = delays[Math.round((fraction + 0.5) * FRACTIONS)] as Float32Array;
  const { samples } = phrase;
  // Beyond its ends a phrase is silent.
  const inside = start >= TAPS && start + length + TAPS <= samples.length;
  for (let n = 0; n < length; n += 1) {
    let sum = 0;
    const from = start + n + TAPS / 2;
    if (inside) for (let i = 0; i < TAPS; i += 1) sum += (samples[from - i] as number) * (taps[i] as number);
    else for (let i = 0; i < TAPS; i += 1) sum += (samples[from - i] ?? 0) * (taps[i] as number);
    work[n] = sum;
  }
  return work;
}

interface Products {
  readonly crossed: number;
  readonly template: number;
  readonly heard: number;
}

/** Mean products of `length` samples from the stream's sample `at` with the phrase under this alignment. */
function products(phrase: Phrase, align: Alignment, heard: Heard, at: number, length: number): Products {
  const template = delayed(phrase, at - align.offset, length, align.fraction);
  const from = at - heard.startsAt;
  let crossed = 0;
  let own = 0;
  let other = 0;
  for (let n = 0; n < length; n += 1) {
    const t = template[n] as number;
    const x = heard.samples[from + n] as number;
    crossed += t * x;
    own += t * t;
    other += x * x;
  }
  return { crossed: crossed / length, template: own / length, heard: other / length };
}

/** Correlation as it would be without the noise, -1 to 1 and a little above. */
function correlation(sums: Products, noisePower: number): number {
  const voice = Math.max(sums.heard - noisePower, sums.heard * VOICE_SHARE_MIN);
  return sums.template * voice === 0 ? 0 : sums.crossed / Math.sqrt(sums.template * voice);
}

/** Compares one block of the phrase with the stream, which must hold all of it. */
export function judgeBlock(
  phrase: Phrase,
  block: number,
  align: Alignment,
  heard: Heard,
): { readonly verdict: Verdict; readonly gain: number } {
  const at = align.offset + block * BLOCK_SAMPLES;
  if (phrase.loud[block] !== 1) return { verdict: 'quiet', gain: align.gain };
  const sums = products(phrase, align, heard, at, BLOCK_SAMPLES);
  const gain = sums.crossed / sums.template;
  const fits =
    sums.heard >= SILENCE_RMS ** 2 / 4 &&
    gain > align.gain / GAIN_RANGE &&
    gain < align.gain * GAIN_RANGE &&
    correlation(sums, heard.noisePower) >= BLOCK_CORRELATION;
  if (fits) return { verdict: 'matched', gain };
  const buried = align.gain ** 2 * sums.template < heard.noisePower * BURIED_RATIO;
  return { verdict: buried && sums.heard < 4 * heard.noisePower ? 'buried' : 'missed', gain };
}

/**
 * The best alignment near `offset` for the last window of what was heard, or undefined when the phrase
 * isn't there. `score` is the correlation.
 */
export function align(
  phrase: Phrase,
  offset: number,
  heard: Heard,
): { readonly alignment: Alignment; readonly score: number } | undefined {
  // Only where the phrase has samples at every lag.
  const start = Math.max(heard.startsAt, heard.endsAt - WINDOW_SAMPLES, offset + LAG_SAMPLES);
  const end = Math.min(heard.endsAt, offset - LAG_SAMPLES + phrase.samples.length);
  if (end - start < WINDOW_SAMPLES / 2) return undefined;
  const rough = bestLag(phrase, offset, heard, start, end);
  const nearly = products(phrase, { offset: rough, fraction: 0, gain: 1 }, heard, start, end - start);
  if (correlation(nearly, heard.noisePower) < ROUGH_CORRELATION) return undefined;
  let best: { alignment: Alignment; score: number } | undefined;
  for (let step = 0; step <= FRACTIONS; step += 1) {
    const alignment = { offset: rough, fraction: step / FRACTIONS - 0.5, gain: 1 };
    const sums = products(phrase, alignment, heard, start, end - start);
    const score = correlation(sums, heard.noisePower);
    if (score < WINDOW_CORRELATION || score <= (best?.score ?? 0)) continue;
    best = { alignment: { ...alignment, gain: sums.crossed / sums.template }, score };
  }
  return best;
}

function bestLag(phrase: Phrase, offset: number, heard: Heard, start: number, end: number): number {
  const { samples } = phrase;
  const from = start - heard.startsAt;
  const length = end - start;
  let best = offset;
  let bestScore = -Infinity;
  for (let lag = -LAG_SAMPLES; lag <= LAG_SAMPLES; lag += 1) {
    const base = start - offset - lag;
    let crossed = 0;
    let own = 1;
    for (let n = 0; n < length; n += LAG_STRIDE) {
      const t = samples[base + n] as number;
      crossed += t * (heard.samples[from + n] as number);
      own += t * t;
    }
    const score = crossed / Math.sqrt(own);
    if (score <= bestScore) continue;
    bestScore = score;
    best = offset + lag;
  }
  return best;
}

/** Whether there is anything to recognise at the end of what was heard. */
export function audible(heard: Heard, samples: number): boolean {
  const end = heard.endsAt - heard.startsAt;
  const level = rms(heard.samples, Math.max(0, end - samples), end);
  return level >= SILENCE_RMS && level ** 2 > heard.noisePower * 1.6;
}
