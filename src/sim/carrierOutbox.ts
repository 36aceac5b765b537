// The way from the carrier to the gateway: in order, at once, or as late as a bad network makes it.
import type { Clock, Timer } from '../base/clock.ts';
import type { Random } from '../base/random.ts';

interface Waiting {
  readonly dueMs: number;
  readonly send: () => void;
}

export class CarrierOutbox {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #waiting: Waiting[] = [];
  #timer: Timer | undefined;
  #jitterMaxMs = 0;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** From now on each message is up to this much late; none overtakes another. 0 ends it. */
  jitter(maxMs: number): void {
    this.#jitterMaxMs = maxMs;
  }

  push(send: () => void): void {
    if (this.#jitterMaxMs === 0 && this.#waiting.length === 0) {
      send();
      return;
    }
    const dueMs = this.#clock.nowMs() + this.#random.next() * this.#jitterMaxMs;
    this.#waiting.push({ dueMs: Math.max(dueMs, this.#waiting.at(-1)?.dueMs ?? 0), send });
    this.#timer ??= this.#wait();
  }

  /** The connection is gone, and what was under way with it. */
  discard(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#waiting.length = 0;
  }

  #wait(): Timer | undefined {
    const [first] = this.#waiting;
    if (first === undefined) return undefined;
    return this.#clock.after(Math.ceil(first.dueMs - this.#clock.nowMs()), () => {
      this.#timer = undefined;
      while ((this.#waiting[0]?.dueMs ?? Infinity) <= this.#clock.nowMs()) this.#waiting.shift()?.send();
      this.#timer ??= this.#wait();
    });
  }
}
