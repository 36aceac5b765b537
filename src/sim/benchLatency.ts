// The table: the same conversations with all improvements off, with one more each time, and with all but one, against
// providers, a database, a disk and watchers as slow as the inherited table has them. All waits are the caller's, at the
// carrier's socket, from the frame with the last voiced sample to the first audible frame of the reply.
import { intentsOf } from '../agent/intentPlan.ts';
import { agentSchema } from '../agent/schema.ts';
import { errorText } from '../base/errors.ts';
import { parseJson } from '../base/json.ts';
import { responseKey } from '../llm/responseCache.ts';
import { SpeechText } from '../sentence/speechText.ts';
import { wholeTurns, type WholeTurns } from './benchHedging.ts';
import { shown, type BenchReport, type BenchTable } from './benchReport.ts';
import { costUs } from './benchWork.ts';
import { tokensOf } from './chatWire.ts';
import { conditionsFor, keyOf, TABLE, type Condition, type TableImprovement } from './latencyConditions.ts';
import {
  addingTable,
  inheritedNote,
  inheritedTable,
  medianMs,
  serialShare,
  withoutTable,
} from './latencyReport.ts';
import {
  COMMIT_MS,
  DISK_MS,
  runCondition,
  startSlowPostgres,
  WATCHERS_MS,
  type TurnSample,
} from './latencyRun.ts';
import { ANSWER_TOKENS, FIRST_CALL, latencyAgent, SECOND_CALL, wholeAnswer } from './latencyTalk.ts';
import { LONG_TAILS } from './longTail.ts';
import { quantile } from './statistics.ts';

/** Gateways that are measured at the same time, each with its own providers and its own database. */
const AT_ONCE = 6;
/** What is wanted of all off, against the sum of the serial waits. */
const SERIAL_SHARE = 0.1;

export interface LatencyOptions {
  /** Improvements to judge; empty: all. */
  readonly only: readonly TableImprovement[];
}

export function isTableImprovement(name: string): name is TableImprovement {
  return TABLE.some((improvement) => improvement === name);
}

export async function benchLatency(
  { only }: LatencyOptions,
  tell: (line: string) => void,
): Promise<BenchReport> {
  const { measured, missing, failed } = await holdAll(conditionsFor(only), tell);
  const tail = only.length === 0 || only.includes('hedging') ? await hangingTail(failed, tell) : undefined;
  const serial = serialShare(measured);
  const share = serial.waitMs / serial.serialMs;
  return {
    title: `The caller's wait with and without each improvement: ${FIRST_CALL.length} and ${SECOND_CALL.length} turns each, the same in every line`,
    tables: [
      addingTable(measured),
      withoutTable(measured),
      inheritedTable(),
      await shortWork(),
      ...(tail === undefined ? [] : [tailTable(tail)]),
    ],
    notes: [
      `Providers: the whole completion of ${ANSWER_TOKENS} tokens 2,000 ms (first token 500), whole synthesis 1,200 (first byte 200, the first sentence 800), the very first completion 2,000 more. ${databaseNote(missing)} A read of the speech cache's files ${DISK_MS}, a watcher that reads ${WATCHERS_MS} ms late.`,
      'Kinds: first: of the first call after a start; fresh: never asked before; repeated: asked by the call before in the same place; by intent: a line of the agent\u2019s file answers; hurried: the caller says so, and the model is told to be short. Medians.',
      'first table: in each line one improvement more, beside what the inherited table says of it; change: against the line above. second: all but one; change: against all on.',
      `All off: ${shown(serial.waitMs)} ms at the median, ${shown(share, 2)} of the sum of the serial waits of ${shown(serial.serialMs)} (decision, whole completion, whole synthesis, commit, watchers; wanted: within ${SERIAL_SHARE * 100} %).`,
      inheritedNote(),
      ...(failed.length === 0 ? [] : [`Not measured, because it failed: ${failed.join(', ')}.`]),
      'Hedging needs twenty requests to know what is late and asks at most one in twenty twice: in these lines it can do nothing, so it has a table of its own, with a model that hangs now and then.',
    ],
    figures: {
      serial: { ...serial, share },
      database: missing ?? 'postgres',
      conditions: Object.fromEntries(
        [...measured].map(([key, turns]) => [key === '' ? 'all on' : key, turns]),
      ),
      tail,
    },
  };
}

async function holdAll(conditions: readonly Condition[], tell: (line: string) => void) {
  const measured = new Map<string, readonly TurnSample[]>();
  const waiting = [...conditions];
  const failed: string[] = [];
  let missing: string | undefined;
  const lane = async (): Promise<void> => {
    const postgres = await startSlowPostgres();
    if ('missing' in postgres) missing = postgres.missing;
    const database = 'missing' in postgres ? undefined : postgres;
    try {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        try {
          const turns = await runCondition(next, database);
          measured.set(keyOf(next), turns);
          tell(`${next.name}: ${shown(medianMs(turns))} ms`);
        } catch (error) {
          // Ten minutes of the others are not thrown away for it.
          failed.push(next.name);
          tell(`${next.name}: ${errorText(error)}`);
        }
      }
    } finally {
      await database?.remove();
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: Math.min(AT_ONCE, waiting.length) }, lane));
  for (const result of lanes) if (result.status === 'rejected') throw result.reason;
  return { measured, missing, failed };
}

function databaseNote(missing: string | undefined): string {
  return missing === undefined
    ? `A commit of PostgreSQL ${COMMIT_MS}.`
    : `The embedded database, with no delay (${missing}).`;
}

async function hangingTail(failed: string[], tell: (line: string) => void): Promise<WholeTurns | undefined> {
  const name = 'a model that hangs now and then';
  const tail = LONG_TAILS.find((one) => one.name === 'hangs');
  if (tail === undefined) return undefined;
  tell(name);
  try {
    return await wholeTurns(tail);
  } catch (error) {
    failed.push(name);
    tell(`${name}: ${errorText(error)}`);
    return undefined;
  }
}

function tailTable({ alone, hedged }: WholeTurns): BenchTable {
  const row = (name: string, { responseMs, requests, hedged: extra }: WholeTurns['alone']): string[] => [
    name,
    shown(quantile(responseMs, 0.5)),
    shown(quantile(responseMs, 0.95)),
    `${shown((100 * extra) / (requests - extra), 1)} %`,
    String(responseMs.length),
  ];
  return {
    heading: ['six requests in a hundred hang, ms', 'median', 'p95', 'extra requests', 'turns'],
    rows: [row('without hedging', alone), row('all on', hedged)],
  };
}

/** What is too short to be seen in a wait. */
async function shortWork(): Promise<BenchTable> {
  const answer = wholeAnswer('a filling');
  const agent = { ...agentSchema.parse(parseJson(latencyAgent())), version: '00000000' };
  const intents = intentsOf(agent);
  const messages = [
    { role: 'system' as const, content: agent.prompt },
    { role: 'assistant' as const, content: answer },
    { role: 'user' as const, content: 'What does a new crown cost?' },
  ];
  const tokens = tokensOf(`Agent: Agent: ${answer}`);
  const strip = (): void => {
    const text = new SpeechText({ language: agent.language });
    for (const token of tokens) text.push(token);
    text.end();
  };
  const rows: readonly (readonly [string, string, () => unknown])[] = [
    [
      'all intents of a text, in one pass',
      '2 -> 0.5 ms',
      () => intents.find('no, this is not a bad time for me'),
    ],
    ['labels and markup out of an answer, as it streams', '2 -> 0.5 ms', strip],
    [
      'the key of an answer (BLAKE2b)',
      '0.5 -> 0.2 ms',
      () => responseKey(agent.version, undefined, messages),
    ],
  ];
  const measured = [];
  for (const [name, inherited, work] of rows) {
    measured.push([name, inherited, `${shown(await costUs(work), 1)} us`]);
  }
  return { heading: ['too short to see in a wait', 'inherited', 'here'], rows: measured };
}
