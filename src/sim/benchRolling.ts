// A deploy under calls: one instance after another is replaced, ten times, and nobody may be cut off by it.
import { sleep, systemClock } from '../base/clock.ts';
import { seededRandom } from '../base/random.ts';
import { SEED_TIMINGS } from './behaviour.ts';
import { shown, type BenchReport } from './benchReport.ts';
import { ANSWERS, answeringBrain, questionsOf } from './benchTalk.ts';
import type { CarrierCall } from './carrierCall.ts';
import type { WebRequest } from './carrierWeb.ts';
import { Fleet, type Restart } from './fleet.ts';
import { AGENT_NUMBER, CALLER_NUMBER, Stage, type HeldCall } from './stage.ts';
import { startPostgres } from './postgres.ts';
import { quantile } from './statistics.ts';

const SIZE = 2;
const RESTARTS = 10;
const DRAIN_SECONDS = 2;
const STAGGER_MS = 200;
const TURNS = 60;

export interface RollingOptions {
  readonly calls: number;
  /** Of the fleet. */
  readonly size: number;
  readonly restarts: number;
  /** What each caller has to say; it should last. */
  readonly turns: number;
}

export interface RollingResult {
  readonly held: readonly HeldCall[];
  readonly restarts: readonly Restart[];
  /** How often a call was taken up by another instance. */
  readonly handedOver: number;
  /** Calls that ended otherwise than by their caller. */
  readonly dropped: number;
}

/** Has `calls` callers talk, and every instance of the fleet replaced in turn meanwhile. */
export async function rollOver(stage: Stage, fleet: Fleet, options: RollingOptions): Promise<RollingResult> {
  const { carrier } = fleet;
  const held: Promise<HeldCall>[] = [];
  const calls: CarrierCall[] = [];
  for (let number = 0; number < options.calls; number += 1) {
    const caller = await stage.prepare(
      questionsOf(number, options.turns).map((question) => ({ say: question })),
    );
    const call = carrier.placeCall({ from: CALLER_NUMBER, to: AGENT_NUMBER });
    calls.push(call);
    held.push(caller.take(call).then((report) => ({ call, report })));
    await sleep(systemClock, STAGGER_MS);
  }
  const restarts: Restart[] = [];
  for (let i = 0; i < options.restarts; i += 1) restarts.push(await fleet.restart(i % options.size));
  // Whoever was handed over last has to be taken up by now.
  await sleep(systemClock, 2_000);
  for (const call of calls) call.hangUp();
  const all = await Promise.all(held);
  return {
    held: all,
    restarts,
    handedOver: carrier.requests.filter(isTakenUp).length,
    dropped: all.filter(({ call }) => call.end?.by !== 'caller').length,
  };
}

/** The carrier asks only once each time, unless the one that is asked sends it on. */
function isTakenUp({ url, parameters }: WebRequest): boolean {
  return url.endsWith('/twilio/stream-ended') && parameters['CallStatus'] === 'in-progress';
}

export async function benchRolling(options: { readonly calls: number }): Promise<BenchReport> {
  const server = await startPostgres();
  if ('missing' in server) throw new Error(server.missing);
  const stage = await Stage.open({
    clock: systemClock,
    random: seededRandom(23),
    timings: SEED_TIMINGS,
    brain: answeringBrain(ANSWERS),
  });
  try {
    await stage.rehearse(ANSWERS);
    const database = await server.newDatabase();
    const env = { DRAIN_SECONDS: String(DRAIN_SECONDS), CALLS_MAX: '1000', DATABASE_URL: database };
    const fleet = await Fleet.open({ stage, clock: systemClock, size: SIZE, env });
    return report(
      options.calls,
      await rollOver(stage, fleet, { calls: options.calls, size: SIZE, restarts: RESTARTS, turns: TURNS }),
    );
  } finally {
    await stage.close();
    await server.remove();
  }
}

function report(calls: number, { held, restarts, handedOver, dropped }: RollingResult): BenchReport {
  const lines: readonly (readonly [string, string, string])[] = [
    ['calls', shown(calls), ''],
    ['calls dropped', shown(dropped), '0'],
    ['restarts', shown(restarts.length), ''],
    [
      'restarts that ended with code 0',
      shown(restarts.filter(({ exitCode }) => exitCode === 0).length),
      shown(RESTARTS),
    ],
    ['times a call was handed over', shown(handedOver), ''],
    ['turns', shown(held.reduce((sum, one) => sum + one.report.turns.length, 0)), ''],
    ['turns missed', shown(held.reduce((sum, one) => sum + one.report.missedTurns, 0)), ''],
    [
      'SIGTERM to the end of the process, median, ms',
      shown(
        quantile(
          restarts.map(({ tookMs }) => tookMs),
          0.5,
        ),
      ),
      '',
    ],
    ['... at most, ms', shown(Math.max(...restarts.map(({ tookMs }) => tookMs))), ''],
  ];
  return {
    title: `${RESTARTS} restarts of ${SIZE} instances under ${calls} calls, DRAIN_SECONDS=${DRAIN_SECONDS}`,
    tables: [{ heading: ['', 'measured', 'wanted'], rows: lines.map((line) => [...line]) }],
    notes: [
      'Each instance is replaced before it is told to end; the balancer looks at /readyz every 500 ms.',
    ],
    figures: { calls, dropped, handedOver, exitCodes: restarts.map(({ exitCode }) => exitCode), lines },
  };
}
