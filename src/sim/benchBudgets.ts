// The caller's wait against stated budgets of the providers' delays, at the carrier's socket, and where no model is asked at
// all. What each improvement has to do with it is another bench's: latency.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { sleep, systemClock } from '../base/clock.ts';
import { seededRandom } from '../base/random.ts';
import { SEED_TIMINGS, type SimTimings } from './behaviour.ts';
import { benchAgent } from './benchAgent.ts';
import { shown, type BenchReport } from './benchReport.ts';
import { BRISK_ANSWERS, briskBrain, questionsOf } from './benchTalk.ts';
import { waitOf } from './callerTurn.ts';
import { tokensOf } from './chatWire.ts';
import { sayable } from '../sentence/sayable.ts';
import { hold, Stage } from './stage.ts';
import { median, spread } from './statistics.ts';

const CALLS = 2;
const TURNS = 8;
/** Two calls of a gateway begin so far apart. */
const STAGGER_MS = 1_700;
/** Twilio's published budget for a voice agent of one's own, as delays. */
const TWILIO: SimTimings = {
  ...SEED_TIMINGS,
  sttWordsMs: 200,
  sttFinalMs: 350,
  llmFirstTokenMs: 375,
  ttsFirstByteMs: 100,
};
const FAST: SimTimings = {
  ...SEED_TIMINGS,
  sttWordsMs: 120,
  sttFinalMs: 60,
  llmFirstTokenMs: 150,
  llmTokenMs: 8,
  ttsFirstByteMs: 90,
};
const HOURS = [
  'When are you open?',
  'What are your opening hours?',
  'Are you open on Sunday?',
  'When do you close?',
];

interface Budget {
  readonly name: string;
  readonly timings: SimTimings;
  readonly disable: string;
  /** Asked in turn; none: a question of the bench's own each time. */
  readonly questions?: readonly string[];
  readonly agent?: Readonly<Record<string, unknown>>;
  readonly p50Max?: number;
  readonly p95Max?: number;
  /** Answered without the model: it has no part in the floor. */
  readonly ready?: boolean;
}

const BUDGETS: readonly Budget[] = [
  { name: 'seed delays, all on', timings: SEED_TIMINGS, disable: '', p50Max: 1_000 },
  { name: 'seed delays, nothing said before', timings: SEED_TIMINGS, disable: 'tts-cache', p50Max: 1_000 },
  { name: 'Twilio\u2019s budget', timings: TWILIO, disable: '', p50Max: 780, p95Max: 950 },
  {
    name: 'Twilio\u2019s budget, nothing said before',
    timings: TWILIO,
    disable: 'tts-cache',
    p50Max: 780,
    p95Max: 950,
  },
  { name: 'fast providers', timings: FAST, disable: '', p50Max: 480 },
  { name: 'fast providers, nothing said before', timings: FAST, disable: 'tts-cache', p50Max: 480 },
  {
    name: 'a line by intent',
    timings: SEED_TIMINGS,
    disable: '',
    questions: HOURS,
    agent: {
      intents: {
        opening_hours: {
          phrases: ['when are|do you open|close', 'opening hours', 'are you open'],
          say: 'We are open from eight to six, Monday to Friday.',
        },
      },
    },
    p50Max: 380,
    ready: true,
  },
  {
    name: 'an answer kept',
    timings: SEED_TIMINGS,
    disable: 'intents',
    questions: HOURS.slice(0, 1),
    agent: { repeatable: true },
    p50Max: 380,
    ready: true,
  },
];

/** `wanted`: parts of the names of those that are measured; empty: all. */
export async function benchBudgets(
  wanted: readonly string[],
  tell: (line: string) => void,
): Promise<BenchReport> {
  const chosen = BUDGETS.filter(
    ({ name }) => wanted.length === 0 || wanted.some((part) => name.toLowerCase().includes(part)),
  );
  if (chosen.length === 0) throw new Error(`no budget is called ${wanted.join(' or ')}`);
  const outcomes = [];
  for (const budget of chosen) {
    tell(budget.name);
    outcomes.push({ ...(await measure(budget)), floorMs: await floorMs(budget) });
  }
  return {
    title: `The caller's wait by the providers' delays: ${CALLS} calls of ${TURNS} turns each`,
    tables: [
      {
        heading: ['ms', 'turns', 'floor', 'median', 'wanted', 'p95', 'wanted', 'missed'],
        rows: outcomes.map(({ budget, waits, missed, floorMs: floor }) => [
          budget.name,
          String(waits.count),
          floor === undefined ? '' : shown(floor),
          shown(waits.median),
          budget.p50Max === undefined ? '' : `at most ${budget.p50Max}`,
          shown(waits.p95),
          budget.p95Max === undefined ? '' : `at most ${budget.p95Max}`,
          String(missed),
        ]),
      },
    ],
    notes: [
      'From the frame with the last voiced sample to the first audible frame of the reply, the decision that the caller has finished included.',
      'Floor: what no gateway can take away, the medians of last words known + first token + the tokens of the first piece + first audio. Answers begin with a sentence of one or two words.',
      'Nothing said before: DISABLE=tts-cache. With the cache a first piece such as "Sure." costs no first audio once it has been said, and a wait can be below the floor.',
      'An answer kept: of the second call, which asks what the first one has asked.',
    ],
    figures: { outcomes },
  };
}

async function measure(budget: Budget) {
  const stage = await Stage.open({
    clock: systemClock,
    random: seededRandom(11),
    timings: budget.timings,
    brain: briskBrain(),
  });
  const waits: number[] = [];
  let missed = 0;
  try {
    await stage.rehearse(BRISK_ANSWERS);
    const house = await stage.openHouse({ env: envOf(stage, budget) });
    const kept = budget.agent?.['repeatable'] === true;
    const callers = await Promise.all(
      Array.from({ length: CALLS }, (_unused, call) => {
        const { questions } = budget;
        const asked = kept ? (questions ?? []) : (questions ?? questionsOf(call, TURNS));
        const says = kept
          ? asked
          : Array.from({ length: TURNS }, (_none, turn) => asked[turn % asked.length] ?? '');
        return stage.prepare([...says.map((say) => ({ say })), { listen: true as const }]);
      }),
    );
    const holdOne = async (call: number): Promise<void> => {
      const caller = callers[call];
      if (caller === undefined) return;
      const { report } = await hold(house, caller);
      if (kept && call === 0) return;
      for (const turn of report.turns) {
        if (turn.kind !== 'say') continue;
        const waitedMs = waitOf(turn);
        if (waitedMs === undefined) missed += 1;
        else waits.push(waitedMs);
      }
    };
    if (kept) for (let call = 0; call < CALLS; call += 1) await holdOne(call);
    else {
      await Promise.all(
        Array.from({ length: CALLS }, async (_unused, call) => {
          await sleep(systemClock, call * STAGGER_MS);
          await holdOne(call);
        }),
      );
    }
  } finally {
    await stage.close();
  }
  return { budget, waits: spread(waits), missed };
}

/** The median over all answers; undefined where no model is asked. */
async function floorMs({ timings, ready }: Budget): Promise<number | undefined> {
  if (ready === true) return undefined;
  const tokens = await Promise.all(BRISK_ANSWERS.map(tokensOfFirstPiece));
  const { sttWordsMs, llmFirstTokenMs, llmTokenMs, ttsFirstByteMs } = timings;
  return sttWordsMs + llmFirstTokenMs + (median(tokens) - 1) * llmTokenMs + ttsFirstByteMs;
}

/** How many tokens of an answer have come when its first piece is known. */
async function tokensOfFirstPiece(answer: string): Promise<number> {
  let given = 0;
  async function* tokens(): AsyncGenerator<string, void, undefined> {
    for (const token of tokensOf(answer)) {
      given += 1;
      yield token;
    }
  }
  for await (const _piece of sayable(tokens(), { language: 'en-US', earlyClause: true })) return given;
  return given;
}

function envOf(stage: Stage, { disable, agent }: Budget): Record<string, string> {
  const env: Record<string, string> = disable === '' ? {} : { DISABLE: disable };
  if (agent === undefined) return env;
  const file = path.join(stage.temporaryFolder(), 'agent.yaml');
  const text = benchAgent({
    name: 'bench',
    greeting: 'Hello, how can I help you?',
    prompt: 'Answer in one short sentence.',
    ...agent,
  });
  writeFileSync(file, text);
  return { ...env, AGENT: file };
}
