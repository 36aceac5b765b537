// What comes back of the agent's own voice over the caller's line, as from a speakerphone: later and softer.
import { decodeMulaw, FRAME_BYTES, FRAME_MS } from '../audio/mulaw.ts';

export interface EchoOptions {
  /** From the agent's sound to its echo; counts in whole frames. */
  readonly delayMs: number;
  readonly attenuationDb: number;
}

interface Returning {
  readonly dueMs: number;
  readonly samples: Int16Array;
}

export class CallerEcho {
  readonly #delayMs: number;
  readonly #gain: number;
  /** Never longer than the delay: what is due has been taken. */
  readonly #returning: Returning[] = [];

  constructor({ delayMs, attenuationDb }: EchoOptions) {
    this.#delayMs = Math.max(FRAME_MS, Math.round(delayMs / FRAME_MS) * FRAME_MS);
    this.#gain = 10 ** (-attenuationDb / 20);
  }

  /** The agent is heard from `atMs` on. */
  heard(atMs: number, mulaw: Uint8Array): void {
    const samples = decodeMulaw(mulaw).map((sample) => Math.round(sample * this.#gain));
    this.#returning.push({ dueMs: atMs + this.#delayMs, samples });
  }

  /** What goes out with the frame at `dueMs`; undefined for nothing. */
  next(dueMs: number): Int16Array | undefined {
    let samples: Int16Array | undefined;
    // Half a frame of slack: ticks are as regular as the numbers that count them.
    while ((this.#returning[0]?.dueMs ?? Infinity) < dueMs + FRAME_MS / 2) {
      samples = this.#returning.shift()?.samples.subarray(0, FRAME_BYTES);
    }
    return samples;
  }
}
