// Figures out of measurements.

/** Milliseconds or whatever the values were. */
export interface Spread {
  readonly count: number;
  readonly median: number;
  readonly p95: number;
  readonly p99: number;
  readonly min: number;
  readonly max: number;
}

/** The value below which `share` (0-1) of the values lie, between two of them in proportion; NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const place = Math.min(1, Math.max(0, share)) * (sorted.length - 1);
  const below = sorted[Math.floor(place)] ?? NaN;
  const above = sorted[Math.ceil(place)] ?? NaN;
  return below + (above - below) * (place - Math.floor(place));
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function spread(values: readonly number[]): Spread {
  return {
    count: values.length,
    median: median(values),
    p95: quantile(values, 0.95),
    p99: quantile(values, 0.99),
    min: quantile(values, 0),
    max: quantile(values, 1),
  };
}

/** Of values over time: how much more there is of them for each unit of time. NaN of fewer than two moments. */
export function slope(points: readonly (readonly [at: number, value: number])[]): number {
  // The median over all pairs (Theil and Sen): a few values that are far off do not turn it.
  return median(
    points.flatMap(([fromAt, from], place) =>
      points
        .slice(place + 1)
        .filter(([at]) => at !== fromAt)
        .map(([at, value]) => (value - from) / (at - fromAt)),
    ),
  );
}

/** How often each value occurs, smallest value first. */
export function tally(values: readonly number[]): readonly (readonly [value: number, times: number])[] {
  const times = new Map<number, number>();
  for (const value of values) times.set(value, (times.get(value) ?? 0) + 1);
  return [...times].sort(([a], [b]) => a - b);
}
