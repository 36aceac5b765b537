// A gateway of which one stage's first provider can be struck, the same talk held at it again and again, and what the
// caller noticed of each fault.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { levelDbfs } from '../audio/mulaw.ts';
import { sleep, systemClock } from '../base/clock.ts';
import { defined } from '../base/defined.ts';
import type { Random } from '../base/random.ts';
import { benchAgent } from './benchAgent.ts';
import { questionsOf } from './benchTalk.ts';
import { waitOf, type CallerTurn } from './callerTurn.ts';
import type { PlayoutGap } from './carrierPlayout.ts';
import { underruns } from './arrivals.ts';
import { parseMetrics, total } from './metricText.ts';
import { AGENT_NUMBER, CALLER_NUMBER, hold, type HeldCall, type House, type Stage } from './stage.ts';
import { median } from './statistics.ts';
import { StruckProvider, type FaultName } from './struckProvider.ts';

export const STAGES = ['stt', 'llm', 'tts'] as const;
export type ChaosStage = (typeof STAGES)[number];

/** When a fault begins, and how long it lasts: anywhere in a talk of some fifteen seconds. */
const STRIKES_AT_MS = { least: 2_500, most: 10_000 } as const;
const LASTS_MS = { least: 2_000, most: 8_000 } as const;
const TURNS = 3;
const CONTROLS = 3;
/** After a fault the provider has to be trusted again, by talks in which nothing happens. */
const RECOVERIES_MAX = 5;
const AUDIBLE_DBFS = -45;

/** One turn that a fault fell into. */
export interface StruckTurn {
  /** From the end of speech to the reply, and every silence inside it; undefined without a reply. */
  readonly waitMs: number | undefined;
  /** ... over what the same turn takes when nothing happens. */
  readonly addedMs: number | undefined;
  /** From the end of speech to the first sound of a sentence. */
  readonly sentenceAfterMs: number | undefined;
}

export interface Trial {
  readonly stage: ChaosStage;
  readonly second: boolean;
  readonly fault: FaultName;
  readonly struck: readonly StruckTurn[];
  /** The call ended otherwise than by its caller at the end of his talk. */
  readonly lost: boolean;
  readonly missed: number;
}

export interface LaneOptions {
  readonly stage: ChaosStage;
  /** Whether another provider stands behind the one that is struck. */
  readonly second: boolean;
  /** Chooses what is said. */
  readonly number: number;
  /** Undefined: the embedded one. */
  readonly databaseUrl: string | undefined;
  readonly random: Random;
}

export class ChaosLane {
  readonly options: LaneOptions;
  readonly house: House;
  readonly struck: StruckProvider;
  readonly #stage: Stage;
  /** What the turns take when nothing happens. */
  #usualMs: readonly number[] = [];

  private constructor(options: LaneOptions, stage: Stage, house: House, struck: StruckProvider) {
    this.options = options;
    this.#stage = stage;
    this.house = house;
    this.struck = struck;
  }

  /** The stage closes the gateway; `close` is for the wire. */
  static async open(stage: Stage, options: LaneOptions): Promise<ChaosLane> {
    const struck = await StruckProvider.open(stage, options.random);
    const second = await stage.openProviders();
    const AGENT = writeAgent(stage, options, struck.baseUrl, second.baseUrl);
    // Kept answers would meet no fault.
    const env = {
      AGENT,
      OTHER_KEY: 'simulated',
      DISABLE: 'response-cache',
      ...defined({ DATABASE_URL: options.databaseUrl }),
    };
    const house = await stage.openHouse({ env });
    return new ChaosLane(options, stage, house, struck);
  }

  /** The talk as it goes when nothing happens. */
  async control(): Promise<readonly number[]> {
    const waits: number[][] = [];
    for (let call = 0; call < CONTROLS; call += 1) {
      const held = await this.#talk();
      waits.push(turnsOf(held).map((turn, place, all) => waitedMs(turn, all[place + 1], held) ?? NaN));
    }
    this.#usualMs = Array.from({ length: TURNS }, (_unused, turn) =>
      median(waits.map((of) => of[turn] ?? NaN).filter(Number.isFinite)),
    );
    return this.#usualMs;
  }

  /** One talk, and a fault somewhere in it. */
  async trial(fault: FaultName): Promise<Trial> {
    await this.#recover();
    const { stage, second } = this.options;
    const talk = this.#talk();
    await sleep(systemClock, this.#between(STRIKES_AT_MS));
    const fromMs = systemClock.nowMs();
    await this.struck.strike(fault);
    await sleep(systemClock, this.#between(LASTS_MS));
    await this.struck.heal();
    const toMs = systemClock.nowMs();
    const held = await talk;
    const { call, report } = held;
    return {
      stage,
      second,
      fault,
      struck: this.#struckTurns(held, fromMs, toMs),
      lost: call.end?.by !== 'caller' || !report.completed,
      missed: report.missedTurns,
    };
  }

  /** Somebody says one sentence, and the connection breaks when so much of it (0-1) was said. Resolves when the call is over. */
  async cutWithin(text: string, share: number): Promise<HeldCall> {
    const { samples, sampleRateHz } = await this.#stage.voice.say(text);
    const durationMs = (samples.length / sampleRateHz) * 1_000;
    const caller = await this.#stage.prepare([{ say: text }, { listen: true }]);
    const call = this.house.carrier.placeCall({ from: CALLER_NUMBER, to: AGENT_NUMBER });
    const stopListening = call.listen({
      onCallerFrame: (_atMs, mulaw) => {
        if (levelDbfs(mulaw) < AUDIBLE_DBFS) return;
        stopListening();
        systemClock.after(share * durationMs, () => this.struck.cut());
      },
    });
    return { call, report: await caller.take(call) };
  }

  close(): Promise<void> {
    return this.struck.close();
  }

  #struckTurns(held: HeldCall, fromMs: number, toMs: number): readonly StruckTurn[] {
    const turns = turnsOf(held);
    return turns.flatMap((turn, place) => {
      const next = turns[place + 1];
      const beganMs = turn.startOfSpeechAtMs ?? Infinity;
      const overMs = next?.startOfSpeechAtMs ?? Infinity;
      if (beganMs > toMs || overMs < fromMs) return [];
      const waitMs = waitedMs(turn, next, held);
      const usualMs = this.#usualMs[place];
      const { firstReplyHeardAtMs: heardMs, endOfSpeechAtMs: silentMs } = turn;
      return [
        {
          waitMs,
          addedMs: waitMs === undefined || usualMs === undefined ? undefined : waitMs - usualMs,
          sentenceAfterMs: heardMs === undefined || silentMs === undefined ? undefined : heardMs - silentMs,
        },
      ];
    });
  }

  async #talk(turns = TURNS): Promise<HeldCall> {
    const steps = questionsOf(this.options.number, turns).map((say) => ({ say }));
    return hold(this.house, await this.#stage.prepare([...steps, { listen: true }]));
  }

  async #recover(): Promise<void> {
    for (let call = 0; call < RECOVERIES_MAX; call += 1) {
      const page = await (await fetch(`${this.house.gateway.url}/metrics`)).text();
      if (total(parseMetrics(page), 'turnpike_breaker_open') === 0) return;
      await this.#talk(1);
    }
  }

  #between({ least, most }: { readonly least: number; readonly most: number }): number {
    return least + this.options.random.next() * (most - least);
  }
}

/** Without the greeting. */
function turnsOf({ report }: HeldCall): readonly CallerTurn[] {
  return report.turns.filter(({ kind }) => kind !== 'greeting');
}

/** The wait for the reply, and the silences inside it that nobody wanted. */
function waitedMs(
  turn: CallerTurn,
  next: CallerTurn | undefined,
  { call, report }: HeldCall,
): number | undefined {
  const waitMs = waitOf(turn);
  if (waitMs === undefined) return undefined;
  const fromMs = turn.firstReplyFrameAtMs ?? Infinity;
  const toMs = next?.startOfSpeechAtMs ?? Infinity;
  const within = ({ startMs }: PlayoutGap): boolean => startMs >= fromMs && startMs < toMs;
  const gaps = underruns(call.gaps, report.turns).filter(within);
  return waitMs + gaps.reduce((sum, { durationMs }) => sum + durationMs, 0);
}

/** As a file leaves it that says nothing of waits: all of them are the usual ones. */
function writeAgent(
  stage: Stage,
  { stage: struck, second }: LaneOptions,
  struckUrl: string,
  otherUrl: string,
): string {
  const file = path.join(stage.temporaryFolder(), 'chaos.yaml');
  const entry = {
    stt: { provider: 'openai', model: 'gpt-live-transcribe' },
    llm: { provider: 'openai', model: 'sim' },
    tts: { provider: 'openai', model: 'sim', voice: 'sim' },
  };
  const listOf = (name: ChaosStage): readonly object[] => {
    const other = { ...entry[name], baseUrl: otherUrl, apiKeyEnv: 'OTHER_KEY' };
    const first = { ...entry[name], baseUrl: struckUrl, apiKeyEnv: 'OTHER_KEY' };
    if (name !== struck) return [entry[name]];
    return second ? [first, other] : [first];
  };
  writeFileSync(
    file,
    benchAgent({
      name: 'chaos',
      callerNumber: AGENT_NUMBER,
      greeting: 'Hello there.',
      prompt: 'Be brief.',
      providers: { stt: listOf('stt'), llm: listOf('llm'), tts: listOf('tts') },
    }),
  );
  return file;
}
