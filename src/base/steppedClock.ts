// Time that moves when its owner moves it: for what has to happen in the order of its times, but need not take them.
import type { Clock, Timer } from './clock.ts';

interface Pending {
  readonly dueMs: number;
  readonly callback: () => void;
}

export class SteppedClock implements Clock {
  readonly #wall: Pick<Clock, 'wallMs'>;
  /** In the order of asking, which decides between timers that are due at the same time. */
  readonly #pending = new Set<Pending>();
  #nowMs = 0;

  /** Starts at 0; the date is `wall`'s, as if all happened at once. */
  constructor(wall: Pick<Clock, 'wallMs'>) {
    this.#wall = wall;
  }

  /** Timers that have not rung yet. */
  get pendingTimers(): number {
    return this.#pending.size;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#wall.wallMs();
  }

  after(delayMs: number, callback: () => void): Timer {
    const entry: Pending = { dueMs: this.#nowMs + Math.max(0, delayMs), callback };
    this.#pending.add(entry);
    return { cancel: () => void this.#pending.delete(entry) };
  }

  /** Moves on, ringing what falls due, in its order. Promises get their turn only after it. */
  advance(durationMs: number): void {
    const endMs = this.#nowMs + durationMs;
    for (let next = this.#next(); next !== undefined && next.dueMs <= endMs; next = this.#next()) {
      this.#pending.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.callback();
    }
    this.#nowMs = endMs;
  }

  #next(): Pending | undefined {
    let next: Pending | undefined;
    for (const entry of this.#pending) if (next === undefined || entry.dueMs < next.dueMs) next = entry;
    return next;
  }
}
