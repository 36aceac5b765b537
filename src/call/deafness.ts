// When a session of speech-to-text is taken for deaf: somebody speaks and there is no word of it, or has spoken and the last
// words don't come. Then another one is asked beside it, and given up when it has no words either: it was a noise.
import type { Clock, Timer } from '../base/clock.ts';

/** Words come some 200 ms after they are spoken, of slow providers after 700. */
const VOICE_MS = 1_500;
/** An utterance that was committed has its last words sooner than that, with most providers. */
const COMMITTED_MS = 400;
/** ... or this provider is a slow one. */
const OVER_USUAL = 1.5;
/** So long the second one may take. */
const VAIN_MS = 4_000;
/** Of a noise that never ends, each attempt costs a connection: after so many without a word it is not for the ears. */
const VAIN_MAX = 2;

export interface DeafnessListener {
  /** Whether another one was asked. */
  onDeaf(): boolean;
  /** Nobody has words for it. */
  onVain(): void;
}

export class Deafness {
  readonly #clock: Clock;
  readonly #listener: DeafnessListener;
  #timer: Timer | undefined;
  #asking = false;
  /** Attempts since there were words. */
  #vain = 0;

  constructor(clock: Clock, listener: DeafnessListener) {
    this.#clock = clock;
    this.#listener = listener;
  }

  /** Somebody speaks of whom no words are known. */
  voiceBegan(): void {
    if (!this.#asking && this.#timer === undefined) this.#wait(VOICE_MS);
  }

  /** Too short for words, perhaps; what is committed is waited for. */
  voiceEnded(): void {
    if (!this.#asking) this.#stop();
  }

  /**
   * Somebody has spoken, and the last words were asked for: neither they nor any others come. `usualMs` is what they have
   * taken at most so far.
   */
  committed(usualMs: number): void {
    if (this.#asking) return;
    this.#stop();
    this.#wait(Math.max(COMMITTED_MS, OVER_USUAL * usualMs));
  }

  /** It has answered, with words or without: it isn't deaf to what was committed. */
  answered(): void {
    if (!this.#asking) this.#stop();
  }

  heardWords(): void {
    this.#vain = 0;
    this.close();
  }

  /** Idempotent. */
  close(): void {
    this.#stop();
    this.#asking = false;
  }

  #stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #wait(delayMs: number): void {
    if (this.#vain >= VAIN_MAX) return;
    this.#timer = this.#clock.after(delayMs, () => {
      this.#timer = undefined;
      if (!this.#listener.onDeaf()) return;
      this.#asking = true;
      this.#vain += 1;
      this.#timer = this.#clock.after(VAIN_MS, () => {
        this.close();
        this.#listener.onVain();
      });
    });
  }
}
