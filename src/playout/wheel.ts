// One clock for the playout of all calls. A timer a call costs more, and a plain interval drifts:
// at 1,000 calls a 20 ms interval each loses a tenth of the frames. Deadlines are computed from the start.
import type { Clock, Timer } from '../base/clock.ts';

/**
 * How finely a frame can be on time. Each tick compares one number per talking call, some 50 ns:
 * 1 % of a core at 1,000 calls.
 */
export const TICK_MS = 5;

/** Called at each tick with the time; must not throw. */
export type Ticked = (nowMs: number) => void;

export class PlayoutWheel {
  readonly #clock: Clock;
  readonly #onTickLate: (lateMs: number) => void;
  readonly #ticked = new Set<Ticked>();
  #timer: Timer | undefined;
  #startMs = 0;
  #ticks = 0;

  /** `onTickLate` hears how late each tick was: the event loop's lag as the audio feels it. */
  constructor(clock: Clock, onTickLate: (lateMs: number) => void = () => undefined) {
    this.#clock = clock;
    this.#onTickLate = onTickLate;
  }

  get talkingCalls(): number {
    return this.#ticked.size;
  }

  /** Ticks `ticked` until it is removed. Harmless when it is there already. */
  add(ticked: Ticked): void {
    this.#ticked.add(ticked);
    if (this.#timer !== undefined) return;
    this.#startMs = this.#clock.nowMs();
    this.#ticks = 0;
    this.#schedule();
  }

  remove(ticked: Ticked): void {
    this.#ticked.delete(ticked);
    if (this.#ticked.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #schedule(): void {
    this.#ticks += 1;
    const dueMs = this.#startMs + this.#ticks * TICK_MS;
    this.#timer = this.#clock.after(dueMs - this.#clock.nowMs(), () => this.#tick(dueMs));
  }

  #tick(dueMs: number): void {
    this.#timer = undefined;
    const nowMs = this.#clock.nowMs();
    this.#onTickLate(Math.max(0, nowMs - dueMs));
    // After a stall the ticks that were missed are skipped: each call catches up by the time, not by counting.
    this.#ticks = Math.max(this.#ticks, Math.floor((nowMs - this.#startMs) / TICK_MS));
    for (const ticked of this.#ticked) ticked(nowMs);
    // A call that ends one speech and begins another in its tick has asked for the next tick already.
    if (this.#ticked.size > 0 && this.#timer === undefined) this.#schedule();
  }
}
