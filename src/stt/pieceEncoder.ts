// Pieces of the call's mu-law as a Realtime server wants them.
import { decodeMulaw, SAMPLE_RATE_HZ } from '../audio/mulaw.ts';
import { createResampler, type Resampler } from '../audio/resample.ts';
import type { AudioFormat } from './openai.ts';

export class PieceEncoder {
  readonly #resampler: Resampler | undefined;

  constructor(format: AudioFormat) {
    this.#resampler = format === 'pcm24' ? createResampler(SAMPLE_RATE_HZ, 24_000) : undefined;
  }

  /** In base64. The last piece before a commit takes with it what the resampler still holds. */
  encode(mulaw: Uint8Array, last: boolean): string {
    const resampler = this.#resampler;
    if (resampler === undefined) return base64Of(mulaw);
    const samples = resampler.process(decodeMulaw(mulaw));
    if (!last) return base64Of(samples);
    const rest = resampler.flush();
    const all = new Int16Array(samples.length + rest.length);
    all.set(samples);
    all.set(rest, samples.length);
    return base64Of(all);
  }
}

/** 16-bit samples are little-endian on the wire, as they are in memory on every machine Node runs on. */
function base64Of(data: Uint8Array | Int16Array): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64');
}
