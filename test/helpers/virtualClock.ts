// A clock that a test turns by hand. Timers ring in the order of their times, then of asking.
import type { Clock, Timer } from '../../src/base/clock.ts';

interface Pending {
  readonly atMs: number;
  readonly order: number;
  readonly callback: () => void;
}

export class VirtualClock implements Clock {
  #nowMs = 0;
  #order = 0;
  readonly #pending = new Set<Pending>();
  readonly #settled: () => Promise<void>;

  /** `settled` resolves when what was set going has come to rest. */
  constructor(settled: () => Promise<void> = settle) {
    this.#settled = settled;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return 1_700_000_000_000 + this.#nowMs;
  }

  get pendingTimers(): number {
    return this.#pending.size;
  }

  after(delayMs: number, callback: () => void): Timer {
    const entry = { atMs: this.#nowMs + Math.max(0, delayMs), order: (this.#order += 1), callback };
    this.#pending.add(entry);
    return { cancel: () => void this.#pending.delete(entry) };
  }

  /** Moves on by `durationMs`, ringing what falls due; promises get their turn between two timers. */
  async advance(durationMs: number): Promise<void> {
    const endMs = this.#nowMs + durationMs;
    for (;;) {
      await this.#settled();
      const next = this.#next();
      if (next === undefined || next.atMs > endMs) break;
      this.#pending.delete(next);
      this.#nowMs = next.atMs;
      next.callback();
    }
    this.#nowMs = endMs;
    await this.#settled();
  }

  /** The same where no timer falls due: then nothing has to come to rest. Answers whether there was none. */
  pass(durationMs: number): boolean {
    const next = this.#next();
    if (next !== undefined && next.atMs <= this.#nowMs + durationMs) return false;
    this.#nowMs += durationMs;
    return true;
  }

  #next(): Pending | undefined {
    let first: Pending | undefined;
    for (const entry of this.#pending) {
      if (
        first === undefined ||
        entry.atMs < first.atMs ||
        (entry.atMs === first.atMs && entry.order < first.order)
      ) {
        first = entry;
      }
    }
    return first;
  }
}

/** Lets every promise that can settle do so. */
export async function settle(): Promise<void> {
  for (let round = 0; round < 3; round += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** The same where nothing waits for more than promises: many times as quick. */
export function settlePromises(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}
