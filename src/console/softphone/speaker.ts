// The agent's sound: mu-law from the stream at the audio context's rate, without a seam between two messages, and marks
// that come back when what was before them has really been played. Runs where the audio does.
import { decodeMulaw, MULAW_SILENCE, SAMPLE_RATE_HZ } from '../../audio/mulaw.ts';
import { PlayQueue, type EchoReason } from '../../audio/playQueue.ts';
import { createResampler, type Resampler } from '../../audio/resample.ts';

/** The queue is taken from in steps of a millisecond: so long may silence be beside what is missing. */
const STEP_BYTES = 8;
/** Steps between what was taken and what is heard: the resampler's look-ahead (3 ms) and what one request leaves over. */
const STEPS_KEPT = 64;

export class Speaker {
  readonly #queue: PlayQueue;
  readonly #resampler: Resampler;
  readonly #rateHz: number;
  readonly #step = new Uint8Array(STEP_BYTES);
  /** Of each of the last steps: what had been taken of the queue by then. */
  readonly #takenBy = new Float64Array(STEPS_KEPT);
  #steps = 0;
  #heardSteps = 0;
  #ready: Int16Array = new Int16Array(0);
  #at = 0;
  #playedSamples = 0;
  #power = 0;

  constructor(rateHz: number, onMark: (name: string, reason: EchoReason) => void) {
    this.#queue = new PlayQueue(onMark);
    this.#resampler = createResampler(SAMPLE_RATE_HZ, rateHz);
    this.#rateHz = rateHz;
  }

  get bufferedMs(): number {
    return this.#queue.bufferedMs;
  }

  /** False when there is no room: then none of it is kept. */
  enqueue(mulaw: Uint8Array): boolean {
    return this.#queue.enqueue(mulaw);
  }

  mark(name: string): void {
    this.#queue.mark(name);
  }

  /** What is under way to the ear is heard to its end: some milliseconds. */
  clear(): void {
    this.#queue.clear();
  }

  /** What is heard from now on, -1 to 1; silence where there is nothing. What was asked for before has been played. */
  play(out: Float32Array): void {
    this.#noteHeard();
    this.#power = 0;
    for (let filled = 0; filled < out.length; filled += 1) {
      while (this.#at === this.#ready.length) this.#takeStep();
      const sample = (this.#ready[this.#at] as number) / 32_768;
      this.#power += sample * sample;
      out[filled] = sample;
      this.#at += 1;
    }
    this.#playedSamples += out.length;
    this.#power /= Math.max(1, out.length);
  }

  /** Mean power of what was last asked for, 0 to 1. */
  get power(): number {
    return this.#power;
  }

  #takeStep(): void {
    const bytes = this.#queue.take(this.#step);
    this.#step.fill(MULAW_SILENCE, bytes);
    this.#takenBy[this.#steps % STEPS_KEPT] = this.#queue.takenBytes;
    this.#steps += 1;
    this.#ready = this.#resampler.process(decodeMulaw(this.#step));
    this.#at = 0;
  }

  /** Sample n of what is played stands for the moment of byte n * 8000 / rate of what was taken, silence included. */
  #noteHeard(): void {
    const heard = Math.floor((this.#playedSamples * SAMPLE_RATE_HZ) / this.#rateHz / STEP_BYTES);
    if (heard === this.#heardSteps) return;
    this.#heardSteps = heard;
    this.#queue.played(this.#takenBy[(heard - 1) % STEPS_KEPT] as number);
  }
}
