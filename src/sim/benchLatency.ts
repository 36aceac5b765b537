// How long a caller waits for an answer, at the carrier's socket: from the frame with the last voiced sample to the
// first audible frame of the reply. With and without speculation, in pairs of calls at the same time.
import { systemClock } from '../base/clock.ts';
import { seededRandom } from '../base/random.ts';
import { SEED_TIMINGS } from './behaviour.ts';
import { shown, type BenchReport } from './benchReport.ts';
import { questionsOf } from './benchTalk.ts';
import { echoBrain } from './brain.ts';
import { waitOf } from './callerTurn.ts';
import { bucketQuantile, buckets, parseMetrics } from './metricText.ts';
import { ReplyWatch } from './replyWatch.ts';
import { hold, Stage, storedTurns, type House } from './stage.ts';
import { median, spread } from './statistics.ts';

const CALLS = 3;
const TURNS = 8;
/** What the issue asks for at the median. */
const TARGET_MS = 1_250;

interface Waits {
  readonly name: string;
  readonly carrierMs: number[];
  readonly gatewayMs: number[];
  missed: number;
}

export async function benchLatency(): Promise<BenchReport> {
  const replies = new ReplyWatch();
  const stage = await Stage.open({
    clock: systemClock,
    random: seededRandom(11),
    timings: SEED_TIMINGS,
    brain: echoBrain(),
    watch: {
      onFinal: () => undefined,
      onModelAsked: (atMs, body) => replies.asked(atMs, body),
      onToken: (atMs, body, text) => replies.token(atMs, body, text),
      onVoiceAsked: () => undefined,
      onVoiceByte: () => undefined,
    },
  });
  try {
    const houses = [
      { ...waitsOf('as shipped'), house: await stage.openHouse() },
      {
        ...waitsOf('DISABLE=speculation'),
        house: await stage.openHouse({ env: { DISABLE: 'speculation' } }),
      },
    ];
    for (let call = 0; call < CALLS; call += 1) {
      await Promise.all(houses.map((waits) => holdOne(stage, waits.house, call, waits)));
    }
    const metricMs = await Promise.all(houses.map(({ house }) => responseMetricMs(house)));
    return report(houses, metricMs, replies);
  } finally {
    await stage.close();
  }
}

function waitsOf(name: string): Waits {
  return { name, carrierMs: [], gatewayMs: [], missed: 0 };
}

async function holdOne(stage: Stage, house: House, number: number, waits: Waits): Promise<void> {
  const questions = questionsOf(number, TURNS);
  const caller = await stage.prepare([...questions.map((say) => ({ say })), { listen: true as const }]);
  const { call, report } = await hold(house, caller);
  for (const turn of report.turns) {
    if (turn.kind !== 'say') continue;
    const waitedMs = waitOf(turn);
    if (waitedMs === undefined) waits.missed += 1;
    else waits.carrierMs.push(waitedMs);
  }
  const turns = await storedTurns(house.gateway.url, call.callSid, systemClock);
  for (const { timings } of turns) {
    if (timings.response !== undefined) waits.gatewayMs.push(timings.response);
  }
}

async function responseMetricMs({ gateway }: House): Promise<number> {
  const samples = parseMetrics(await (await fetch(`${gateway.url}/metrics`)).text());
  return bucketQuantile(buckets(samples, 'turnpike_turn_response_seconds'), 0.5) * 1_000;
}

function report(all: readonly Waits[], metricMs: readonly number[], replies: ReplyWatch): BenchReport {
  const pieceMs = median(
    replies.replies.flatMap(({ firstTokenAtMs, pieceAtMs }) =>
      firstTokenAtMs === undefined || pieceAtMs === undefined ? [] : [pieceAtMs - firstTokenAtMs],
    ),
  );
  const { sttWordsMs, sttFinalMs, llmFirstTokenMs, ttsFirstByteMs } = SEED_TIMINGS;
  // Who waits for nothing but the providers asks the model as soon as the words are there.
  const floorMs = Math.min(sttWordsMs, sttFinalMs) + llmFirstTokenMs + pieceMs + ttsFirstByteMs;
  const figures = all.map(({ name, carrierMs, gatewayMs, missed }, index) => ({
    name,
    carrier: spread(carrierMs),
    gateway: spread(gatewayMs),
    metricMedianMs: metricMs[index] ?? NaN,
    missed,
    carrierMs,
    gatewayMs,
  }));
  return {
    title: `The caller's wait, at the carrier's socket: ${CALLS} calls of ${TURNS} turns, one after another`,
    tables: [
      {
        heading: ['ms', 'turns', 'median', 'p95', 'min', 'max', 'gateway', 'metric', 'missed'],
        rows: figures.map(({ name, carrier, gateway, metricMedianMs, missed }) => [
          name,
          String(carrier.count),
          ...[
            carrier.median,
            carrier.p95,
            carrier.min,
            carrier.max,
            gateway.median,
            metricMedianMs,
            missed,
          ].map((value) => shown(value)),
        ]),
      },
      {
        heading: ['beside', 'ms'],
        rows: [
          ['target, median', shown(TARGET_MS)],
          ['floor: words, first token, first piece, first byte', shown(floorMs)],
          ['of which first token to first piece', shown(pieceMs)],
        ],
      },
    ],
    notes: [
      'gateway: the median of the stored turns, whose clock starts where the voice detector heard the end; metric: out of the histogram, as coarse as its buckets.',
    ],
    figures: { targetMs: TARGET_MS, floorMs, pieceMs, timings: SEED_TIMINGS, conditions: figures },
  };
}
