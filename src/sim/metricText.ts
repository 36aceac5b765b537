// A page of metrics as Prometheus reads it: the gateway's own word, to be held against the carrier's.
// https://prometheus.io/docs/instrumenting/exposition_formats/

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Counts of observations, by the upper edge of their bucket; each includes those before it. */
export type Buckets = readonly { readonly le: number; readonly count: number }[];

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)(?: .*)?$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

/** Comments and what is no sample are left out. */
export function parseMetrics(text: string): readonly Sample[] {
  return text.split('\n').flatMap((line) => {
    const [, name, labelText = '', valueText] = LINE.exec(line) ?? [];
    if (name === undefined || valueText === undefined) return [];
    const labels = Object.fromEntries(
      [...labelText.matchAll(LABEL)].map(([, label = '', value = '']) => [label, value]),
    );
    return [{ name, labels, value: numberOf(valueText) }];
  });
}

function numberOf(text: string): number {
  return text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : Number(text);
}

/** The sum over all the series of that name which have these labels; 0 when there is none. */
export function total(
  samples: readonly Sample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  return matching(samples, name, labels).reduce((sum, { value }) => sum + value, 0);
}

/** A histogram, its series of other labels added up. */
export function buckets(
  samples: readonly Sample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Buckets {
  const counts = new Map<number, number>();
  for (const sample of matching(samples, `${name}_bucket`, labels)) {
    const le = numberOf(sample.labels['le'] ?? '');
    counts.set(le, (counts.get(le) ?? 0) + sample.value);
  }
  return [...counts].sort(([a], [b]) => a - b).map(([le, count]) => ({ le, count }));
}

/** What was observed between two readings. */
export function since(before: Buckets, after: Buckets): Buckets {
  return after.map(({ le, count }) => ({
    le,
    count: count - (before.find((bucket) => bucket.le === le)?.count ?? 0),
  }));
}

/**
 * As Prometheus' histogram_quantile: within the bucket in proportion, and the last finite edge for what lies
 * beyond it. NaN of no observations.
 */
export function bucketQuantile(histogram: Buckets, share: number): number {
  const observed = histogram.at(-1)?.count ?? 0;
  if (observed === 0) return NaN;
  const wanted = share * observed;
  const index = histogram.findIndex(({ count }) => count >= wanted);
  const bucket = histogram[index];
  const below = histogram[index - 1] ?? { le: 0, count: 0 };
  if (bucket === undefined || bucket.le === Infinity) return below.le;
  const within = bucket.count - below.count;
  return below.le + (within === 0 ? 1 : (wanted - below.count) / within) * (bucket.le - below.le);
}

function matching(
  samples: readonly Sample[],
  name: string,
  labels: Readonly<Record<string, string>>,
): readonly Sample[] {
  const wanted = Object.entries(labels);
  return samples.filter(
    (sample) => sample.name === name && wanted.every(([label, value]) => sample.labels[label] === value),
  );
}
