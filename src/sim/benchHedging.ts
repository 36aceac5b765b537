// What a second request for a late first token gives, within five requests more in a hundred: request for request on
// drawn times, and in whole turns at the carrier's socket.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { systemClock } from '../base/clock.ts';
import { seededRandom } from '../base/random.ts';
import { SEED_TIMINGS } from './behaviour.ts';
import { benchAgent } from './benchAgent.ts';
import { shown, type BenchReport, type BenchTable } from './benchReport.ts';
import { ANSWERS, answeringBrain, questionsOf } from './benchTalk.ts';
import { waitOf } from './callerTurn.ts';
import { hedgedRequests } from './hedgedRequests.ts';
import { LONG_TAILS, setOf, type LongTail } from './longTail.ts';
import { parseMetrics, total } from './metricText.ts';
import { hold, Stage, type House } from './stage.ts';
import { quantile } from './statistics.ts';

const REQUESTS = 100_000;
/** Twice as many at once, one gateway beside the other: more make the simulated carrier late. */
const CALLS = 10;
const TURNS = 16;
const GREETING = 'Harbour Dental, how can I help you?';
const SET_SIZE = 400;
/** Calls begin so far apart. */
const STAGGER_MS = 250;
/** Of the p95, what is asked for. */
const TARGET_SHARE = 0.7;

export async function benchHedging(): Promise<BenchReport> {
  const drawn = LONG_TAILS.map((tail) => ({
    name: tail.name,
    boundMs: tail.quantileMs(0.9),
    ...hedgedRequests(tail, REQUESTS, seededRandom(5)),
  }));
  const whole = [];
  for (const tail of LONG_TAILS) whole.push(await wholeTurns(tail));
  return {
    title: `Hedging: ${REQUESTS} drawn requests of each shape, then ${CALLS} calls of ${TURNS} turns with and without`,
    tables: [
      {
        heading: [
          'first token, ms',
          'p50',
          'p95',
          'hedged p50',
          'hedged p95',
          'change',
          'extra',
          'bound of p95',
        ],
        rows: drawn.map(({ name, aloneMs, hedgedMs, extra, boundMs }) => [
          name,
          ...comparison(aloneMs, hedgedMs),
          `${shown((100 * extra) / REQUESTS, 1)} %`,
          shown(boundMs),
        ]),
      },
      turnsTable(whole),
    ],
    notes: [
      'even: a logarithmic normal distribution; hangs: six requests in a hundred hang. Both have p50 540, p95 1,770, max 5,000 ms.',
      'bound: each extra request can save one late request at most, so five in a hundred cannot bring the p95 below what was the p90, whoever chooses them.',
      `asked for: a response p95 of at most ${TARGET_SHARE} of that without hedging.`,
    ],
    figures: {
      drawn: drawn.map(({ name, boundMs, extra, aloneMs, hedgedMs }) => ({
        name,
        boundMs,
        extra,
        p95Ms: quantile(aloneMs, 0.95),
        hedgedP95Ms: quantile(hedgedMs, 0.95),
      })),
      whole,
    },
  };
}

export interface WholeTurns {
  readonly name: string;
  readonly alone: HouseTurns;
  readonly hedged: HouseTurns;
}

interface HouseTurns {
  readonly responseMs: readonly number[];
  /** Requests to the model that were answered or lost, and those among them that lost. */
  readonly requests: number;
  readonly hedged: number;
  readonly missed: number;
}

/** Each gateway has providers of its own, with the same times in the same order of requests. */
export async function wholeTurns(tail: LongTail): Promise<WholeTurns> {
  const [alone, hedged] = await Promise.all([turnsOf(tail, { DISABLE: 'hedging' }), turnsOf(tail, {})]);
  return { name: tail.name, alone, hedged };
}

async function turnsOf(tail: LongTail, env: Readonly<Record<string, string>>): Promise<HouseTurns> {
  const stage = await Stage.open({
    clock: systemClock,
    random: seededRandom(23),
    timings: { ...SEED_TIMINGS, llmFirstTokensMs: setOf(tail, SET_SIZE) },
    brain: answeringBrain(SHORT_ANSWERS),
  });
  try {
    await stage.rehearse(SHORT_ANSWERS);
    // One model, as most agents have: with another behind it, that would be asked when the first is late, hedging or not.
    const agent = path.join(stage.temporaryFolder(), 'agent.yaml');
    writeFileSync(
      agent,
      benchAgent({ name: 'hedging', prompt: 'You answer the phone.', greeting: GREETING }),
    );
    const house = await stage.openHouse({ env: { AGENT: agent, ...env } });
    const calls = Array.from({ length: CALLS }, (_unused, number) => responsesOf(stage, house, number));
    const turns = (await Promise.all(calls)).flat();
    const samples = parseMetrics(await (await fetch(`${house.gateway.url}/metrics`)).text());
    const requests = (outcome?: string): number =>
      total(samples, 'turnpike_provider_requests_total', {
        stage: 'llm',
        ...(outcome === undefined ? {} : { outcome }),
      });
    const responseMs = turns.filter((waitMs) => waitMs !== undefined);
    return {
      responseMs,
      requests: requests(),
      hedged: requests('hedged'),
      missed: turns.length - responseMs.length,
    };
  } finally {
    await stage.close();
  }
}

/** The first sentences: what follows them says nothing about the wait. */
const SHORT_ANSWERS: readonly string[] = ANSWERS.map((answer) => `${answer.split('. ')[0] ?? answer}.`);

async function responsesOf(stage: Stage, house: House, number: number): Promise<(number | undefined)[]> {
  const caller = await stage.prepare([
    ...questionsOf(number, TURNS).map((say) => ({ say })),
    { listen: true as const },
  ]);
  await new Promise<void>((resolve) => void systemClock.after(number * STAGGER_MS, resolve));
  const { report } = await hold(house, caller);
  return report.turns.filter(({ kind }) => kind === 'say').map(waitOf);
}

function turnsTable(whole: readonly WholeTurns[]): BenchTable {
  return {
    heading: ['response, ms', 'p50', 'p95', 'hedged p50', 'hedged p95', 'change', 'extra', 'turns', 'missed'],
    rows: whole.map(({ name, alone, hedged }) => [
      name,
      ...comparison(alone.responseMs, hedged.responseMs),
      `${shown((100 * hedged.hedged) / (hedged.requests - hedged.hedged), 1)} %`,
      `${alone.responseMs.length} ${hedged.responseMs.length}`,
      `${alone.missed} ${hedged.missed}`,
    ]),
  };
}

function comparison(aloneMs: readonly number[], hedgedMs: readonly number[]): string[] {
  const [before, after] = [quantile(aloneMs, 0.95), quantile(hedgedMs, 0.95)];
  return [
    shown(quantile(aloneMs, 0.5)),
    shown(before),
    shown(quantile(hedgedMs, 0.5)),
    shown(after),
    `${shown(100 * (after / before - 1))} %`,
  ];
}
