// What Whisper's encoder, and so smart-turn, is shown of a sound: the logarithm of the power in 80 mel bands, every
// 10 ms. Agrees with the WhisperFeatureExtractor of Hugging Face's transformers with `do_normalize`:
// https://github.com/huggingface/transformers/blob/main/src/transformers/models/whisper/feature_extraction_whisper.py
import assert from 'node:assert/strict';
import { melFilters } from './melFilters.ts';
import { powerSpectrum, SPECTRUM_BINS, WINDOW_SAMPLES } from './powerSpectrum.ts';

export const MEL_RATE_HZ = 16_000;
export const MEL_BANDS = 80;
/** 10 ms. */
export const HOP_SAMPLES = 160;

const POWER_MIN = 1e-10;
const VARIANCE_MIN = 1e-7;
/** Nothing is further below the loudest than 80 dB. */
const RANGE_DECADES = 8;
const filters = melFilters(MEL_BANDS, SPECTRUM_BINS, MEL_RATE_HZ);

/**
 * Features of 16 kHz samples, 80 rows of one value per 160 samples. The samples' level does not matter: they are
 * brought to mean 0 and variance 1. `samples` is a multiple of 160 and longer than half a window.
 */
export function logMel(samples: Float32Array): Float32Array {
  const frames = samples.length / HOP_SAMPLES;
  assert(Number.isInteger(frames) && samples.length > WINDOW_SAMPLES / 2, 'whole hops of 160 samples');
  const centred = mirrored(normalised(samples));
  const logs = new Float64Array(MEL_BANDS * frames);
  const power = new Float64Array(SPECTRUM_BINS);
  const column = new Float64Array(MEL_BANDS);
  let loudest = Math.log10(POWER_MIN);
  let flatBefore = false;
  for (let frame = 0; frame < frames; frame += 1) {
    const from = frame * HOP_SAMPLES;
    const flat = isFlat(centred, from);
    // The silence in front of a short turn is most of it, and alike.
    if (!(flat && flatBefore)) {
      powerSpectrum(centred, from, power);
      loudest = Math.max(loudest, logBands(power, column));
    }
    flatBefore = flat;
    for (let band = 0; band < MEL_BANDS; band += 1) logs[band * frames + frame] = column[band] as number;
  }
  const least = loudest - RANGE_DECADES;
  const features = new Float32Array(logs.length);
  // Loops, because `from` with a function takes as long as all of the transforms.
  for (let i = 0; i < logs.length; i += 1) features[i] = (Math.max(logs[i] as number, least) + 4) / 4;
  return features;
}

/** Writes the bands' logarithms and answers the largest. */
function logBands(power: Float64Array, column: Float64Array): number {
  let loudest = -Infinity;
  for (const [band, { firstBin, weights }] of filters.entries()) {
    let sum = 0;
    for (let i = 0; i < weights.length; i += 1) {
      sum += (weights[i] as number) * (power[firstBin + i] as number);
    }
    const log = Math.log10(Math.max(POWER_MIN, sum));
    column[band] = log;
    loudest = Math.max(loudest, log);
  }
  return loudest;
}

/** A window of one value. Two that overlap are of the same. */
function isFlat(samples: Float64Array, from: number): boolean {
  for (let i = 1; i < WINDOW_SAMPLES; i += 1) if (samples[from + i] !== samples[from]) return false;
  return true;
}

function normalised(samples: Float32Array): Float64Array {
  let sum = 0;
  for (const sample of samples) sum += sample;
  const mean = sum / samples.length;
  let squares = 0;
  for (const sample of samples) squares += (sample - mean) ** 2;
  const scale = 1 / Math.sqrt(squares / samples.length + VARIANCE_MIN);
  const out = new Float64Array(samples.length);
  for (let i = 0; i < samples.length; i += 1) out[i] = ((samples[i] as number) - mean) * scale;
  return out;
}

/** Half a window of the mirror image at either end, so that the first window's middle is the first sample. */
function mirrored(samples: Float64Array): Float64Array {
  const half = WINDOW_SAMPLES / 2;
  const out = new Float64Array(samples.length + 2 * half);
  out.set(samples, half);
  for (let i = 1; i <= half; i += 1) {
    out[half - i] = samples[i] as number;
    out[half + samples.length - 1 + i] = samples[samples.length - 1 - i] as number;
  }
  return out;
}
