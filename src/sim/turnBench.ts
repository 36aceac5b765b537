// How well turns are taken: scripted behaviours of callers through the whole gateway, the shipped settings beside plain
// rules of silence. What is measured is what the carrier saw.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { sleep, systemClock } from '../base/clock.ts';
import { seededRandom } from '../base/random.ts';
import { SEED_TIMINGS } from './behaviour.ts';
import { shown, type BenchReport } from './benchReport.ts';
import { watchEvents } from './eventFeed.ts';
import { AGENT_NUMBER, CALLER_NUMBER, Stage, storedTurns, type House } from './stage.ts';
import { turnAgent, TURN_SETTINGS, type TurnSetting } from './turnAgent.ts';
import { turnBrain } from './turnBrain.ts';
import { TurnCallers } from './turnCallers.ts';
import { turnCases, type TurnCase } from './turnCases.ts';
import { TurnWitness } from './turnEvidence.ts';
import { TurnHearing } from './turnHearing.ts';
import { failuresTable, figuresOf, figuresTable, type TurnFigures } from './turnFigures.ts';
import { scoreOf, type TurnScore } from './turnScore.ts';
import { TURN_TEXTS, type Half } from './turnTexts.ts';
import { speakBeforehand } from './turnWarm.ts';
import { targetsTable } from './turnTargets.ts';
import type { LiveEvent } from '../events/event.ts';
import type { TurnRow } from '../store/port.ts';
import type { Caller, CallerReport } from './caller.ts';
import type { CarrierCall } from './carrierCall.ts';

export interface TurnBenchOptions {
  readonly half: Half;
  /** Ids of cases of either half; all of the half when empty. */
  readonly cases: readonly string[];
  /** Names of settings; all when empty. */
  readonly settings: readonly string[];
  readonly seed: number;
  /** At the same time, on one gateway. */
  readonly calls: number;
}

/** What came of one setting. */
export interface Outcome {
  readonly name: string;
  readonly figures: TurnFigures;
  readonly tickLateMsMax: number;
  readonly requests: number;
  readonly turns: number;
  readonly scores: readonly TurnScore[];
}

/** Calls begin so far apart: not all need their setting up at once. */
const STAGGER_MS = 150;
const NOTES = [
  'A cut-off: audio of the agent comes while the caller is inside a turn. Missed: no answer within 6 s.',
  'Yield: what the agent was saying is silent for good within 2 s of the caller\u2019s first sound.',
  'Selectivity: within 1 s of the end of the sound the reply has not stopped for good or for a second, and within 2 s nothing else was said.',
  'Spoilt cases, in which the agent was not speaking when it should have been, are in no figure.',
  'A case alone: --case <id>; all of a kind: --case tuning-comma. The half to look into is --half tuning.',
];
/** A carrier later than this measures itself. */
const LATE_MS_MAX = 60;

/** `tell` is told of each setting before its calls: some minutes pass between two. */
export async function benchTurns(
  asked: TurnBenchOptions,
  tell: (line: string) => void,
): Promise<BenchReport> {
  const cases = chosenCases(asked);
  const options = { ...asked, half: cases[0]?.half ?? asked.half };
  const settings = chosenSettings(options);
  const hearing = new TurnHearing();
  let requests = 0;
  const stage = await Stage.open({
    clock: systemClock,
    random: seededRandom(options.seed),
    timings: SEED_TIMINGS,
    brain: turnBrain(),
    onSpoken: (spoken) => hearing.learn(spoken),
    watch: {
      onFinal: () => undefined,
      onModelAsked: () => {
        requests += 1;
      },
      onToken: () => undefined,
      onVoiceAsked: () => undefined,
      onVoiceByte: () => undefined,
    },
  });
  try {
    hearing.teach(stage.providers.book);
    const callers = new TurnCallers({
      voice: stage.voice,
      book: stage.providers.book,
      replyMs: (text) => hearing.placed.durationMs(text),
    });
    await speakBeforehand(stage.providers.baseUrl, TURN_TEXTS[options.half]);
    const outcomes: Outcome[] = [];
    for (const setting of settings) {
      tell(`${setting.name}: ${cases.length} calls`);
      const house = await openHouse(stage, setting, options.half);
      requests = 0;
      const prepared = new PreparedCount();
      const feed = await watchEvents(house.gateway.url, (event) => prepared.saw(event));
      const held = await holdAll(house, cases, callers, options.calls);
      feed.close();
      outcomes.push(
        outcomeOf(setting.name, held, { requests, prepared }, house.carrier.tickLateMsMax, hearing),
      );
      await house.gateway.stop();
    }
    return reportOf(options, cases, outcomes);
  } finally {
    await stage.close();
  }
}

function chosenCases({ half, cases, seed }: TurnBenchOptions): readonly TurnCase[] {
  if (cases.length === 0) return turnCases(half, seed);
  const all = [...turnCases('tuning', seed), ...turnCases('heldOut', seed)];
  // Either whole ids or all of a kind: `heldOut-comma`.
  const chosen = all.filter(({ id }) => cases.some((wanted) => id === wanted || id.startsWith(`${wanted}-`)));
  if (chosen.length === 0) throw new Error(`there is no case ${cases.join(', ')}`);
  return chosen;
}

function chosenSettings({ settings }: TurnBenchOptions): readonly TurnSetting[] {
  const unknown = settings.find((wanted) => !TURN_SETTINGS.some(({ name }) => name === wanted));
  if (unknown !== undefined) {
    throw new Error(`no setting '${unknown}': ${TURN_SETTINGS.map(({ name }) => name).join(', ')}`);
  }
  return TURN_SETTINGS.filter(({ name }) => settings.length === 0 || settings.includes(name));
}

function openHouse(stage: Stage, setting: TurnSetting, half: Half): Promise<House> {
  const file = path.join(stage.temporaryFolder(), 'agent.yaml');
  writeFileSync(file, turnAgent(half, setting));
  return stage.openHouse({ env: { ...setting.env, AGENT: file } });
}

/** How often each call's gateway asked the model, speculation included. */
class PreparedCount {
  readonly #counts = new Map<string, number>();

  saw({ type, callSid }: LiveEvent): void {
    if (type === 'turn.prepared') this.#counts.set(callSid, this.of(callSid) + 1);
  }

  of(callSid: string): number {
    return this.#counts.get(callSid) ?? 0;
  }
}

interface Held {
  readonly scene: TurnCase;
  readonly call: CarrierCall;
  readonly witness: TurnWitness;
  readonly report: CallerReport;
  readonly turns: readonly TurnRow[];
}

/** Never more than `calls` at a time. */
async function holdAll(
  house: House,
  cases: readonly TurnCase[],
  callers: TurnCallers,
  calls: number,
): Promise<readonly Held[]> {
  // All the synthesis comes before the first call: the carrier has a beat to keep.
  const ready: { readonly scene: TurnCase; readonly caller: Caller }[] = [];
  for (const scene of cases) ready.push({ scene, caller: await callers.prepare(scene) });
  const held: Held[] = [];
  const waiting = ready.values();
  const work = async (worker: number): Promise<void> => {
    await sleep(systemClock, worker * STAGGER_MS);
    for (const { scene, caller } of waiting) held.push(await holdOne(house, scene, caller));
  };
  await Promise.all(Array.from({ length: Math.min(calls, cases.length) }, (_unused, worker) => work(worker)));
  return held;
}

async function holdOne({ gateway, carrier }: House, scene: TurnCase, caller: Caller): Promise<Held> {
  const call = carrier.placeCall({ from: CALLER_NUMBER, to: AGENT_NUMBER });
  const witness = new TurnWitness();
  call.listen(witness);
  const { marks } = scene;
  if (marks !== undefined) call.listen({ onStreamStarted: () => call.faultMarks(marks) });
  const report = await caller.take(call);
  return { scene, call, witness, report, turns: await storedTurns(gateway.url, call.callSid, systemClock) };
}

/** When all calls are over: finding words in them takes the time that the carrier needs. */
function outcomeOf(
  name: string,
  held: readonly Held[],
  { requests, prepared }: { readonly requests: number; readonly prepared: PreparedCount },
  tickLateMsMax: number,
  hearing: TurnHearing,
): Outcome {
  const scores = held.map(({ scene, call, witness, report, turns }) => {
    const words =
      scene.probe.kind === 'turn' ? [] : hearing.wordsIn(call.playedMulaw(), call.answeredAtMs ?? 0);
    const { arrivalsMs, endedAtMs } = witness;
    return scoreOf(scene, {
      report,
      turns,
      runs: witness.runs(words),
      arrivalsMs,
      endedAtMs,
      prepared: prepared.of(call.callSid),
      wordsWithin: (text, playedMs) => hearing.placed.within(text, playedMs),
    });
  });
  scores.sort((a, b) => a.id.localeCompare(b.id));
  const turns = scores.reduce((sum, { callerTexts }) => sum + callerTexts.length, 0);
  return { name, figures: figuresOf(scores, { requests, turns }), tickLateMsMax, requests, turns, scores };
}

/** What is printed and kept. */
export function reportOf(
  options: TurnBenchOptions,
  cases: readonly TurnCase[],
  outcomes: readonly Outcome[],
): BenchReport {
  const late = outcomes.filter(({ tickLateMsMax }) => tickLateMsMax > LATE_MS_MAX);
  return {
    title: `Turn-taking: ${cases.length} calls of the half '${options.half}', seed ${options.seed}, ${options.calls} at a time`,
    tables: [figuresTable(outcomes), targetsTable(outcomes), ...outcomes.map(failuresTable)],
    notes: [
      ...NOTES,
      ...late.map(
        ({ name, tickLateMsMax }) =>
          `SPOILT: with '${name}' the simulated carrier was up to ${shown(tickLateMsMax)} ms late; fewer --calls, or less other work on the machine.`,
      ),
    ],
    figures: {
      half: options.half,
      seed: options.seed,
      calls: options.calls,
      timings: SEED_TIMINGS,
      settings: outcomes,
      cases,
    },
  };
}
