// Whether the first caller after a start waits longer than the tenth: each gateway is a process of its own that has just
// become ready, with the warm-up and without.
import { systemClock } from '../base/clock.ts';
import { seededRandom } from '../base/random.ts';
import { SEED_TIMINGS } from './behaviour.ts';
import { shown, type BenchReport } from './benchReport.ts';
import { questionsOf } from './benchTalk.ts';
import { echoBrain } from './brain.ts';
import type { Caller } from './caller.ts';
import { waitOf } from './callerTurn.ts';
import { hold, Stage, type House } from './stage.ts';
import { median } from './statistics.ts';

const STARTS = 3;
const CALLS = 10;
const TARGET = 1.1;

interface Start {
  readonly firstMs: number | undefined;
  readonly tenthMs: number | undefined;
}

export async function benchFirst(): Promise<BenchReport> {
  const conditions = [];
  for (const { name, disable } of [
    { name: 'as shipped', disable: '' },
    { name: 'DISABLE=warmup', disable: 'warmup' },
  ]) {
    const starts: Start[] = [];
    for (let start = 0; start < STARTS; start += 1) starts.push(await startOnce(disable, start));
    conditions.push({ name, ...ratioOf(starts), starts });
  }
  return {
    title: `The first turn of the first call after a start against that of the tenth: ${STARTS} starts each`,
    tables: [
      {
        heading: ['ms, medians', 'first call', 'tenth call', 'ratio', 'wanted'],
        rows: conditions.map(({ name, firstMs, tenthMs, ratio }) => [
          name,
          shown(firstMs),
          shown(tenthMs),
          shown(ratio, 2),
          name === 'as shipped' ? `at most ${TARGET}` : '',
        ]),
      },
    ],
    notes: [
      'The first call comes as soon as the gateway is ready; the eight between it and the tenth are held at the same time.',
    ],
    figures: { conditions },
  };
}

function ratioOf(starts: readonly Start[]): {
  readonly firstMs: number;
  readonly tenthMs: number;
  readonly ratio: number;
} {
  const known = (values: readonly (number | undefined)[]): number =>
    median(values.filter((value) => value !== undefined));
  const firstMs = known(starts.map((start) => start.firstMs));
  const tenthMs = known(starts.map((start) => start.tenthMs));
  return { firstMs, tenthMs, ratio: firstMs / tenthMs };
}

/** Providers of its own as well: nothing has been spoken or asked before. */
async function startOnce(disable: string, seed: number): Promise<Start> {
  const stage = await Stage.open({
    clock: systemClock,
    random: seededRandom(31 + seed),
    timings: SEED_TIMINGS,
    brain: echoBrain(),
  });
  try {
    const callers: Caller[] = [];
    for (let call = 0; call < CALLS; call += 1) {
      callers.push(await stage.prepare([...questionsOf(call, 1).map((say) => ({ say })), { listen: true }]));
    }
    const house = await stage.openHouse(disable === '' ? {} : { env: { DISABLE: disable } });
    const [first, ...others] = callers;
    const tenth = others.pop();
    if (first === undefined || tenth === undefined) throw new Error('there are too few callers');
    const firstMs = await firstWaitOf(house, first);
    await Promise.all(others.map((caller) => firstWaitOf(house, caller)));
    return { firstMs, tenthMs: await firstWaitOf(house, tenth) };
  } finally {
    await stage.close();
  }
}

async function firstWaitOf(house: House, caller: Caller): Promise<number | undefined> {
  const { report } = await hold(house, caller);
  const turn = report.turns.find(({ kind }) => kind === 'say');
  return turn === undefined ? undefined : waitOf(turn);
}
