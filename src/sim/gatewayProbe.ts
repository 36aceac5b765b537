// A running gateway between two moments: its own metrics and the machine's account of it.
import { systemClock } from '../base/clock.ts';
import type { GatewayProcess } from './gatewayProcess.ts';
import { bucketQuantile, buckets, parseMetrics, since, total, type Sample } from './metricText.ts';
import { readProcess, type ProcessUse } from './processUse.ts';

interface Reading {
  readonly atMs: number;
  readonly samples: readonly Sample[];
  readonly use: ProcessUse | undefined;
}

export interface GatewayUse {
  readonly overMs: number;
  /** Of one core, all threads together; undefined off Linux. */
  readonly cores: number | undefined;
  /** At the end. */
  readonly rssMb: number | undefined;
  readonly heapMb: number;
  /** The gateway's histograms over this time, in ms. */
  readonly playoutLateP99Ms: number;
  readonly eventLoopLagP99Ms: number;
  readonly vadDelayP99Ms: number;
  readonly underrunMs: number;
  readonly dropped: number;
  readonly refusedByGateway: number;
}

/** Answers a function that tells what happened since. */
export async function probe(gateway: GatewayProcess): Promise<() => Promise<GatewayUse>> {
  const before = await read(gateway);
  return async () => compare(before, await read(gateway));
}

async function read(gateway: GatewayProcess): Promise<Reading> {
  const use = readProcess(gateway.pid);
  const atMs = systemClock.nowMs();
  const page = await (await fetch(`${gateway.url}/metrics`)).text();
  return { atMs, samples: parseMetrics(page), use };
}

function compare(before: Reading, after: Reading): GatewayUse {
  const overMs = after.atMs - before.atMs;
  const p99Ms = (name: string): number =>
    bucketQuantile(since(buckets(before.samples, name), buckets(after.samples, name)), 0.99) * 1_000;
  const grown = (name: string): number => total(after.samples, name) - total(before.samples, name);
  return {
    overMs,
    cores:
      after.use === undefined || before.use === undefined
        ? undefined
        : (after.use.cpuMs - before.use.cpuMs) / overMs,
    rssMb: after.use === undefined ? undefined : after.use.rssBytes / 1_048_576,
    heapMb: total(after.samples, 'turnpike_nodejs_heap_size_used_bytes') / 1_048_576,
    playoutLateP99Ms: p99Ms('turnpike_playout_late_seconds'),
    eventLoopLagP99Ms: p99Ms('turnpike_event_loop_lag_seconds'),
    vadDelayP99Ms: p99Ms('turnpike_vad_delay_seconds'),
    underrunMs: grown('turnpike_playout_underrun_seconds_total') * 1_000,
    dropped: grown('turnpike_dropped_total'),
    refusedByGateway: grown('turnpike_rejected_total'),
  };
}
