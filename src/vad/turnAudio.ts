// What a turn model hears: 16 kHz samples of the end of the caller's turn, as many as the model takes.
import { decodeMulaw, SAMPLE_RATE_HZ } from '../audio/mulaw.ts';
import { createResampler } from '../audio/resample.ts';

export const MODEL_RATE_HZ = 16_000;
const RATIO = MODEL_RATE_HZ / SAMPLE_RATE_HZ;

/** The last `samples` of the turn, in -1..1; what a short turn lacks is silence in front of it. */
export function turnSamples(mulaw: Uint8Array, samples: number): Float32Array {
  const codes = mulaw.subarray(Math.max(0, mulaw.length - Math.ceil(samples / RATIO)));
  const resampler = createResampler(SAMPLE_RATE_HZ, MODEL_RATE_HZ);
  const heard = [resampler.process(decodeMulaw(codes)), resampler.flush()];
  const out = new Float32Array(samples);
  let at = samples - heard.reduce((sum, part) => sum + part.length, 0);
  for (const part of heard) {
    for (const sample of part) {
      if (at >= 0) out[at] = sample / 32_768;
      at += 1;
    }
  }
  return out;
}
