// Callers who come and go for as long as it is wanted, about so many at a time, and now and then a look at what the
// gateway holds on to meanwhile.
import { sleep, systemClock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import { QUESTIONS } from './benchTalk.ts';
import type { CallerStep } from './caller.ts';
import type { CallEnd } from './carrierCall.ts';
import type { GatewayProcess } from './gatewayProcess.ts';
import type { Inspector } from './inspector.ts';
import { parseMetrics, total } from './metricText.ts';
import { readDescriptors, readProcess } from './processUse.ts';
import { AGENT_NUMBER, type House, type Stage } from './stage.ts';
import { median, slope } from './statistics.ts';

export interface SoakReading {
  readonly atMs: number;
  readonly calls: number;
  /** Of the main thread, when everything was collected that nobody holds: its heap, and buffers outside it. */
  readonly memoryMb: number;
  /** Of the whole process; what it has freed and keeps for later is part of it. */
  readonly rssMb: number;
  readonly descriptors: number;
  readonly sockets: number;
  readonly timers: number;
  /** Whatever keeps node's event loop busy, the above among it. */
  readonly resources: number;
}

const MB = 1_048_576;

/** Has the process collect its garbage, then looks. */
export async function readSoak(gateway: GatewayProcess, inspector: Inspector): Promise<SoakReading> {
  await inspector.collectGarbage();
  // A connection that is kept would be one more of what is counted.
  const headers = { connection: 'close' };
  const samples = parseMetrics(await (await fetch(`${gateway.url}/metrics`, { headers })).text());
  const descriptors = readDescriptors(gateway.pid);
  const bytes =
    total(samples, 'turnpike_nodejs_heap_size_used_bytes') +
    total(samples, 'turnpike_nodejs_external_memory_bytes');
  return {
    atMs: systemClock.nowMs(),
    calls: total(samples, 'turnpike_calls_active'),
    memoryMb: bytes / MB,
    rssMb: (readProcess(gateway.pid)?.rssBytes ?? NaN) / MB,
    descriptors: descriptors?.all ?? NaN,
    sockets: descriptors?.sockets ?? NaN,
    timers: total(samples, 'turnpike_nodejs_active_resources', { type: 'Timeout' }),
    resources: total(samples, 'turnpike_nodejs_active_resources_total'),
  };
}

/** What is gained in the second half, by the trend of all that was read in it. */
export function secondHalf(
  readings: readonly SoakReading[],
  of: 'memoryMb' | 'rssMb',
): { readonly growthMb: number; readonly middleMb: number; readonly endMb: number } {
  const half = readings.slice(Math.floor(readings.length / 2));
  const tenth = Math.max(1, Math.ceil(readings.length / 10));
  const lastedMs = (half.at(-1)?.atMs ?? NaN) - (half[0]?.atMs ?? NaN);
  return {
    growthMb: slope(half.map((reading) => [reading.atMs, reading[of]] as const)) * lastedMs,
    middleMb: median(half.slice(0, tenth).map((reading) => reading[of])),
    endMb: median(half.slice(-tenth).map((reading) => reading[of])),
  };
}

export type HeldHandles = Pick<SoakReading, 'descriptors' | 'sockets' | 'timers' | 'resources'>;

export function isBack(now: HeldHandles, baseline: HeldHandles): boolean {
  return (
    now.descriptors <= baseline.descriptors &&
    now.sockets <= baseline.sockets &&
    now.timers <= baseline.timers &&
    now.resources <= baseline.resources
  );
}

export interface SoakCounts {
  calls: number;
  turns: number;
  missedTurns: number;
  interruptions: number;
  /** Calls that ended otherwise than by their caller, or the agent's goodbye. */
  readonly lost: CallEnd[];
}

const FAREWELL = 'Goodbye.';
const TURNS_MAX = 4;
const BETWEEN_CALLS_MS = 500;
/** Of callers: who hangs up in the middle of whatever it is, and whose stream the network loses. */
const CUT_SHORT_SHARE = 0.15;
const STREAM_LOST_SHARE = 0.05;
const CUT_SHORT_MS = { least: 500, most: 15_000 } as const;

/** One caller after another, on one of so many lines, until `endsAtMs`. Resolves when the last one is gone. */
export async function callAgainAndAgain(
  stage: Stage,
  { carrier }: House,
  options: { readonly random: Random; readonly endsAtMs: number; readonly counts: SoakCounts },
): Promise<void> {
  const { random, endsAtMs, counts } = options;
  while (systemClock.nowMs() < endsAtMs) {
    const caller = await stage.prepare(scriptOf(random));
    const number = String(Math.floor(random.next() * 10_000)).padStart(4, '0');
    const call = carrier.placeCall({ from: `+1555010${number}`, to: AGENT_NUMBER });
    const drawnMs = CUT_SHORT_MS.least + random.next() * (CUT_SHORT_MS.most - CUT_SHORT_MS.least);
    const fate = random.next();
    const timers = [
      systemClock.after(Math.max(0, endsAtMs - systemClock.nowMs()), () => call.hangUp()),
      ...(fate < CUT_SHORT_SHARE ? [systemClock.after(drawnMs, () => call.hangUp())] : []),
      ...(fate > 1 - STREAM_LOST_SHARE ? [systemClock.after(drawnMs, () => call.dropStream())] : []),
    ];
    const report = await caller.take(call);
    for (const timer of timers) timer.cancel();
    const end = await call.ended;
    counts.calls += 1;
    counts.turns += report.turns.length;
    counts.missedTurns += report.missedTurns;
    counts.interruptions += report.interruptions.length;
    if (end.by !== 'caller' && end.by !== 'verb') counts.lost.push(end);
    await sleep(systemClock, random.next() * BETWEEN_CALLS_MS);
  }
}

/** A few questions, now and then over the agent; a nod or a key here and there; some say goodbye. */
function scriptOf(random: Random): readonly CallerStep[] {
  const steps: CallerStep[] = [];
  const turns = 1 + Math.floor(random.next() * TURNS_MAX);
  for (let turn = 0; turn < turns; turn += 1) {
    const question = QUESTIONS[Math.floor(random.next() * QUESTIONS.length)] ?? '';
    const afterAgentMs = 300 + random.next() * 2_500;
    const how = random.next();
    if (turn === 0 || how > 0.4) steps.push({ say: question });
    else if (how > 0.15) steps.push({ interrupt: question, afterAgentMs });
    else if (how > 0.05) steps.push({ backchannel: 'Mhm.', afterAgentMs }, { say: question });
    else steps.push({ press: '4711#' });
  }
  return random.next() < 0.3
    ? [...steps, { say: FAREWELL }, { waitForHangUp: 15_000 }]
    : [...steps, { listen: true }];
}
