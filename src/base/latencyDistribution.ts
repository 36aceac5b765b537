// What is known of a provider's times from those that were seen to their end and those that were broken off.

export interface LatencySample {
  readonly durationMs: number;
  /** It would have taken longer: it was broken off then. */
  readonly atLeast: boolean;
}

export interface LatencyDistribution {
  /** The smallest time seen within which at least this share (0-1) of the requests began to answer. */
  quantileMs(share: number): number;
  /** The share (0-1) of requests that take longer than this. */
  laterThan(durationMs: number): number;
}

/** Against sums of shares that should be 1 and are a little less. */
const EPSILON = 1e-9;

/**
 * The product-limit estimate (Kaplan and Meier, 1958). Leaving out the requests that were broken off, of which the
 * slow ones are most, would make every provider look fast. What may lie above the largest time counts as that time.
 */
export function distributionOf(samples: readonly LatencySample[]): LatencyDistribution {
  const sorted = [...samples].sort(
    (a, b) => a.durationMs - b.durationMs || Number(a.atLeast) - Number(b.atLeast),
  );
  const timesMs: number[] = [];
  /** The share that is later than the time at the same place. */
  const later: number[] = [];
  let share = 1;
  for (const [place, { durationMs, atLeast }] of sorted.entries()) {
    if (atLeast) continue;
    share *= 1 - 1 / (sorted.length - place);
    if (timesMs.at(-1) === durationMs) later[later.length - 1] = share;
    else {
      timesMs.push(durationMs);
      later.push(share);
    }
  }
  const last = sorted.at(-1);
  if (share > EPSILON && last !== undefined) {
    if (last.durationMs === timesMs.at(-1)) later.pop();
    else timesMs.push(last.durationMs);
    later.push(0);
  }
  return {
    quantileMs: (asked) =>
      timesMs[firstPlace(later, (left) => left <= 1 - asked + EPSILON)] ?? timesMs.at(-1) ?? NaN,
    laterThan: (durationMs) => {
      const after = firstPlace(timesMs, (timeMs) => timeMs > durationMs);
      return after === 0 ? 1 : (later[after - 1] ?? 0);
    },
  };
}

/** The first place that fits, of values of which all fit from some place on; behind the last when none does. */
function firstPlace(values: readonly number[], fits: (value: number) => boolean): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (fits(values[middle] ?? NaN)) high = middle;
    else low = middle + 1;
  }
  return low;
}
