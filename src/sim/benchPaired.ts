// The same calls at two gateways in turn, one of which does what is to be measured and the other doesn't.
import { sleep, systemClock } from '../base/clock.ts';
import { seededRandom } from '../base/random.ts';
import { SEED_TIMINGS } from './behaviour.ts';
import { holdAll, warmUp } from './benchLoad.ts';
import { ANSWERS, answeringBrain, talkOf } from './benchTalk.ts';
import type { Caller } from './caller.ts';
import { parseMetrics, type Sample } from './metricText.ts';
import { releaseCores, takeCores, type Cores } from './processUse.ts';
import { Stage, type House } from './stage.ts';
import { median } from './statistics.ts';

export const CALLS = 50;
/** Neither gateway is always the first. */
export const ORDER = ['with', 'without', 'without', 'with', 'with', 'without'] as const;
export const SEGMENT_MS = 20_000;
export const STAGGER_MS = 4_000;
const TURNS = 10;

export type Arm = (typeof ORDER)[number];
export type Houses = Readonly<Record<Arm, House>>;

export interface Segment {
  readonly arm: Arm;
  /** CPU of the gateway, of one core. */
  readonly cores: number;
  readonly overS: number;
  /** Its page before and after. */
  readonly before: readonly Sample[];
  readonly after: readonly Sample[];
}

/** `environments` of the two gateways; `measure` has the stage to itself, and whether the gateways have a core of their own. */
export async function onPairedStage<T>(
  environments: Readonly<Record<Arm, Readonly<Record<string, string>>>>,
  seed: number,
  measure: (stage: Stage, houses: Houses, ownCores: boolean) => Promise<T>,
): Promise<T> {
  const stage = await Stage.open({
    clock: systemClock,
    random: seededRandom(seed),
    timings: SEED_TIMINGS,
    brain: answeringBrain(ANSWERS),
  });
  const cores = takeCores();
  try {
    await stage.rehearse(ANSWERS);
    const houses = {
      with: await openHouse(stage, cores, environments.with),
      without: await openHouse(stage, cores, environments.without),
    };
    for (const house of Object.values(houses)) await warmUp(stage, house);
    return await measure(stage, houses, cores !== undefined);
  } finally {
    await stage.close();
    if (cores !== undefined) releaseCores();
  }
}

/** As often as `ORDER` says. */
export async function holdInTurn(stage: Stage, houses: Houses, calls = CALLS): Promise<readonly Segment[]> {
  const segments: Segment[] = [];
  for (const arm of ORDER) segments.push(await hold(stage, arm, houses[arm], calls));
  return segments;
}

/** The gateway's page of metrics, as a scraper gets it. */
export async function pageOf({ gateway }: House): Promise<string> {
  const headers = { accept: 'application/openmetrics-text; version=1.0.0' };
  return (await fetch(`${gateway.url}/metrics`, { headers })).text();
}

/** CPU in each run of one of the two, of one core. */
export function coresOf(segments: readonly Segment[], arm: Arm): readonly number[] {
  return segments.filter((one) => one.arm === arm).map(({ cores }) => cores);
}

/** What the one takes more than the other, as a share of the other: of the medians. */
export function extraShare(segments: readonly Segment[]): number {
  return median(coresOf(segments, 'with')) / median(coresOf(segments, 'without')) - 1;
}

function openHouse(
  stage: Stage,
  cores: Cores | undefined,
  env: Readonly<Record<string, string>>,
): Promise<House> {
  return stage.openHouse({
    env: { CALLS_MAX: '1000', ...env },
    ...(cores === undefined ? {} : { cores: cores.gateway }),
    // As in the bench of the load: on one core node's helpers compete with the main thread.
    nodeArgs: cores === undefined ? [] : ['--single-threaded-gc'],
  });
}

/** The same talk each time. */
async function hold(stage: Stage, arm: Arm, house: House, calls: number): Promise<Segment> {
  const random = seededRandom(7);
  const callers: Caller[] = [];
  for (let number = 0; number < calls; number += 1)
    callers.push(await stage.prepare(talkOf(number, TURNS, random)));
  const before = parseMetrics(await pageOf(house));
  const startedAtMs = systemClock.nowMs();
  const { use } = await holdAll(house, callers, SEGMENT_MS, STAGGER_MS);
  const overS = (systemClock.nowMs() - startedAtMs) / 1_000;
  // What is told when a call is over.
  await sleep(systemClock, 1_000);
  const after = parseMetrics(await pageOf(house));
  return { arm, cores: use.cores ?? NaN, overS, before, after };
}
