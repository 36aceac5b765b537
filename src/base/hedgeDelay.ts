// When a second request is worth its price. Pure.
import type { LatencyDistribution } from './latencyDistribution.ts';

/** What is to be brought down: the time within which all but this share of the requests begin to answer. */
const SLOW_SHARE = 0.05;
/** Asked for the second time earlier than this, the usual request would be doubled. */
const EARLIEST_SHARE = 0.5;
const STEP_SHARE = 0.025;
const PRECISION_MS = 1;

/**
 * How long, ms, to wait for the first output of one request before another is made: at the latest the p95 of the first.
 * With every twentieth request doubled at the p95, the p95 itself stays where it is: whoever was slower is answered
 * later than that all the same. So the wait is the one after which the p95 of what the caller sees is the lowest,
 * when `extraShare` of all requests may be doubled and the others that are as late must be waited for.
 */
export function hedgeDelayMs(
  first: LatencyDistribution,
  second: LatencyDistribution,
  extraShare: number,
): number {
  const latestMs = first.quantileMs(1 - SLOW_SHARE);
  let best = { delayMs: latestMs, slowMs: latestMs };
  for (let share = EARLIEST_SHARE; share <= 1 - SLOW_SHARE; share += STEP_SHARE) {
    const delayMs = first.quantileMs(share);
    const slowMs = slowWithHedging(first, second, delayMs, extraShare);
    if (slowMs < best.slowMs) best = { delayMs, slowMs };
  }
  return best.delayMs;
}

/** The p95 that comes of doubling after `delayMs`. */
function slowWithHedging(
  first: LatencyDistribution,
  second: LatencyDistribution,
  delayMs: number,
  extraShare: number,
): number {
  const late = first.laterThan(delayMs);
  const doubled = late <= extraShare ? 1 : extraShare / late;
  const laterThan = (timeMs: number): number =>
    first.laterThan(timeMs) *
    (timeMs <= delayMs ? 1 : 1 - doubled * (1 - second.laterThan(timeMs - delayMs)));
  // Between the times that were seen, too: a second request ends where it will.
  let tooEarlyMs = delayMs;
  let slowMs = Math.max(delayMs, first.quantileMs(1 - SLOW_SHARE));
  while (slowMs - tooEarlyMs > PRECISION_MS) {
    const middleMs = (tooEarlyMs + slowMs) / 2;
    if (laterThan(middleMs) <= SLOW_SHARE) slowMs = middleMs;
    else tooEarlyMs = middleMs;
  }
  return slowMs;
}
