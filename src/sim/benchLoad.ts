// Many calls at once on one core, for minutes: whether anybody notices. The gateway has a core of its own, the
// simulators the others, so that neither takes the other's time.
import path from 'node:path';
import { sleep, systemClock } from '../base/clock.ts';
import { seededRandom } from '../base/random.ts';
import { punctuality, underruns } from './arrivals.ts';
import { SEED_TIMINGS } from './behaviour.ts';
import { shown, type BenchReport } from './benchReport.ts';
import { ANSWERS, answeringBrain, QUESTIONS, talkOf } from './benchTalk.ts';
import type { Caller } from './caller.ts';
import type { CarrierCall } from './carrierCall.ts';
import { probe, type GatewayUse } from './gatewayProbe.ts';
import { releaseCores, takeCores } from './processUse.ts';
import { AGENT_NUMBER, CALLER_NUMBER, hold, Stage, type HeldCall, type House } from './stage.ts';
import { quantile } from './statistics.ts';
import { waitOf } from './callerTurn.ts';

export interface LoadOptions {
  readonly calls: number;
  /** With all calls up. */
  readonly seconds: number;
  /** Where the gateway's CPU profile goes when it has ended; none is made without. */
  readonly profileFolder: string | undefined;
}

/**
 * How node is started where it has one core alone: V8's helper threads then compete with the main thread for it.
 * Event loop lag at 50 calls, p99, in single runs of 25 to 120 s on a busy machine: 62-64 ms without, 17-21 with.
 */
const ONE_CORE_ARGS = ['--single-threaded-gc'];
/** All calls are up after so long. */
const STAGGER_MS = 10_000;
/** A reply that has not come by now is missed; the caller says the same. */
const PATIENCE_MS = 10_000;
/** A turn takes longer than this, so that a script never ends before the bench does. */
const TURN_MS_MIN = 4_000;
/** A carrier that was itself later than this measures itself. */
const TICK_LATE_MS_MAX = 40;
const LATE_MS_MAX = 20;

export async function benchLoad(options: LoadOptions): Promise<BenchReport> {
  const random = seededRandom(14);
  const stage = await Stage.open({
    clock: systemClock,
    random,
    timings: SEED_TIMINGS,
    brain: answeringBrain(ANSWERS),
  });
  const cores = takeCores();
  try {
    // Every sentence takes the whole way through the voice: kept sentences would make the work lighter than it is.
    const house = await stage.openHouse({
      env: { DISABLE: 'tts-cache', CALLS_MAX: '1000' },
      ...(cores === undefined ? {} : { cores: cores.gateway }),
      nodeArgs: [
        ...(cores === undefined ? [] : ONE_CORE_ARGS),
        ...(options.profileFolder === undefined
          ? []
          : ['--cpu-prof', `--cpu-prof-dir=${path.resolve(options.profileFolder)}`]),
      ],
    });
    const turns = Math.ceil((options.seconds * 1_000 + STAGGER_MS) / TURN_MS_MIN);
    const callers: Caller[] = [];
    for (let number = 0; number < options.calls; number += 1) {
      callers.push(await stage.prepare(talkOf(number, turns, random)));
    }
    await stage.rehearse(ANSWERS);
    await warmUp(stage, house);
    const { held, use } = await holdAll(house, callers, options.seconds * 1_000);
    return report({
      options,
      held,
      use,
      tickLateMsMax: house.carrier.tickLateMsMax,
      ownCores: cores !== undefined,
    });
  } finally {
    await stage.close();
    if (cores !== undefined) releaseCores();
  }
}

/**
 * A short call, at a carrier that is not asked how late it was: what is done once and never again (the recogniser's
 * tables take 0.3 s) belongs to no measurement.
 */
export async function warmUp(stage: Stage, { gateway }: House): Promise<void> {
  const caller = await stage.prepare([{ say: QUESTIONS[0] ?? '' }, { listen: true }]);
  await hold({ gateway, carrier: stage.openCarrier(gateway) }, caller);
}

/** All of them ring up, within ten seconds unless told otherwise; what the gateway used in `durationMs` from then on. */
export async function holdAll(
  { carrier, gateway }: House,
  callers: readonly Caller[],
  durationMs: number,
  staggerMs = STAGGER_MS,
): Promise<{ readonly held: readonly HeldCall[]; readonly use: GatewayUse }> {
  const held: Promise<HeldCall>[] = [];
  const calls: CarrierCall[] = [];
  for (const caller of callers) {
    const call = carrier.placeCall({ from: CALLER_NUMBER, to: AGENT_NUMBER });
    calls.push(call);
    held.push(caller.take(call).then((report) => ({ call, report })));
    await sleep(systemClock, staggerMs / callers.length);
  }
  const used = await probe(gateway);
  await sleep(systemClock, durationMs);
  const use = await used();
  for (const call of calls) call.hangUp();
  return { held: await Promise.all(held), use };
}

interface Found {
  readonly options: LoadOptions;
  readonly held: readonly HeldCall[];
  readonly use: GatewayUse;
  readonly tickLateMsMax: number;
  readonly ownCores: boolean;
}

/** One line of the result; `bound` is what the issue asks for, when it asks for something. */
interface Line {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly digits?: number;
  readonly bound?: number;
}

function report(found: Found): BenchReport {
  const { options, tickLateMsMax, ownCores } = found;
  const lines = linesOf(found);
  const spoilt = tickLateMsMax > TICK_LATE_MS_MAX;
  return {
    title: `${options.calls} calls at once for ${options.seconds} s, the gateway on one core`,
    tables: [
      {
        heading: ['', 'measured', '', 'at most', ''],
        rows: lines.map(({ name, value, unit, digits = 0, bound }) => [
          name,
          shown(value, digits),
          unit,
          bound === undefined ? '' : shown(bound),
          bound === undefined ? '' : value <= bound ? 'kept' : 'BROKEN',
        ]),
      },
    ],
    notes: [
      ownCores
        ? `The gateway was started with ${ONE_CORE_ARGS.join(' ')}, as is right for one core.`
        : 'There was no core to spare: gateway and simulators shared them.',
      spoilt
        ? `SPOILT: the simulators themselves were late by up to ${shown(tickLateMsMax)} ms; what the carrier saw as late or missing may be theirs.`
        : `The simulators kept up: never later than ${shown(tickLateMsMax)} ms.`,
    ],
    figures: {
      ...options,
      ownCores,
      spoilt,
      tickLateMsMax,
      lines,
      waitsMs: waitsOf(found.held),
      gaps: found.held.flatMap(({ call }) => call.gaps),
      warnings: found.held.flatMap(({ call }) => call.warnings.slice(0, 3)),
    },
  };
}

function linesOf({ options, held, use, tickLateMsMax }: Found): readonly Line[] {
  const gaps = held.flatMap(({ call, report }) => underruns(call.gaps, report.turns));
  const seen = held.map(({ call }) => punctuality(call.arrivals));
  const waits = waitsOf(held);
  const late = { unit: 'ms', digits: 1, bound: LATE_MS_MAX };
  return [
    { name: 'turns answered', value: waits.length, unit: '' },
    { name: 'turns missed', value: missedOf(held), unit: '', bound: 0 },
    { name: 'wait, median', value: quantile(waits, 0.5), unit: 'ms' },
    { name: 'wait, p95', value: quantile(waits, 0.95), unit: 'ms' },
    { name: 'gaps inside replies, seen by the carrier', value: gaps.length, unit: '', bound: 0 },
    {
      name: 'silence inside replies, by the carrier',
      value: gaps.reduce((sum, { durationMs }) => sum + durationMs, 0),
      unit: 'ms',
      bound: 0,
    },
    { name: 'silence inside replies, by the gateway', value: use.underrunMs, unit: 'ms', bound: 0 },
    {
      name: 'messages refused by the carrier',
      value: held.reduce((sum, { call }) => sum + call.warnings.length, 0),
      unit: '',
      bound: 0,
    },
    { name: 'audio late, p99, by the gateway', value: use.playoutLateP99Ms, ...late },
    {
      name: 'audio late, p99, by the carrier',
      value: quantile(
        seen.flatMap(({ lateMs }) => lateMs),
        0.99,
      ),
      ...late,
    },
    {
      name: 'audio still at the carrier, p1',
      value: quantile(
        seen.flatMap(({ sparedMs }) => sparedMs),
        0.01,
      ),
      unit: 'ms',
    },
    { name: 'event loop lag, p99', value: use.eventLoopLagP99Ms, unit: 'ms', digits: 1 },
    { name: 'voice judged after, p99', value: use.vadDelayP99Ms, unit: 'ms', digits: 1 },
    { name: 'CPU of the gateway', value: (use.cores ?? NaN) * 100, unit: '% of a core' },
    { name: 'a call', value: ((use.cores ?? NaN) * 1_000_000) / options.calls, unit: 'us a second' },
    { name: 'memory of the gateway, embedded database included', value: use.rssMb ?? NaN, unit: 'MB' },
    { name: 'of which its main thread uses', value: use.heapMb, unit: 'MB' },
    { name: 'dropped by the gateway', value: use.dropped, unit: '', bound: 0 },
    { name: 'simulators late, at most', value: tickLateMsMax, unit: 'ms', digits: 1 },
  ];
}

function waitsOf(held: readonly HeldCall[]): readonly number[] {
  return held.flatMap(({ report }) =>
    report.turns.flatMap((turn) => (turn.kind === 'greeting' ? [] : (waitOf(turn) ?? []))),
  );
}

/** The bench hangs up in the middle: who had not yet waited as long as he would have is not a missed turn. */
function missedOf(held: readonly HeldCall[]): number {
  return held.flatMap(({ call, report }) =>
    report.turns.filter(
      ({ missed, endOfSpeechAtMs = Infinity }) =>
        missed && (call.end?.atMs ?? 0) - endOfSpeechAtMs >= PATIENCE_MS,
    ),
  ).length;
}
