// What measuring costs: the same calls at a gateway that records and at one that does not, in turn, and how long the
// page of metrics takes while many calls are up.
import { sleep, systemClock } from '../base/clock.ts';
import { seededRandom } from '../base/random.ts';
import { openMetrics } from '../metrics/metrics.ts';
import { SEED_TIMINGS } from './behaviour.ts';
import { holdAll, warmUp } from './benchLoad.ts';
import { shown, type BenchReport } from './benchReport.ts';
import { ANSWERS, answeringBrain, talkOf } from './benchTalk.ts';
import type { Caller } from './caller.ts';
import { parseMetrics, total, type Sample } from './metricText.ts';
import { releaseCores, takeCores, type Cores } from './processUse.ts';
import { Stage, type House } from './stage.ts';
import { median, quantile } from './statistics.ts';

const CALLS = 50;
const SHARE_MAX = 0.02;
/** Neither gateway is always the first. */
const ORDER = ['with', 'without', 'without', 'with', 'with', 'without'] as const;
const SEGMENT_MS = 20_000;
const STAGGER_MS = 4_000;
const TURNS = 10;
/** Calls whose callers only listen: the page knows nothing of what they say. */
const LISTENERS = 200;
const PAGE_MS_MAX = 50;
const PAGES = 30;
const PAGE_EVERY_MS = 250;
const OBSERVATIONS = 200_000;

type Arm = (typeof ORDER)[number];
type Segment = {
  readonly arm: Arm;
  /** CPU of the gateway, of one core. */
  readonly cores: number;
  /** What it recorded, a second; NaN of a gateway that doesn't. */
  readonly observations: number;
};

interface Pages {
  readonly tookMs: readonly number[];
  readonly bytes: number;
  readonly calls: number;
}

export async function benchMetrics(): Promise<BenchReport> {
  const stage = await Stage.open({
    clock: systemClock,
    random: seededRandom(14),
    timings: SEED_TIMINGS,
    brain: answeringBrain(ANSWERS),
  });
  const cores = takeCores();
  try {
    await stage.rehearse(ANSWERS);
    const houses = {
      with: await openHouse(stage, cores, ''),
      without: await openHouse(stage, cores, ',metrics'),
    };
    for (const house of Object.values(houses)) await warmUp(stage, house);
    const segments: Segment[] = [];
    for (const arm of ORDER) segments.push(await hold(stage, arm, houses[arm]));
    const pages = await askPages(stage, houses.with);
    return report(segments, pages, observationUs(), cores !== undefined);
  } finally {
    await stage.close();
    if (cores !== undefined) releaseCores();
  }
}

function openHouse(stage: Stage, cores: Cores | undefined, disabled: string): Promise<House> {
  return stage.openHouse({
    env: { DISABLE: `tts-cache${disabled}`, CALLS_MAX: '1000' },
    ...(cores === undefined ? {} : { cores: cores.gateway }),
    // As in the bench of the load: on one core node's helpers compete with the main thread.
    nodeArgs: cores === undefined ? [] : ['--single-threaded-gc'],
  });
}

/** The same talk each time. */
async function hold(stage: Stage, arm: Arm, house: House): Promise<Segment> {
  const random = seededRandom(7);
  const callers: Caller[] = [];
  for (let number = 0; number < CALLS; number += 1)
    callers.push(await stage.prepare(talkOf(number, TURNS, random)));
  const before = await readPage(house);
  const startedAtMs = systemClock.nowMs();
  const { use } = await holdAll(house, callers, SEGMENT_MS, STAGGER_MS);
  const overS = (systemClock.nowMs() - startedAtMs) / 1_000;
  const after = await readPage(house);
  // The last of the calls are stored.
  await sleep(systemClock, 1_000);
  return {
    arm,
    cores: use.cores ?? NaN,
    observations: arm === 'with' ? (observed(after) - observed(before)) / overS : NaN,
  };
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

async function pageOf({ gateway }: House): Promise<string> {
  const headers = { accept: 'application/openmetrics-text; version=1.0.0' };
  return (await fetch(`${gateway.url}/metrics`, { headers })).text();
}

async function readPage(house: House): Promise<readonly Sample[]> {
  return parseMetrics(await pageOf(house));
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
  const of = (arm: Arm): number[] => segments.filter((one) => one.arm === arm).map(({ cores }) => cores);
  const [recording, silent] = [median(of('with')), median(of('without'))];
  const observations = median(segments.map((one) => one.observations).filter(Number.isFinite));
  const counted = (observations * oneUs) / 1_000_000;
  const percent = (share: number): string => shown(share * 100, 2);
  const list = (arm: Arm): string => of(arm).map(percent).join(', ');
  const lines: readonly (readonly [string, string, string])[] = [
    [`CPU at ${CALLS} calls with metrics, % of a core`, percent(recording), ''],
    ['... without', percent(silent), ''],
    ['metrics, % of what the gateway uses', percent(recording / silent - 1), `at most ${percent(SHARE_MAX)}`],
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
    figures: { segments, pages, observationUs: oneUs, lines },
  };
}
