// What measuring costs: the same calls at a gateway that records and at one that does not, in turn, and how long the
// page of metrics takes while many calls are up.
import { sleep, systemClock } from '../base/clock.ts';
import { openMetrics } from '../metrics/metrics.ts';
import { holdAll } from './benchLoad.ts';
import {
  CALLS,
  coresOf,
  extraShare,
  holdInTurn,
  onPairedStage,
  ORDER,
  pageOf,
  SEGMENT_MS,
  STAGGER_MS,
  type Arm,
  type Segment,
} from './benchPaired.ts';
import { shown, type BenchReport } from './benchReport.ts';
import type { Caller } from './caller.ts';
import { parseMetrics, total, type Sample } from './metricText.ts';
import type { House, Stage } from './stage.ts';
import { median, quantile } from './statistics.ts';

const SHARE_MAX = 0.02;
/** Calls whose callers only listen: the page knows nothing of what they say. */
const LISTENERS = 200;
const PAGE_MS_MAX = 50;
const PAGES = 30;
const PAGE_EVERY_MS = 250;
const OBSERVATIONS = 200_000;

interface Pages {
  readonly tookMs: readonly number[];
  readonly bytes: number;
  readonly calls: number;
}

export function benchMetrics(): Promise<BenchReport> {
  const environments = { with: { DISABLE: 'tts-cache' }, without: { DISABLE: 'tts-cache,metrics' } };
  return onPairedStage(environments, 14, async (stage, houses, ownCores) => {
    const segments = await holdInTurn(stage, houses);
    const pages = await askPages(stage, houses.with);
    return report(segments, pages, observationUs(), ownCores);
  });
}

async function askPages(stage: Stage, house: House): Promise<Pages> {
  const callers: Caller[] = [];
  for (let number = 0; number < LISTENERS; number += 1)
    callers.push(await stage.prepare([{ listen: true }, { silence: 120_000 }]));
  const tookMs: number[] = [];
  let page = '';
  let calls = 0;
  const asking = async (): Promise<void> => {
    await sleep(systemClock, STAGGER_MS + 1_000);
    for (let asked = 0; asked < PAGES; asked += 1) {
      const askedAtMs = systemClock.nowMs();
      page = await pageOf(house);
      tookMs.push(systemClock.nowMs() - askedAtMs);
      calls = Math.max(calls, total(parseMetrics(page), 'turnpike_calls_active'));
      await sleep(systemClock, PAGE_EVERY_MS);
    }
  };
  const durationMs = 2_000 + PAGES * (PAGE_EVERY_MS + PAGE_MS_MAX);
  await Promise.all([asking(), holdAll(house, callers, durationMs, STAGGER_MS)]);
  return { tookMs, bytes: page.length, calls };
}

/** Each a histogram's: what else is counted is counted once a turn, or by plain numbers. */
function observed(samples: readonly Sample[]): number {
  return samples
    .filter(({ name }) => name.startsWith('turnpike_') && name.endsWith('_count'))
    .reduce((sum, { value }) => sum + value, 0);
}

/** What one observation costs a core that does nothing else. */
function observationUs(): number {
  const metrics = openMetrics({ callsActive: () => 0, pendingWrites: () => 0 });
  const round = (): number => {
    const startedAtMs = systemClock.nowMs();
    for (let done = 0; done < OBSERVATIONS; done += 1) metrics.playoutLate((done % 97) / 3);
    return ((systemClock.nowMs() - startedAtMs) * 1_000) / OBSERVATIONS;
  };
  round();
  return median([round(), round(), round()]);
}

function report(segments: readonly Segment[], pages: Pages, oneUs: number, ownCores: boolean): BenchReport {
  const of = (arm: Arm): readonly number[] => coresOf(segments, arm);
  const [recording, silent] = [median(of('with')), median(of('without'))];
  const recorded = segments.filter(({ arm }) => arm === 'with');
  const observations = median(
    recorded.map(({ before, after, overS }) => (observed(after) - observed(before)) / overS),
  );
  const counted = (observations * oneUs) / 1_000_000;
  const percent = (share: number): string => shown(share * 100, 2);
  const list = (arm: Arm): string => of(arm).map(percent).join(', ');
  const lines: readonly (readonly [string, string, string])[] = [
    [`CPU at ${CALLS} calls with metrics, % of a core`, percent(recording), ''],
    ['... without', percent(silent), ''],
    ['metrics, % of what the gateway uses', percent(extraShare(segments)), `at most ${percent(SHARE_MAX)}`],
    ['observations a second', shown(observations), ''],
    ['one observation, us', shown(oneUs, 2), ''],
    ['... together, % of what the gateway uses', percent(counted / silent), `at most ${percent(SHARE_MAX)}`],
    ['calls while the page was asked for', shown(pages.calls), shown(LISTENERS)],
    ['page, median ms', shown(median(pages.tookMs), 1), `at most ${PAGE_MS_MAX}`],
    ['page, p95 ms', shown(quantile(pages.tookMs, 0.95), 1), `at most ${PAGE_MS_MAX}`],
    ['page, bytes', shown(pages.bytes), ''],
  ];
  return {
    title: `What metrics cost: ${ORDER.length} runs of ${SEGMENT_MS / 1_000} s, with and without in turn`,
    tables: [{ heading: ['', 'measured', 'wanted'], rows: lines.map((line) => [...line]) }],
    notes: [
      `Runs with: ${list('with')}; without: ${list('without')} % of a core. Where they differ among themselves by more than two parts in a hundred, the second figure says more than the first.`,
      ownCores
        ? 'The gateways had a core of their own.'
        : 'There was no core to spare: gateways and simulators shared them.',
    ],
    figures: {
      segments: segments.map(({ arm, cores, overS }) => ({ arm, cores, overS })),
      pages,
      observationUs: oneUs,
      lines,
    },
  };
}
