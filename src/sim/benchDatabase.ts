// PostgreSQL that is stopped, killed and made to stand still under calls: whether a turn that was told to be finished is missing
// in it afterwards or there twice, whether a call is lost, and whether callers wait any longer while it is away.
import { strict as assert } from 'node:assert';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { sleep, systemClock } from '../base/clock.ts';
import { seededRandom } from '../base/random.ts';
import type { LiveEvent } from '../events/event.ts';
import { SEED_TIMINGS } from './behaviour.ts';
import { benchAgent } from './benchAgent.ts';
import { shown, type BenchReport, type BenchTable } from './benchReport.ts';
import { numberedAnswer, numberedBrain, questionsOf, withoutNumbers } from './benchTalk.ts';
import type { Caller } from './caller.ts';
import { waitOf } from './callerTurn.ts';
import type { CarrierCall } from './carrierCall.ts';
import { watchEvents } from './eventFeed.ts';
import type { GatewayProcess } from './gatewayProcess.ts';
import { parseMetrics, total } from './metricText.ts';
import { startPostgres, type Postgres } from './postgres.ts';
import { AGENT_NUMBER, CALLER_NUMBER, Stage, type HeldCall, type House } from './stage.ts';
import { quantile } from './statistics.ts';

/** How it goes away; each comes back on what it had. */
export type Blow = 'shut down' | 'killed' | 'standing still';

/** What it is away for: so long, and until so many turns were finished meanwhile. */
export interface Away {
  readonly how: Blow;
  readonly ms: number;
  readonly turns: number;
}

export interface DatabaseOptions {
  /** Who are on the line all the time; at each blow one more rings up. */
  readonly calls: number;
  readonly blows: readonly Away[];
  /** Before the first blow and after each, likewise. */
  readonly between: Pick<Away, 'ms' | 'turns'>;
}

type Finished = Extract<LiveEvent, { type: 'turn.finished' }>;

interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface BlowResult extends Span {
  readonly how: Blow;
  /** Turns that were told to be finished meanwhile, and rows that waited when it came back. */
  readonly toldTurns: number;
  readonly waitingRows: number;
}

export interface DatabaseResult {
  readonly calls: number;
  /** Calls that ended otherwise than by their caller, and turns that nobody answered. */
  readonly lostCalls: number;
  readonly missedTurns: number;
  /** Turns that somebody was told are finished; those that the database has not, and those that it has more than once. */
  readonly toldTurns: number;
  readonly lostTurns: readonly Finished[];
  readonly doubledTurns: readonly Finished[];
  readonly blows: readonly BlowResult[];
  /** From the end of speech to the reply, while it was there and while it was away; greetings from the answer, by themselves. */
  readonly waitsMs: Waits;
  readonly greetingsMs: Waits;
}

interface Waits {
  readonly there: readonly number[];
  readonly away: readonly number[];
}

/** More than anybody says in a bench. */
const TURNS = 400;
const STAGGER_MS = 300;
/** A turn takes some six seconds; without one for so long something else is wrong. */
const TURN_MS_MAX = 60_000;
/** Rows that waited are committed within the longest pause between two attempts, and then some. */
const SETTLED_MS_MAX = 60_000;
const TARGETS = { addedMedianMs: 20, addedP95Ms: 50 } as const;

/** The gateway of `house` keeps its calls in the database at `databaseUrl` of this server. */
export async function strikeDatabase(
  { stage, house, server, databaseUrl }: Struck,
  options: DatabaseOptions,
  tell: (line: string) => void = () => undefined,
): Promise<DatabaseResult> {
  const finished = new Map<string, Finished>();
  const feed = await watchEvents(house.gateway.url, (event) => {
    // Told again with more of it, a turn is the same turn.
    if (event.type === 'turn.finished') finished.set(`${event.callSid} ${event.turn}`, event);
  });
  try {
    const line = await Line.open(stage, house, options.calls + options.blows.length);
    const { blows, held } = await line.holding(() =>
      strikeInTurn({ line, house, server }, options, () => finished.size, tell),
    );
    await settled(house.gateway);
    const told = [...finished.values()];
    return {
      calls: held.length,
      lostCalls: held.filter(({ call }) => call.end?.by !== 'caller').length,
      // All hang up in the midst of a turn.
      missedTurns: held.flatMap(({ report }) => report.turns.slice(0, -1)).filter(({ missed }) => missed)
        .length,
      toldTurns: told.length,
      ...compared(
        told,
        server.rows(databaseUrl, 'select call_sid, caller_text, agent_text, heard_text from turns'),
      ),
      blows,
      waitsMs: waits(held, blows, false),
      greetingsMs: waits(held, blows, true),
    };
  } finally {
    feed.close();
  }
}

/** `finished`: turns that were told to be finished by now. */
async function strikeInTurn(
  { line, house, server }: Pick<Struck, 'house' | 'server'> & { readonly line: Line },
  options: DatabaseOptions,
  finished: () => number,
  tell: (line: string) => void,
): Promise<readonly BlowResult[]> {
  for (let number = 0; number < options.calls; number += 1) await line.ring();
  await until(options.between, finished);
  const blows: BlowResult[] = [];
  for (const away of options.blows) {
    const before = finished();
    const fromMs = await strike(server, away.how);
    await line.ring();
    await until(away, () => finished() - before);
    const toldTurns = finished() - before;
    const waitingRows = await pendingRows(house.gateway);
    await restore(server, away.how);
    const toMs = systemClock.nowMs();
    blows.push({ how: away.how, fromMs, toMs, toldTurns, waitingRows });
    tell(
      `${away.how} for ${shown((toMs - fromMs) / 1_000)} s: ${toldTurns} turns finished, ${waitingRows} rows waited`,
    );
    await until(options.between, () => finished() - before - toldTurns);
  }
  return blows;
}

export interface Struck {
  readonly stage: Stage;
  readonly house: House;
  readonly server: Postgres;
  readonly databaseUrl: string;
}

/** Who is on the line, and who has yet to ring up. */
class Line {
  readonly #house: House;
  readonly #callers: Caller[];
  readonly #held: Promise<HeldCall>[] = [];
  readonly #calls: CarrierCall[] = [];

  private constructor(house: House, callers: Caller[]) {
    this.#house = house;
    this.#callers = callers;
  }

  /** What so many callers will say is synthesised now: nobody's wait is to have that in it. */
  static async open(stage: Stage, house: House, count: number): Promise<Line> {
    const callers: Caller[] = [];
    for (let number = 0; number < count; number += 1)
      callers.push(await stage.prepare(questionsOf(number, TURNS).map((say) => ({ say }))));
    return new Line(house, callers);
  }

  /** Somebody asks one question after another until the end. Resolves when the next may ring. */
  async ring(): Promise<void> {
    const caller = this.#callers.shift();
    assert(caller !== undefined, 'as many ring as were told of');
    const call = this.#house.carrier.placeCall({ from: CALLER_NUMBER, to: AGENT_NUMBER });
    this.#calls.push(call);
    const held = caller.take(call).then((report) => ({ call, report }));
    // Whoever holds the line is told when all have hung up.
    held.catch(() => undefined);
    this.#held.push(held);
    await sleep(systemClock, STAGGER_MS);
  }

  /** Whatever becomes of `work`, all hang up after it, and nobody is left on the line. */
  async holding(
    work: () => Promise<readonly BlowResult[]>,
  ): Promise<{ readonly blows: readonly BlowResult[]; readonly held: readonly HeldCall[] }> {
    let blows: readonly BlowResult[];
    try {
      blows = await work();
    } finally {
      for (const call of this.#calls) call.hangUp();
      await Promise.allSettled(this.#held);
    }
    return { blows, held: await Promise.all(this.#held) };
  }
}

/** Answers when it was. */
async function strike(server: Postgres, how: Blow): Promise<number> {
  const atMs = systemClock.nowMs();
  if (how === 'shut down') await server.shutDown();
  else if (how === 'killed') await server.kill();
  else server.pause();
  return atMs;
}

async function restore(server: Postgres, how: Blow): Promise<void> {
  if (how === 'standing still') server.resume();
  else await server.start();
}

/** Rejects when there are no turns. */
async function until({ ms, turns }: Pick<Away, 'ms' | 'turns'>, told: () => number): Promise<void> {
  const fromMs = systemClock.nowMs();
  const deadlineMs = fromMs + Math.max(ms, TURN_MS_MAX * Math.max(1, turns));
  while (systemClock.nowMs() - fromMs < ms || told() < turns) {
    if (systemClock.nowMs() > deadlineMs) throw new Error(`only ${told()} of ${turns} turns were finished`);
    await sleep(systemClock, 50);
  }
}

async function pendingRows(gateway: GatewayProcess): Promise<number> {
  const page = await (await fetch(`${gateway.url}/metrics`)).text();
  return total(parseMetrics(page), 'turnpike_store_pending_writes');
}

/** Everything that was accepted is committed: all calls have ended, and nothing waits. */
async function settled(gateway: GatewayProcess): Promise<void> {
  const deadlineMs = systemClock.nowMs() + SETTLED_MS_MAX;
  for (let quiet = 0; quiet < 3;) {
    await sleep(systemClock, 500);
    const page = parseMetrics(await (await fetch(`${gateway.url}/metrics`)).text());
    const left = total(page, 'turnpike_store_pending_writes') + total(page, 'turnpike_calls_active');
    quiet = left === 0 ? quiet + 1 : 0;
    if (systemClock.nowMs() > deadlineMs) throw new Error(`${left} rows and calls are left`);
  }
}

/** Every answer has a number of its own, so a row of the same words is the same turn once more. */
function compared(
  told: readonly Finished[],
  rows: readonly Readonly<Record<string, unknown>>[],
): Pick<DatabaseResult, 'lostTurns' | 'doubledTurns'> {
  const times = new Map<string, number>();
  for (const row of rows) {
    const key = keyOf(row['call_sid'], row['caller_text'], row['agent_text'], row['heard_text']);
    times.set(key, (times.get(key) ?? 0) + 1);
  }
  const timesOf = ({ callSid, callerText, agentText, heardText }: Finished): number =>
    times.get(keyOf(callSid, callerText, agentText, heardText)) ?? 0;
  return {
    lostTurns: told.filter((turn) => timesOf(turn) === 0),
    doubledTurns: told.filter((turn) => timesOf(turn) > 1),
  };
}

function keyOf(...parts: readonly unknown[]): string {
  return JSON.stringify(parts);
}

/** Those whose caller began to wait while it was away, and the others. */
function waits(held: readonly HeldCall[], spans: readonly Span[], greetings: boolean): Waits {
  const there: number[] = [];
  const away: number[] = [];
  for (const turn of held.flatMap(({ report }) => report.turns)) {
    const waitMs = waitOf(turn);
    const atMs = turn.endOfSpeechAtMs;
    if (waitMs === undefined || atMs === undefined || (turn.kind === 'greeting') !== greetings) continue;
    const isAway = spans.some(({ fromMs, toMs }) => atMs >= fromMs && atMs < toMs);
    (isAway ? away : there).push(waitMs);
  }
  return { there, away };
}

const CALLS = 6;
const BETWEEN = { ms: 30_000, turns: 1 };
/** For each trial. */
const AWAY_MS = { 'shut down': 30_000, killed: 15_000, 'standing still': 15_000 } as const;

/** `trials`: so many half minutes it is shut down, and half as long killed, and again standing still. */
export async function benchDatabase(
  { seed, trials }: { readonly seed: number; readonly trials: number },
  tell: (line: string) => void,
): Promise<BenchReport> {
  const server = await startPostgres();
  if ('missing' in server) {
    const notes = [`The database was not struck: ${server.missing}.`];
    return { title: 'PostgreSQL away: not measured', tables: [], notes, figures: undefined };
  }
  try {
    const stage = await Stage.open({
      clock: systemClock,
      random: seededRandom(seed),
      timings: SEED_TIMINGS,
      brain: numberedBrain(),
      pronounced: withoutNumbers,
    });
    try {
      await stage.rehearse([numberedAnswer(1)]);
      const struck = await openStruck(stage, server);
      const blows = Object.entries(AWAY_MS).map(([how, ms]) => ({
        how: how as Blow,
        ms: ms * trials,
        turns: 1,
      }));
      return report(await strikeDatabase(struck, { calls: CALLS, blows, between: BETWEEN }, tell));
    } finally {
      await stage.close();
    }
  } finally {
    await server.remove();
  }
}

/** A gateway on a database of this server. The stage closes it. */
export async function openStruck(stage: Stage, server: Postgres): Promise<Struck> {
  const databaseUrl = await server.newDatabase();
  const agentFile = path.join(stage.temporaryFolder(), 'database.yaml');
  const agent = {
    name: 'database',
    callerNumber: AGENT_NUMBER,
    greeting: 'Hello there.',
    prompt: 'Be brief.',
  };
  writeFileSync(agentFile, benchAgent(agent));
  const house = await stage.openHouse({ env: { AGENT: agentFile, DATABASE_URL: databaseUrl } });
  return { stage, house, server, databaseUrl };
}

function report(result: DatabaseResult): BenchReport {
  return {
    title: `PostgreSQL away ${result.blows.length} times under ${CALLS} calls`,
    tables: [blowTable(result.blows), figureTable(result)],
    notes: [
      'PostgreSQL is told by its own client what it has when all is over. Each blow is met by the calls under way and by one that begins then; a wait counts as while away when the caller fell silent in that time.',
    ],
    figures: result,
  };
}

function blowTable(blows: readonly BlowResult[]): BenchTable {
  return {
    heading: ['PostgreSQL is', 'for, s', 'turns finished meanwhile', 'rows that waited'],
    rows: blows.map(({ how, fromMs, toMs, toldTurns, waitingRows }) => [
      how,
      shown((toMs - fromMs) / 1_000),
      shown(toldTurns),
      shown(waitingRows),
    ]),
  };
}

function figureTable(result: DatabaseResult): BenchTable {
  const { calls, lostCalls, missedTurns, toldTurns, lostTurns, doubledTurns, waitsMs, greetingsMs } = result;
  const counted = (what: string, count: number): readonly string[] => [
    what,
    shown(count),
    '0',
    count === 0 ? 'kept' : 'BROKEN',
  ];
  const added = (what: string, { there, away }: Waits, share: number, mostMs?: number): readonly string[] => {
    const ms = quantile(away, share) - quantile(there, share);
    const kept = ms <= (mostMs ?? Infinity) ? 'kept' : 'BROKEN';
    return [what, shown(ms), ...(mostMs === undefined ? ['', ''] : [`at most ${mostMs}`, kept])];
  };
  return {
    heading: ['', 'measured', 'wanted', ''],
    rows: [
      ['calls', shown(calls), '', ''],
      counted('calls lost', lostCalls),
      counted('turns without an answer', missedTurns),
      ['turns told to be finished', shown(toldTurns), '', ''],
      counted('... that the database has not', lostTurns.length),
      counted('... that it has twice', doubledTurns.length),
      ['wait while it is there, median, ms', shown(quantile(waitsMs.there, 0.5)), '', ''],
      ['... p95, ms', shown(quantile(waitsMs.there, 0.95)), '', ''],
      added('added while it is away, median, ms', waitsMs, 0.5, TARGETS.addedMedianMs),
      added('... p95, ms', waitsMs, 0.95, TARGETS.addedP95Ms),
      added('added to the greeting of calls that begin then, median, ms', greetingsMs, 0.5),
    ],
  };
}
