// The caller's sound, 20 ms at a time: an utterance when there is one, the room's noise and the agent's echo if there
// is any.
import { clipToInt16, encodeMulaw, FRAME_BYTES } from '../audio/mulaw.ts';
import type { CallerEcho } from './callerEcho.ts';

export interface MouthListener {
  /** The frame with the utterance's first sample goes out at `dueMs`. */
  onStarted(dueMs: number): void;
  /** The frame with its last sample goes out. */
  onEnded(dueMs: number): void;
}

interface Utterance {
  readonly samples: Int16Array;
  readonly listener: MouthListener;
  said: number;
}

export class CallerMouth {
  /** 8 kHz, repeated for ever; empty for none. */
  readonly #noise: Int16Array;
  readonly #echo: CallerEcho | undefined;
  #noiseAt = 0;
  #utterance: Utterance | undefined;

  constructor(noise: Int16Array, echo?: CallerEcho) {
    this.#noise = noise;
    this.#echo = echo;
  }

  get speaking(): boolean {
    return this.#utterance !== undefined;
  }

  /** Begins with the next frame. `samples` are 8 kHz; whatever was being said is broken off. */
  say(samples: Int16Array, listener: MouthListener): void {
    this.#utterance = { samples, listener, said: 0 };
  }

  /** The frame that goes out at `dueMs`; undefined for silence. */
  next(dueMs: number): Uint8Array | undefined {
    const utterance = this.#utterance;
    const echo = this.#echo?.next(dueMs);
    if (utterance === undefined && this.#noise.length === 0 && echo === undefined) return undefined;
    const frame = new Int16Array(FRAME_BYTES);
    if (utterance !== undefined) this.#speak(utterance, frame, dueMs);
    if (this.#noise.length > 0) this.#addNoise(frame);
    if (echo !== undefined) add(frame, echo);
    return encodeMulaw(frame);
  }

  #speak(utterance: Utterance, frame: Int16Array, dueMs: number): void {
    const { samples, listener, said } = utterance;
    frame.set(samples.subarray(said, said + FRAME_BYTES));
    utterance.said += FRAME_BYTES;
    if (said === 0) listener.onStarted(dueMs);
    if (utterance.said < samples.length) return;
    this.#utterance = undefined;
    listener.onEnded(dueMs);
  }

  #addNoise(frame: Int16Array): void {
    for (let i = 0; i < frame.length; i += 1) {
      frame[i] = clipToInt16((frame[i] ?? 0) + (this.#noise[this.#noiseAt] ?? 0));
      this.#noiseAt = (this.#noiseAt + 1) % this.#noise.length;
    }
  }
}

function add(frame: Int16Array, other: Int16Array): void {
  for (const [i, sample] of other.entries()) frame[i] = clipToInt16((frame[i] ?? 0) + sample);
}
