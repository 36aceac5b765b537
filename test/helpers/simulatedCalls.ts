// Many simulated calls, one seed after the other, and what came of them: for the test, and for whoever wants the figures.
import { SimulatedCall } from './simulatedCall.ts';

const SENTENCE_MS = 3_000;

export interface SimulatedCalls {
  readonly firstSeed: number;
  readonly calls: number;
  readonly tookMs: number;
  /** What did not hold, by seed. */
  readonly failures: readonly string[];
  /** Ended by a bug of ours, or never. */
  readonly lost: number;
  readonly turns: number;
  /** What befell the providers, the tools among them. */
  readonly faults: ReadonlyMap<string, number>;
  readonly switches: { readonly stt: number; readonly llm: number; readonly tts: number };
  /** How long callers who waited for a sentence did so: with one provider a stage, and with another behind it. */
  readonly waitsMs: { readonly alone: readonly number[]; readonly second: readonly number[] };
}

export async function simulateCalls(firstSeed: number, calls: number): Promise<SimulatedCalls> {
  const fromMs = performance.now();
  const failures: string[] = [];
  const faults = new Map<string, number>();
  const switches = { stt: 0, llm: 0, tts: 0 };
  const waitsMs = { alone: new Array<number>(), second: new Array<number>() };
  let lost = 0;
  let turns = 0;
  for (let seed = firstSeed; seed < firstSeed + calls; seed += 1) {
    const call = new SimulatedCall(seed);
    try {
      await call.run();
    } catch (error) {
      failures.push(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`);
    }
    const [end] = call.ended;
    if (end === undefined || end.outcome === 'failed') lost += 1;
    turns += new Set(call.rows.map(({ index }) => index)).size;
    for (const [name, times] of call.faults) faults.set(name, (faults.get(name) ?? 0) + times);
    for (const stage of ['stt', 'llm', 'tts'] as const) switches[stage] += call.switches[stage];
    waitsMs[call.second ? 'second' : 'alone'].push(...call.waitsMs);
    // What a weak reference points to is kept until the event loop has turned.
    await new Promise((resolve) => setImmediate(resolve));
  }
  const tookMs = performance.now() - fromMs;
  return { firstSeed, calls, tookMs, failures, lost, turns, faults, switches, waitsMs };
}

/** In lines, to be read. */
export function drawSimulated(all: SimulatedCalls): readonly string[] {
  const { firstSeed, calls, tookMs, failures, lost, turns, faults, switches, waitsMs } = all;
  const met = [...faults].toSorted(([a], [b]) => a.localeCompare(b));
  const sum = met.reduce((all_, [, times]) => all_ + times, 0);
  return [
    `seeds ${firstSeed} to ${firstSeed + calls - 1}: ${calls} whole calls, ${turns} turns in ${(tookMs / 1_000).toFixed(1)} s, ${Math.round((calls / tookMs) * 60_000)} calls a minute`,
    `faults met: ${sum} (${met.map(([name, times]) => `${name} ${times}`).join(', ')})`,
    `another provider, or connection, went on: stt ${switches.stt}, llm ${switches.llm}, tts ${switches.tts} times`,
    `calls lost: ${lost}; promises broken: ${failures.length}`,
    `one provider a stage: ${drawWaits(waitsMs.alone)}`,
    `another one behind it: ${drawWaits(waitsMs.second)}`,
    ...failures.flatMap((failure) => [
      failure,
      `  again: npm run simulate -- --seed ${/\d+/u.exec(failure)?.[0] ?? ''} --calls 1`,
    ]),
  ];
}

function drawWaits(waitsMs: readonly number[]): string {
  const within = waitsMs.filter((ms) => ms <= SENTENCE_MS).length;
  const share = ((100 * within) / Math.max(1, waitsMs.length)).toFixed(1);
  const longest = (Math.max(0, ...waitsMs) / 1_000).toFixed(1);
  return `${waitsMs.length} callers had said a whole sentence and waited for one, ${within} had it within 3 s (${share} %), the last after ${longest} s`;
}
