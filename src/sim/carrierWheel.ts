// One clock for all the calls of a carrier: each call ticks every 20 ms, the calls spread over that
// time, as real ones are. Deadlines are computed from the start, so nothing drifts.
import { FRAME_MS } from '../audio/mulaw.ts';
import type { Clock, Timer } from '../base/clock.ts';

/** Called every FRAME_MS with the time it was due at, which may be a little ago; must not throw. */
export type Tick = (dueMs: number) => void;

const SLOT_MS = 5;
const SLOTS = FRAME_MS / SLOT_MS;
/**
 * A process that stood still makes up for as many ticks as it missed: to the other side it is a network
 * that delivers late. After more than this it goes on from here, and says so.
 */
const CATCH_UP_MS_MAX = 5_000;

export class CarrierWheel {
  readonly #clock: Clock;
  readonly #slots: readonly Set<Tick>[] = Array.from({ length: SLOTS }, () => new Set<Tick>());
  #timer: Timer | undefined;
  #startMs = 0;
  #turns = 0;
  #lateMsMax = 0;
  #skippedMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How late a tick ever was: a bench whose own machine was too slow can tell. */
  get lateMsMax(): number {
    return this.#lateMsMax;
  }

  /** Time that was given up because the process stood still for too long. */
  get skippedMs(): number {
    return this.#skippedMs;
  }

  get members(): number {
    return this.#slots.reduce((sum, slot) => sum + slot.size, 0);
  }

  /** Ticks `tick` until the answered function is called. The first tick is at most FRAME_MS away. */
  add(tick: Tick): () => void {
    if (this.#timer === undefined) {
      this.#startMs = this.#clock.nowMs();
      this.#turns = 0;
      this.#schedule();
    }
    const slot = this.#emptiestSlot();
    slot.add(tick);
    return () => {
      slot.delete(tick);
      if (this.members > 0) return;
      this.#timer?.cancel();
      this.#timer = undefined;
    };
  }

  #emptiestSlot(): Set<Tick> {
    return this.#slots.reduce((emptiest, slot) => (slot.size < emptiest.size ? slot : emptiest));
  }

  #schedule(): void {
    // A timer of the machine may ring a millisecond early when asked for a fraction.
    const delayMs = Math.ceil(this.#dueMs(this.#turns + 1) - this.#clock.nowMs());
    this.#timer = this.#clock.after(delayMs, () => this.#onTimer());
  }

  #onTimer(): void {
    const nowMs = this.#clock.nowMs();
    const lateMs = nowMs - this.#dueMs(this.#turns + 1);
    this.#lateMsMax = Math.max(this.#lateMsMax, lateMs);
    if (lateMs > CATCH_UP_MS_MAX) {
      const skipped = Math.floor(lateMs / FRAME_MS) * FRAME_MS;
      this.#startMs += skipped;
      this.#skippedMs += skipped;
    }
    while (this.#dueMs(this.#turns + 1) <= nowMs) {
      this.#turns += 1;
      const dueMs = this.#dueMs(this.#turns);
      for (const tick of this.#slots[this.#turns % SLOTS] ?? []) tick(dueMs);
      // The last member may have left at its own tick.
      if (this.#timer === undefined) return;
    }
    this.#schedule();
  }

  #dueMs(turn: number): number {
    return this.#startMs + turn * SLOT_MS;
  }
}
