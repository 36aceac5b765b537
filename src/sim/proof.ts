// What a real Prometheus makes of a gateway under calls: whether any panel is empty, whether any rule asks for what is not
// there, whether its medians are the carrier's, and whether what has become slower is named.
import { sleep, systemClock } from '../base/clock.ts';
import { seededRandom } from '../base/random.ts';
import { SEED_TIMINGS, type SimTimings } from './behaviour.ts';
import { withoutNumbers } from './benchTalk.ts';
import type { CallerReport } from './caller.ts';
import { waitOf } from './callerTurn.ts';
import {
  askPanels,
  filledIn,
  panelQueries,
  selectorsOf,
  variableQueries,
  type PanelAnswer,
  type PanelQuery,
  type Shown,
} from './panelQueries.ts';
import { openProofHouse, proofBrain, ProofCalls, PROOF_TOKEN } from './proofCalls.ts';
import { Prometheus } from './prometheus.ts';
import { Stage } from './stage.ts';
import { median } from './statistics.ts';

const clock = systemClock;
const SCRAPE_SECONDS = 1;
const GROWTH_PANEL = 'Stages, slower than an hour before';
const MEDIAN_PANEL = 'Median wait';
const STAGE_ALERT = 'TurnpikeStageSlower';
/** What a stage is slowed down by. */
export const PLANTED_MS = 300;

export type PlantedStage = 'llm_first_token' | 'tts_first_audio' | 'stt_final';

const PLANTS: Readonly<Record<PlantedStage, Partial<SimTimings>>> = {
  llm_first_token: { llmFirstTokenMs: SEED_TIMINGS.llmFirstTokenMs + PLANTED_MS },
  tts_first_audio: { ttsFirstByteMs: SEED_TIMINGS.ttsFirstByteMs + PLANTED_MS },
  stt_final: { sttFinalMs: SEED_TIMINGS.sttFinalMs + PLANTED_MS },
};

export interface PlantFound {
  readonly planted: PlantedStage;
  /** From the planting to the alert; undefined when it did not come. */
  readonly alertAfterMs: number | undefined;
  /** The stages that the alert names. */
  readonly alerted: readonly string[];
  /** Of the panel, when the alert came: growth by stage, the greatest first. */
  readonly growth: readonly { readonly stage: string; readonly ms: number }[];
}

export interface Medians {
  /** Of Prometheus' histogram, and of the carrier's socket. */
  readonly histogramMs: number;
  readonly carrierMs: number;
  /** The bucket that the histogram's lies in. */
  readonly bucketMs: number;
  readonly turns: number;
}

export interface ProofOptions {
  readonly program?: string;
  readonly callers: number;
  /** Of the alerts' time. */
  readonly pace: number;
}

export class Proof {
  readonly prometheus: Prometheus;
  readonly calls: ProofCalls;
  readonly #stage: Stage;
  readonly #closeHouse: () => Promise<void>;
  readonly #beganAtMs = clock.nowMs();

  private constructor(
    prometheus: Prometheus,
    calls: ProofCalls,
    stage: Stage,
    closeHouse: () => Promise<void>,
  ) {
    this.prometheus = prometheus;
    this.calls = calls;
    this.#stage = stage;
    this.#closeHouse = closeHouse;
  }

  /** Resolves when the callers are on the line and Prometheus asks the gateway. */
  static async open({ callers, ...options }: ProofOptions): Promise<Proof> {
    const stage = await Stage.open({
      clock,
      random: seededRandom(31),
      timings: SEED_TIMINGS,
      brain: proofBrain(),
      pronounced: withoutNumbers,
    });
    try {
      await stage.rehearse(['Yes, that is case 1. We will see.']);
      const { house, close } = await openProofHouse(stage);
      const prometheus = await Prometheus.start({
        ...options,
        clock,
        targets: [new URL(house.gateway.url).host],
        token: PROOF_TOKEN,
        scrapeSeconds: SCRAPE_SECONDS,
      });
      const proof = new Proof(prometheus, new ProofCalls(stage, house, clock), stage, close);
      // A counter has to be seen before it counts.
      await sleep(clock, 2_000 * SCRAPE_SECONDS);
      await proof.calls.begin(callers, 1_000);
      return proof;
    } catch (error) {
      await stage.close();
      throw error;
    }
  }

  /** Every query of every panel, over the time since the beginning. */
  async panels(): Promise<readonly PanelAnswer[]> {
    return askPanels(this.prometheus, panelQueries(), await this.#shown());
  }

  /** The choices that the dashboards offer, by label. */
  async choices(): Promise<ReadonlyMap<string, readonly string[]>> {
    const found = new Map<string, readonly string[]>();
    for (const { selector, label } of variableQueries()) {
      const expr = filledIn(selector, { ...this.#time(), variables: { agent: '.*' } });
      const series = await this.prometheus.query(`group by (${label}) (${expr})`);
      found.set(
        label,
        series.map(({ labels }) => labels[label] ?? ''),
      );
    }
    return found;
  }

  /** What is wrong with the rules: a refused expression, or a selector that finds nothing. */
  async ruleFaults(): Promise<readonly string[]> {
    const faults: string[] = [];
    for (const { name, expr, health, lastError } of await this.prometheus.rules()) {
      if (health !== 'ok') faults.push(`${name}: ${health} ${lastError}`);
      for (const selector of selectorsOf(expr)) {
        if ((await this.prometheus.query(selector)).length === 0)
          faults.push(`${name}: nothing is ${selector}`);
      }
    }
    return faults;
  }

  /** Slows one stage down until its alert comes, for `withinMs` at most, and then no longer. */
  async plant(planted: PlantedStage, withinMs: number): Promise<PlantFound> {
    this.#stage.providers.setTimings({ ...SEED_TIMINGS, ...PLANTS[planted] });
    const plantedAtMs = clock.nowMs();
    let alerted: readonly string[] = [];
    while (!alerted.includes(planted) && clock.nowMs() - plantedAtMs < withinMs) {
      await sleep(clock, 250);
      alerted = (await this.prometheus.firing())
        .filter(({ name }) => name === STAGE_ALERT)
        .map(({ labels }) => labels['stage'] ?? '');
    }
    const tookMs = clock.nowMs() - plantedAtMs;
    const growth = await this.#growth();
    this.#stage.providers.setTimings(SEED_TIMINGS);
    return { planted, alertAfterMs: alerted.includes(planted) ? tookMs : undefined, alerted, growth };
  }

  /** Everybody hangs up; Prometheus' median wait against the carrier's. */
  async endAndCompare(): Promise<Medians> {
    const reports = await this.calls.end();
    // The last turns are told of when the call is over, and then asked for.
    await sleep(clock, 2_500 * SCRAPE_SECONDS);
    const histogramMs = await this.#medianMs();
    const waitsMs = waitsOf(reports);
    return {
      histogramMs,
      carrierMs: median(waitsMs),
      bucketMs: await this.#bucketMs(histogramMs),
      turns: waitsMs.length,
    };
  }

  async close(): Promise<void> {
    await this.prometheus.stop();
    await this.#stage.close();
    await this.#closeHouse();
  }

  async #growth(): Promise<PlantFound['growth']> {
    const found = await this.prometheus.query(filledIn(panelNamed(GROWTH_PANEL).expr, await this.#shown()));
    return found
      .map(({ labels, points }) => ({
        stage: labels['stage'] ?? '',
        ms: (points.at(-1)?.[1] ?? NaN) * 1_000,
      }))
      .filter(({ ms }) => Number.isFinite(ms))
      .toSorted((a, b) => b.ms - a.ms);
  }

  async #medianMs(): Promise<number> {
    const [found] = await this.prometheus.query(filledIn(panelNamed(MEDIAN_PANEL).expr, await this.#shown()));
    return (found?.points.at(-1)?.[1] ?? NaN) * 1_000;
  }

  async #bucketMs(valueMs: number): Promise<number> {
    const found = await this.prometheus.query('group by (le) (turnpike_turn_response_seconds_bucket)');
    const edgesMs = found.map(({ labels }) => Number(labels['le']) * 1_000).filter(Number.isFinite);
    const above = Math.min(...edgesMs.filter((edge) => edge >= valueMs));
    const below = Math.max(0, ...edgesMs.filter((edge) => edge < valueMs));
    return above - below;
  }

  #time(): Pick<Shown, 'rangeSeconds' | 'scrapeSeconds'> {
    return {
      rangeSeconds: Math.ceil((clock.nowMs() - this.#beganAtMs) / 1_000),
      scrapeSeconds: SCRAPE_SECONDS,
    };
  }

  /** All is chosen: for what has no value for that, Grafana names each choice. */
  async #shown(): Promise<Shown> {
    const instances = (await this.choices()).get('instance') ?? [];
    const instance = instances.map((name) => name.replaceAll('.', '\\\\.')).join('|');
    return { ...this.#time(), variables: { agent: '.*', provider: '.*', instance } };
  }
}

function panelNamed(title: string): PanelQuery {
  const found = panelQueries().find(({ panel }) => panel === title);
  if (found === undefined) throw new Error(`there is no panel ${title}`);
  return found;
}

function waitsOf(reports: readonly CallerReport[]): readonly number[] {
  return reports.flatMap(({ turns }) =>
    turns.flatMap((turn) => (turn.kind === 'greeting' ? [] : (waitOf(turn) ?? []))),
  );
}
