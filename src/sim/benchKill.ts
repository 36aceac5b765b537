// Processes that are killed under calls, again and again: whose calls go on elsewhere, how long their callers hear nothing,
// and whether any turn is missing that somebody was told is finished.
import { sleep, systemClock } from '../base/clock.ts';
import { isRecord } from '../base/json.ts';
import { seededRandom, type Random } from '../base/random.ts';
import type { LiveEvent } from '../events/event.ts';
import { SEED_TIMINGS } from './behaviour.ts';
import { shown, type BenchReport } from './benchReport.ts';
import { ANSWERS, answeringBrain, questionsOf } from './benchTalk.ts';
import type { CarrierCall } from './carrierCall.ts';
import { watchEvents } from './eventFeed.ts';
import { Fleet } from './fleet.ts';
import type { GatewayProcess } from './gatewayProcess.ts';
import { startPostgres } from './postgres.ts';
import { AGENT_NUMBER, CALLER_NUMBER, Stage } from './stage.ts';
import { quantile, spread } from './statistics.ts';

const CALLS = 10;
const TURNS = 400;
const STAGGER_MS = 200;
/** Between two kills, at random. */
const PAUSE_MS = { least: 500, most: 3_000 } as const;
/** A call that says nothing for so long after its instance was killed was not taken up. */
const TAKEN_UP_MS_MAX = 10_000;
const TARGETS = { lostTurns: 0, resumedShare: 0.99, gapMs: 2_000 } as const;
/** Rows that a killed process has left are committed by the one that follows it. */
const SETTLE_MS = 3_000;

type Finished = Extract<LiveEvent, { type: 'turn.finished' }>;

export interface KillResult {
  readonly kills: number;
  /** Calls that were on a process when it was killed, how many of them went on, and after how long something was heard. */
  readonly struck: number;
  readonly gapsMs: readonly number[];
  /** Turns that somebody was told are finished, and those of them that are in no database. */
  readonly toldTurns: number;
  readonly lostTurns: readonly Finished[];
  /** Calls that ended otherwise than by their caller. */
  readonly dropped: number;
}

/** Which calls a process has, and which turns it told to be finished: by its own events. */
class Watched {
  readonly live = new Set<string>();
  readonly finished: Map<string, Finished>;

  constructor(finished: Map<string, Finished>) {
    this.finished = finished;
  }

  saw(event: LiveEvent, member: string): void {
    if (event.type === 'call.started' || event.type === 'call.resumed') this.live.add(event.callSid);
    if (event.type === 'call.ended') this.live.delete(event.callSid);
    // Told again with more of it, a turn is the same turn.
    if (event.type === 'turn.finished') this.finished.set(`${member} ${event.callSid} ${event.turn}`, event);
  }
}

export async function killUnderCalls(
  stage: Stage,
  fleet: Fleet,
  options: { readonly calls: number; readonly kills: number; readonly random: Random },
  tell: (line: string) => void = () => undefined,
): Promise<KillResult> {
  const { random } = options;
  const finished = new Map<string, Finished>();
  const watch = async (member: GatewayProcess): Promise<Watched> => {
    const watched = new Watched(finished);
    await watchEvents(member.url, (event) => watched.saw(event, member.url));
    return watched;
  };
  const watched = await Promise.all(fleet.members.map(watch));
  const calls: CarrierCall[] = [];
  const held: Promise<unknown>[] = [];
  for (let number = 0; number < options.calls; number += 1) {
    const caller = await stage.prepare(questionsOf(number, TURNS).map((say) => ({ say })));
    const call = fleet.carrier.placeCall({ from: CALLER_NUMBER, to: AGENT_NUMBER });
    calls.push(call);
    held.push(caller.take(call));
    await sleep(systemClock, STAGGER_MS);
  }
  const gapsMs: number[] = [];
  let struck = 0;
  for (let kill = 0; kill < options.kills; kill += 1) {
    await sleep(systemClock, PAUSE_MS.least + random.next() * (PAUSE_MS.most - PAUSE_MS.least));
    const place = kill % fleet.members.length;
    const live = watched[place]?.live ?? new Set();
    const struckCalls = calls.filter((call) => live.has(call.callSid) && call.end === undefined);
    const killedAtMs = await fleet.kill(place);
    struck += struckCalls.length;
    const [member, gaps] = await Promise.all([
      fleet.replace(place),
      Promise.all(struckCalls.map((call) => gapOf(call, killedAtMs))),
    ]);
    watched[place] = await watch(member);
    gapsMs.push(...gaps.filter((gap) => gap !== undefined));
    tell(
      `kill ${kill + 1}: ${struckCalls.length} calls, gaps ${gaps.map((gap) => shown(gap ?? NaN)).join(', ')} ms`,
    );
  }
  for (const call of calls) call.hangUp();
  await Promise.all(held);
  await sleep(systemClock, SETTLE_MS);
  const lostTurns = await missing(fleet.members[0]?.url ?? '', [...finished.values()]);
  const dropped = calls.filter((call) => call.end?.by !== 'caller').length;
  return { kills: options.kills, struck, gapsMs, toldTurns: finished.size, lostTurns, dropped };
}

/** From the kill to the first frame of whoever goes on; undefined when nobody does. */
async function gapOf(call: CarrierCall, killedAtMs: number): Promise<number | undefined> {
  while (systemClock.nowMs() < killedAtMs + TAKEN_UP_MS_MAX) {
    const first = call.arrivals.find(({ atMs }) => atMs > killedAtMs + 20);
    if (first !== undefined) return first.atMs - killedAtMs;
    await sleep(systemClock, 20);
  }
  return undefined;
}

/** Those that the API has no row of with the same words. */
async function missing(url: string, told: readonly Finished[]): Promise<readonly Finished[]> {
  const rows = new Map<string, readonly Record<string, unknown>[]>();
  for (const callSid of new Set(told.map((turn) => turn.callSid))) {
    const call: unknown = await (await fetch(`${url}/v1/calls/${callSid}`)).json();
    const turns = isRecord(call) && Array.isArray(call['turns']) ? call['turns'] : [];
    rows.set(callSid, turns.filter(isRecord));
  }
  return told.filter(
    (turn) =>
      !rows
        .get(turn.callSid)
        ?.some((row) => row['callerText'] === turn.callerText && row['heardText'] === turn.heardText),
  );
}

export async function benchKill(
  options: { readonly kills: number },
  tell: (line: string) => void,
): Promise<BenchReport> {
  const server = await startPostgres();
  if ('missing' in server) throw new Error(server.missing);
  const random = seededRandom(31);
  const stage = await Stage.open({
    clock: systemClock,
    random,
    timings: SEED_TIMINGS,
    brain: answeringBrain(ANSWERS),
  });
  try {
    await stage.rehearse(ANSWERS);
    const env = { DATABASE_URL: await server.newDatabase() };
    const fleet = await Fleet.open({ stage, clock: systemClock, size: 2, env });
    return report(await killUnderCalls(stage, fleet, { calls: CALLS, kills: options.kills, random }, tell));
  } finally {
    await stage.close();
    await server.remove();
  }
}

function report({ kills, struck, gapsMs, toldTurns, lostTurns, dropped }: KillResult): BenchReport {
  const gaps = spread(gapsMs);
  const lines: readonly (readonly [string, string, string])[] = [
    ['kills', shown(kills), ''],
    ['finished turns told', shown(toldTurns), ''],
    ['... of which are lost', shown(lostTurns.length), shown(TARGETS.lostTurns)],
    ['calls on a process that was killed', shown(struck), ''],
    [
      '... of which went on elsewhere, %',
      shown((gapsMs.length / Math.max(1, struck)) * 100, 1),
      `at least ${TARGETS.resumedShare * 100}`,
    ],
    ['nothing heard for, median, ms', shown(gaps.median), ''],
    ['... p95, ms', shown(gaps.p95), `at most ${TARGETS.gapMs}`],
    ['... most, ms', shown(quantile(gapsMs, 1)), ''],
    ['calls dropped', shown(dropped), ''],
  ];
  return {
    title: `${kills} kills of 2 instances under ${CALLS} calls`,
    tables: [{ heading: ['', 'measured', 'wanted'], rows: lines.map((line) => [...line]) }],
    notes: ['A call whose process is killed while it is being taken up from another one counts for both.'],
    figures: { kills, struck, toldTurns, lost: lostTurns.length, gapsMs, dropped },
  };
}
