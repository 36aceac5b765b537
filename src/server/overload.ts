// Whether this process is too slow for one call more: how late its event loop is and how late audio was written, over
// the last seconds. It turns new calls away while those that are here are still served on time.
import { strict as assert } from 'node:assert';
import type { Clock } from '../base/clock.ts';

/** What is looked back on: long enough that one pause of the garbage collector is not overload, short enough to act. */
export const WINDOW_MS = 5_000;
const SLOT_MS = 1_000;
/** Of a hundred samples one may be later than the bound: p99. */
const LATE_SHARE_MAX = 0.01;
/** Later ones that count at all: a single stall of everything is over when it is noticed. */
const LATE_SAMPLES_MIN = 3;
/** It is over when p99 has come down to this part of the bound for the whole window: between the two nothing changes. */
const CALM_SHARE = 0.5;

assert(WINDOW_MS % SLOT_MS === 0, 'the window is whole slots');

/** What is too slow. */
export type OverloadReason = 'event_loop_lag' | 'playout_late';

export interface OverloadOptions {
  readonly clock: Clock;
  /** Bound of the event loop's lag, p99. */
  readonly lagMsMax: number;
  /** Bound of how late audio is written, p99. */
  readonly lateMsMax: number;
  /** Without calls there is no overload, whatever else the process is at: samples of that time count for nothing. */
  readonly activeCalls: () => number;
  /** Told of each change: undefined when it is over. */
  readonly onChange: (reason: OverloadReason | undefined) => void;
}

/** Told of every sample; asked for every call. */
export class Overload {
  readonly #options: OverloadOptions;
  readonly #lag: LateShare;
  readonly #late: LateShare;
  #lookedAtMs: number;
  #reason: OverloadReason | undefined;

  constructor(options: OverloadOptions) {
    this.#options = options;
    this.#lag = new LateShare(options.lagMsMax);
    this.#late = new LateShare(options.lateMsMax);
    this.#lookedAtMs = options.clock.nowMs();
  }

  /** Why no more calls are to come now, if so. */
  get reason(): OverloadReason | undefined {
    this.#look();
    return this.#options.activeCalls() === 0 ? undefined : this.#reason;
  }

  /** The event loop ran a timer so late. */
  lagged(lagMs: number): void {
    if (this.#options.activeCalls() > 0) this.#lag.sample(lagMs);
    this.#look();
  }

  /** Audio was written so late. */
  wroteLate(lateMs: number): void {
    this.#late.sample(lateMs);
    this.#look();
  }

  /** Once a slot. */
  #look(): void {
    const nowMs = this.#options.clock.nowMs();
    const slots = Math.floor((nowMs - this.#lookedAtMs) / SLOT_MS);
    if (slots === 0) return;
    this.#lookedAtMs += slots * SLOT_MS;
    // Those in which nobody looked are over, and with them what they had pushed out.
    this.#nextSlots(slots - 1);
    const before = this.#reason;
    if (this.#lag.isOver) this.#reason = 'event_loop_lag';
    else if (this.#late.isOver) this.#reason = 'playout_late';
    else if (this.#lag.isCalm && this.#late.isCalm) this.#reason = undefined;
    this.#nextSlots(1);
    if (this.#reason !== before) this.#options.onChange(this.#reason);
  }

  #nextSlots(count: number): void {
    this.#lag.nextSlots(count);
    this.#late.nextSlots(count);
  }
}

interface Slot {
  count: number;
  /** Later than the bound. */
  over: number;
  /** Later than what would be calm. */
  uncalm: number;
}

/** Counts in place of times: p99 is above a bound when more than one in a hundred is. */
class LateShare {
  readonly #msMax: number;
  readonly #slots: Slot[] = Array.from({ length: WINDOW_MS / SLOT_MS - 1 }, emptySlot);
  #newest: Slot = emptySlot();

  constructor(msMax: number) {
    this.#msMax = msMax;
    this.#slots.push(this.#newest);
  }

  get isOver(): boolean {
    return this.#exceeds('over');
  }

  get isCalm(): boolean {
    return !this.#exceeds('uncalm');
  }

  sample(lateMs: number): void {
    this.#newest.count += 1;
    if (lateMs > this.#msMax) this.#newest.over += 1;
    if (lateMs > this.#msMax * CALM_SHARE) this.#newest.uncalm += 1;
  }

  nextSlots(count: number): void {
    for (let i = 0; i < Math.min(count, this.#slots.length); i += 1) {
      this.#slots.shift();
      this.#newest = emptySlot();
      this.#slots.push(this.#newest);
    }
  }

  #exceeds(what: 'over' | 'uncalm'): boolean {
    const late = this.#slots.reduce((sum, slot) => sum + slot[what], 0);
    const count = this.#slots.reduce((sum, slot) => sum + slot.count, 0);
    return late >= LATE_SAMPLES_MIN && late > count * LATE_SHARE_MAX;
  }
}

function emptySlot(): Slot {
  return { count: 0, over: 0, uncalm: 0 };
}
