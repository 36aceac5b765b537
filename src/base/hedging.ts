// Second requests for one answer: when, and how many. One for each stage of a process.
import assert from 'node:assert/strict';
import { hedgeDelayMs } from './hedgeDelay.ts';
import type { LatencyDistribution } from './latencyDistribution.ts';
import type { LatencyWindow } from './latencyWindow.ts';

/** Second requests for each first one, at most. */
export const EXTRA_SHARE = 0.05;
/** What may have been saved up: when everything turns slow at once, so many requests more and not twice as many. */
export const SAVED_MAX = 10;

type Usual = Pick<LatencyWindow, 'distribution'>;

interface Plan {
  readonly first: LatencyDistribution;
  readonly second: LatencyDistribution;
  readonly delayMs: number;
}

/** Every request earns a share of a second one; nothing is lent, so the share holds from the first request on. */
export class Hedging {
  readonly #extraShare: number;
  readonly #plans = new WeakMap<Usual, Plan>();
  /** In shares of a request: whole numbers, so that twenty shares are one. */
  #saved = 0;

  constructor(extraShare = EXTRA_SHARE) {
    assert(extraShare > 0 && extraShare <= 1, 'a share of the requests');
    this.#extraShare = extraShare;
  }

  /** A request was made that is no second one. */
  asked(): void {
    this.#saved = Math.min(SAVED_MAX / this.#extraShare, this.#saved + 1);
  }

  /** Whether a second request may be made now; if so it counts as made. */
  spend(): boolean {
    const price = 1 / this.#extraShare;
    if (this.#saved < price) return false;
    this.#saved -= price;
    return true;
  }

  /** How long to wait for the first before the second is asked; undefined while too little is known of the first. */
  delayMs(first: Usual, second: Usual): number | undefined {
    const usual = first.distribution;
    if (usual === undefined) return undefined;
    // A provider that was hardly ever asked is taken to be like the one before it.
    const other = second.distribution ?? usual;
    const known = this.#plans.get(first);
    if (known?.first === usual && known.second === other) return known.delayMs;
    const delayMs = hedgeDelayMs(usual, other, this.#extraShare);
    this.#plans.set(first, { first: usual, second: other, delayMs });
    return delayMs;
  }
}
