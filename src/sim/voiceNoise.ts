// Noise on the line, at a stated level below the speech.
import { clipToInt16 } from '../audio/mulaw.ts';
import type { Random } from '../base/random.ts';

export interface NoiseOptions {
  readonly kind: 'white' | 'pink';
  /** How far the noise lies below the speech. */
  readonly snrDb: number;
  readonly random: Random;
}

const BLOCK_SAMPLES = 160;
/** Blocks this far below the loudest are pauses, and don't count for the speech's level. */
const PAUSE_SHARE = 10 ** (-30 / 10);

/** `samples` and noise together, clipped. The level of speech is that of its voiced parts; silence stays silence. */
export function mixNoise(samples: Int16Array, options: NoiseOptions): Int16Array {
  const power = speechPower(samples);
  if (power === 0) return samples.slice();
  const noise = makeNoise(samples.length, options.kind, options.random);
  const amplitude = Math.sqrt(power / 10 ** (options.snrDb / 10));
  return samples.map((sample, index) => clipToInt16(sample + amplitude * (noise[index] ?? 0)));
}

/** Noise alone, of the root mean square that `levelDbfs` says (0 is a full-scale square). */
export function noiseAt(
  levelDbfs: number,
  sampleCount: number,
  kind: NoiseOptions['kind'],
  random: Random,
): Int16Array {
  const amplitude = 32_768 * 10 ** (levelDbfs / 20);
  return Int16Array.from(makeNoise(sampleCount, kind, random), (value) => clipToInt16(amplitude * value));
}

/** The level of the voiced parts in dB below full scale; -100 for silence. */
export function speechLevelDbfs(samples: Int16Array): number {
  const power = speechPower(samples);
  return power === 0 ? -100 : 10 * Math.log10(power / 32_768 ** 2);
}

function speechPower(samples: Int16Array): number {
  const powers: number[] = [];
  for (let start = 0; start < samples.length; start += BLOCK_SAMPLES) {
    const block = samples.subarray(start, start + BLOCK_SAMPLES);
    powers.push(block.reduce((sum, sample) => sum + sample * sample, 0) / block.length);
  }
  const loudest = powers.reduce((most, power) => Math.max(most, power), 0);
  const voiced = powers.filter((power) => power > loudest * PAUSE_SHARE);
  return voiced.reduce((sum, power) => sum + power, 0) / Math.max(1, voiced.length);
}

/** Root mean square 1. */
function makeNoise(sampleCount: number, kind: NoiseOptions['kind'], random: Random): Float64Array {
  const noise = Float64Array.from({ length: sampleCount }, () => gaussian(random));
  if (kind === 'pink') makePink(noise);
  const rms = Math.sqrt(noise.reduce((sum, value) => sum + value * value, 0) / Math.max(1, sampleCount));
  return rms === 0 ? noise : noise.map((value) => value / rms);
}

/** Box and Muller's: two even draws to one normal. */
function gaussian(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
}

/** -3 dB an octave by three one-pole filters (Paul Kellet's economy form), in place. */
function makePink(noise: Float64Array): void {
  let slow = 0;
  let middle = 0;
  let fast = 0;
  for (let i = 0; i < noise.length; i += 1) {
    const white = noise[i] ?? 0;
    slow = 0.99765 * slow + 0.099046 * white;
    middle = 0.963 * middle + 0.2965164 * white;
    fast = 0.57 * fast + 1.0526913 * white;
    noise[i] = slow + middle + fast + 0.1848 * white;
  }
}
