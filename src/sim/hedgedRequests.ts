// What hedging does to the time to a first token, request for request, without a call round it: the gateway's own
// window, plan and budget on drawn times. Pure but for its random numbers.
import type { Clock } from '../base/clock.ts';
import { Hedging } from '../base/hedging.ts';
import { LatencyWindow } from '../base/latencyWindow.ts';
import type { Random } from '../base/random.ts';
import type { LongTail } from './longTail.ts';

export interface HedgedRequests {
  readonly aloneMs: readonly number[];
  readonly hedgedMs: readonly number[];
  /** Requests made besides the first ones. */
  readonly extra: number;
}

/** Each request's time alone, and the same request's with hedging. One every two seconds. */
export function hedgedRequests(tail: LongTail, count: number, random: Random): HedgedRequests {
  let nowMs = 0;
  const clock: Clock = {
    nowMs: () => nowMs,
    wallMs: () => nowMs,
    after: () => {
      throw new Error('nothing waits here');
    },
  };
  const window = new LatencyWindow(clock);
  const hedging = new Hedging();
  const aloneMs: number[] = [];
  const hedgedMs: number[] = [];
  let extra = 0;
  for (let request = 0; request < count; request += 1) {
    nowMs += 2_000;
    hedging.asked();
    const firstMs = tail.quantileMs(random.next());
    aloneMs.push(firstMs);
    const delayMs = hedging.delayMs(window, window) ?? Infinity;
    if (firstMs <= delayMs || !hedging.spend()) {
      window.took(firstMs);
      hedgedMs.push(firstMs);
      continue;
    }
    extra += 1;
    const secondMs = tail.quantileMs(random.next());
    const answeredMs = Math.min(firstMs, delayMs + secondMs);
    hedgedMs.push(answeredMs);
    if (answeredMs === firstMs) {
      window.took(firstMs);
      window.tookAtLeast(firstMs - delayMs);
    } else {
      window.tookAtLeast(answeredMs);
      window.took(secondMs);
    }
  }
  return { aloneMs, hedgedMs, extra };
}
