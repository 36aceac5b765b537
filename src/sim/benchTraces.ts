// What traces cost: the same calls at a gateway that sends every one of them to a collector and at one that sends none, in
// turn; and how much of the callers' wait no stage explains.
import {
  CALLS,
  coresOf,
  extraShare,
  holdInTurn,
  onPairedStage,
  ORDER,
  SEGMENT_MS,
  type Arm,
  type Segment,
} from './benchPaired.ts';
import { shown, type BenchReport } from './benchReport.ts';
import { bucketQuantile, buckets, since, total, type Buckets } from './metricText.ts';
import { OtlpCollector } from './otlpCollector.ts';
import { median } from './statistics.ts';

export interface TraceBenchOptions {
  readonly calls?: number;
}

/** Of what the collector got. */
interface Collected {
  readonly spans: number;
  readonly traces: number;
  readonly bytes: number;
  readonly requests: number;
}

export async function benchTraces({ calls = CALLS }: TraceBenchOptions = {}): Promise<BenchReport> {
  const collector = new OtlpCollector();
  const endpoint = await collector.listen();
  const environments = {
    with: { DISABLE: 'tts-cache', OTEL_EXPORTER_OTLP_ENDPOINT: endpoint },
    without: { DISABLE: 'tts-cache' },
  };
  try {
    return await onPairedStage(environments, 15, async (stage, houses, ownCores) => {
      const segments = await holdInTurn(stage, houses, calls);
      const { spans, bodies } = collector;
      const collected = {
        spans: spans.length,
        traces: new Set(spans.map(({ traceId }) => traceId)).size,
        bytes: bodies.reduce((sum, { length }) => sum + length, 0),
        requests: bodies.length,
      };
      return report(segments, collected, calls, ownCores);
    });
  } finally {
    await collector.close();
  }
}

/** Of one of the two, or of both. */
function observedIn(segments: readonly Segment[], name: string, arm?: Arm): Buckets {
  const each = segments
    .filter((one) => arm === undefined || one.arm === arm)
    .map(({ before, after }) => since(buckets(before, name), buckets(after, name)));
  const [first = [], ...others] = each;
  return first.map(({ le, count }, place) => ({
    le,
    count: others.reduce((sum, other) => sum + (other[place]?.count ?? 0), count),
  }));
}

function report(
  segments: readonly Segment[],
  collected: Collected,
  calls: number,
  ownCores: boolean,
): BenchReport {
  const percent = (share: number): string => shown(share * 100, 2);
  const list = (arm: Arm): string => coresOf(segments, arm).map(percent).join(', ');
  const ms = (histogram: Buckets, share: number): string =>
    shown(bucketQuantile(histogram, share) * 1_000, 2);
  const unaccounted = observedIn(segments, 'turnpike_turn_unaccounted_seconds');
  const response = (arm: Arm): Buckets => observedIn(segments, 'turnpike_turn_response_seconds', arm);
  const traced = segments.filter(({ arm }) => arm === 'with');
  const tracedS = traced.reduce((sum, { overS }) => sum + overS, 0);
  const dropped = total(traced.at(-1)?.after ?? [], 'turnpike_dropped_total', { what: 'spans' });
  const lines: readonly (readonly [string, string])[] = [
    [`CPU at ${calls} calls with traces, % of a core`, percent(median(coresOf(segments, 'with')))],
    ['... without', percent(median(coresOf(segments, 'without')))],
    ['traces, % of what the gateway uses', percent(extraShare(segments))],
    ['spans a second', shown(collected.spans / tracedS, 1)],
    ['bytes a span', shown(collected.bytes / collected.spans)],
    ['spans in a request', shown(collected.spans / collected.requests, 1)],
    ['traces', shown(collected.traces)],
    ['spans dropped', shown(dropped)],
    ['response with traces, median ms', ms(response('with'), 0.5)],
    ['... without', ms(response('without'), 0.5)],
    ['turns of which the wait is known', shown(unaccounted.at(-1)?.count ?? 0)],
    ['unaccounted of it, median ms', ms(unaccounted, 0.5)],
    ['... p99', ms(unaccounted, 0.99)],
  ];
  return {
    title: `What traces cost: ${ORDER.length} runs of ${SEGMENT_MS / 1_000} s, with and without in turn`,
    tables: [{ heading: ['', 'measured'], rows: lines.map((line) => [...line]) }],
    notes: [
      `Runs with: ${list('with')}; without: ${list('without')} % of a core.`,
      'Quantiles are of the histograms of both gateways: no finer than their buckets.',
      ownCores
        ? 'The gateways had a core of their own.'
        : 'There was no core to spare: gateways and simulators shared them.',
    ],
    figures: {
      segments: segments.map(({ arm, cores, overS }) => ({ arm, cores, overS })),
      collected,
      unaccounted,
      lines,
    },
  };
}
