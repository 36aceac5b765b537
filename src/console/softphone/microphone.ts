// The caller's sound: what the browser's microphone gives, as a telephone carries it. Runs where the audio does.
import { clipToInt16, encodeMulaw, FRAME_BYTES, SAMPLE_RATE_HZ } from '../../audio/mulaw.ts';
import { createResampler, type Resampler } from '../../audio/resample.ts';

/** The audio context's rate to 8 kHz mu-law, low-passed on the way, in frames of 20 ms. */
export class Microphone {
  readonly #resampler: Resampler;
  readonly #onFrame: (mulaw: Uint8Array<ArrayBuffer>) => void;
  #frame = new Uint8Array(FRAME_BYTES);
  #filled = 0;

  /** Each frame is the listener's own. */
  constructor(rateHz: number, onFrame: (mulaw: Uint8Array<ArrayBuffer>) => void) {
    this.#resampler = createResampler(rateHz, SAMPLE_RATE_HZ);
    this.#onFrame = onFrame;
  }

  /** The next samples, -1 to 1, in pieces of any length. What is louder is clipped. */
  push(samples: Float32Array): void {
    const whole = Int16Array.from(samples, (sample) => clipToInt16(sample * 32_767));
    const codes = encodeMulaw(this.#resampler.process(whole));
    for (let done = 0; done < codes.length;) {
      const part = codes.subarray(done, done + FRAME_BYTES - this.#filled);
      this.#frame.set(part, this.#filled);
      this.#filled += part.length;
      done += part.length;
      if (this.#filled < FRAME_BYTES) return;
      this.#onFrame(this.#frame);
      this.#frame = new Uint8Array(FRAME_BYTES);
      this.#filled = 0;
    }
  }
}
