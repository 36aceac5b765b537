// `npm run bench`: what the gateway takes of a caller's time and of a machine, measured from outside. Names after
// `--` choose; without one everything but the soak runs, about an hour and a half.
import { parseArgs } from 'node:util';
import { errorText } from '../base/errors.ts';
import { benchBudgets } from './benchBudgets.ts';
import { benchChaos, CHAOS_STAGES, type ChaosOptions } from './benchChaos.ts';
import { benchEvents } from './benchEvents.ts';
import { benchFirst } from './benchFirst.ts';
import { benchFuzz } from './benchFuzz.ts';
import { benchForged } from './benchForged.ts';
import { benchHeard } from './benchHeard.ts';
import { benchIntents } from './benchIntents.ts';
import { benchHedging } from './benchHedging.ts';
import { benchKill } from './benchKill.ts';
import { benchLatency, isTableImprovement, type LatencyOptions } from './benchLatency.ts';
import { benchLoad, type LoadOptions } from './benchLoad.ts';
import { benchMetrics } from './benchMetrics.ts';
import { benchParts } from './benchParts.ts';
import { drawReport, keepReport, thisMachine, type BenchReport } from './benchReport.ts';
import { benchPrometheus } from './benchPrometheus.ts';
import { benchRedaction } from './benchRedaction.ts';
import { benchRolling } from './benchRolling.ts';
import { benchShare } from './benchShare.ts';
import { benchSoak } from './benchSoak.ts';
import { benchTraces } from './benchTraces.ts';
import { benchTurns, type TurnBenchOptions } from './turnBench.ts';

const BENCHES: Readonly<
  Record<string, (load: LoadOptions, turns: TurnBenchOptions, faults: FaultOptions) => Promise<BenchReport>>
> = {
  parts: () => benchParts(),
  intents: () => Promise.resolve(benchIntents()),
  latency: (_load, _turns, { only }) => benchLatency({ only }, print),
  budgets: (_load, { cases }) => benchBudgets(cases, print),
  first: () => benchFirst(),
  events: () => benchEvents(),
  share: () => benchShare(),
  load: benchLoad,
  heard: () => benchHeard(),
  forged: () => benchForged(),
  redaction: () => benchRedaction(),
  fuzz: (_load, _turns, { frames }) => benchFuzz({ frames }),
  rolling: benchRolling,
  kill: (_load, _turns, { kills }) => benchKill({ kills }, print),
  prometheus: benchPrometheus,
  metrics: () => benchMetrics(),
  traces: ({ calls }) => benchTraces({ calls }),
  hedging: () => benchHedging(),
  turns: (_load, turns) => benchTurns(turns, print),
  chaos: (_load, _turns, faults) => benchChaos(faults, print),
  soak: ({ calls }, _turns, { minutes }) => benchSoak({ calls, minutes }, print),
};
/** Runs only when it is asked for: it takes an hour alone. */
const LONG = 'soak';
const USAGE = `usage: npm run bench -- [${Object.keys(BENCHES).join('|')} ...]
  budgets: [--case fast ...]
  fuzz: [--frames 1000000]
  kill: [--kills 20]
  latency: [--only improvement ...]
  load: [--seconds 120] [--calls 50] [--profile folder]
  prometheus: [--seconds 120]
  rolling: [--calls 50]
  chaos: [--trials 4] [--seed 1] [--fault name ...] [--stage stt|llm|tts|database ...]
  soak: [--minutes 60] [--calls 50]
  traces: [--calls 50]
  turns: [--half heldOut|tuning] [--case id ...] [--setting name ...] [--seed 1] [--calls 20]`;
const SECONDS_MAX = 3_600;
const CALLS_MAX = 1_000;
const TRIALS_MAX = 1_000;
const KILLS_MAX = 1_000;
const FRAMES_MAX = 100_000_000;
const MINUTES_MAX = 24 * 60;
const SEED_MAX = 1_000_000;

interface FaultOptions extends ChaosOptions, LatencyOptions {
  readonly kills: number;
  readonly frames: number;
  readonly minutes: number;
}

function print(line = ''): void {
  process.stdout.write(`${line}\n`);
}

async function run(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      seconds: { type: 'string', default: '120' },
      calls: { type: 'string' },
      profile: { type: 'string' },
      half: { type: 'string', default: 'heldOut' },
      case: { type: 'string', multiple: true, default: [] },
      setting: { type: 'string', multiple: true, default: [] },
      seed: { type: 'string', default: '1' },
      kills: { type: 'string', default: '20' },
      only: { type: 'string', multiple: true, default: [] },
      frames: { type: 'string', default: '1000000' },
      minutes: { type: 'string', default: '60' },
      trials: { type: 'string', default: '4' },
      fault: { type: 'string', multiple: true, default: [] },
      stage: { type: 'string', multiple: true, default: [] },
    },
  });
  const { half } = values;
  if (half !== 'heldOut' && half !== 'tuning') throw new Error(USAGE);
  const load: LoadOptions = {
    seconds: wholeNumber(values.seconds, SECONDS_MAX),
    calls: wholeNumber(values.calls ?? '50', CALLS_MAX),
    profileFolder: values.profile,
  };
  const turns: TurnBenchOptions = {
    half,
    cases: values.case,
    settings: values.setting,
    seed: wholeNumber(values.seed, SEED_MAX),
    calls: wholeNumber(values.calls ?? '20', CALLS_MAX),
  };
  const only = values.only.flatMap((names) => names.split(','));
  if (!only.every(isTableImprovement)) throw new Error(USAGE);
  if (!values.stage.every((name) => CHAOS_STAGES.includes(name))) throw new Error(USAGE);
  const faults: FaultOptions = {
    seed: turns.seed,
    trials: wholeNumber(values.trials, TRIALS_MAX),
    faults: values.fault,
    stages: values.stage,
    kills: wholeNumber(values.kills, KILLS_MAX),
    frames: wholeNumber(values.frames, FRAMES_MAX),
    minutes: wholeNumber(values.minutes, MINUTES_MAX),
    only,
  };
  const all = Object.keys(BENCHES).filter((name) => name !== LONG);
  const names = positionals.length === 0 ? all : positionals;
  if (names.some((name) => !Object.hasOwn(BENCHES, name))) throw new Error(USAGE);
  for (const name of names) {
    const machine = thisMachine();
    print(
      `${name}: ${machine.cores} cores of ${machine.cpu}, node ${machine.node}, load ${machine.loadBefore}`,
    );
    const report = await BENCHES[name]?.(load, turns, faults);
    if (report === undefined) throw new Error(USAGE);
    for (const line of drawReport(report)) print(line);
    print(`\n${keepReport(name, report, machine)}\n`);
  }
}

function wholeNumber(text: string, max: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > max) throw new Error(USAGE);
  return value;
}

run().catch((error: unknown) => {
  process.stderr.write(`bench: ${errorText(error)}\n`);
  process.exitCode = 1;
});
