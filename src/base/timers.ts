// Timers by name: asking again replaces the one before, and all of them end together.
import type { Clock, Timer } from './clock.ts';

export class Timers<Name extends string> {
  readonly #clock: Clock;
  readonly #timers = new Map<Name, Timer>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Rings once, unless it is started again, stopped, or all are. */
  start(name: Name, delayMs: number, rang: () => void): void {
    this.stop(name);
    const timer = this.#clock.after(delayMs, () => {
      this.#timers.delete(name);
      rang();
    });
    this.#timers.set(name, timer);
  }

  stop(name: Name): void {
    this.#timers.get(name)?.cancel();
    this.#timers.delete(name);
  }

  stopAll(): void {
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }
}
