// The dashboards and the alerts against a real Prometheus, under calls for minutes: what an SRE would find empty, what
// would not be named, and how long it takes to be told.
import { sleep, systemClock } from '../base/clock.ts';
import { shown, type BenchReport } from './benchReport.ts';
import { PLANTED_MS, Proof, type Medians, type PlantedStage, type PlantFound } from './proof.ts';
import type { PanelAnswer } from './panelQueries.ts';

const CALLERS = 24;
/** An hour of the alerts' time is two minutes. */
const PACE = 30;
/** Visitors come so often. */
const VISIT_MS = 20_000;
const ALERT_MS_MAX = 120_000;
const HEARD_MS_MAX = 5;
/** What was slow has left the windows of the next alert. */
const SETTLE_MS = 15_000;
const STAGES: readonly PlantedStage[] = ['llm_first_token', 'tts_first_audio', 'stt_final'];

/** Needs the program `prometheus` in PATH. */
export async function benchPrometheus({ seconds }: { readonly seconds: number }): Promise<BenchReport> {
  const proof = await Proof.open({ callers: CALLERS, pace: PACE });
  try {
    for (let left = seconds * 1_000; left > 0; left -= VISIT_MS) {
      await proof.calls.visit();
      await sleep(systemClock, Math.min(left, VISIT_MS));
    }
    const panels = await proof.panels();
    const ruleFaults = await proof.ruleFaults();
    const rules = (await proof.prometheus.rules()).length;
    const quiet = (await proof.prometheus.firing()).filter(({ name }) => name === 'TurnpikeStageSlower');
    const plants: PlantFound[] = [];
    for (const stage of STAGES) {
      plants.push(await proof.plant(stage, ALERT_MS_MAX));
      await sleep(systemClock, SETTLE_MS);
    }
    const medians = await proof.endAndCompare();
    return report({ seconds, panels, rules, ruleFaults, falseAlerts: quiet.length, plants, medians });
  } finally {
    await proof.close();
  }
}

interface Found {
  readonly seconds: number;
  readonly panels: readonly PanelAnswer[];
  readonly rules: number;
  readonly ruleFaults: readonly string[];
  readonly falseAlerts: number;
  readonly plants: readonly PlantFound[];
  readonly medians: Medians;
}

type Line = readonly [what: string, measured: string, wanted: string];

function report(found: Found): BenchReport {
  const { seconds, panels, rules, ruleFaults, falseAlerts, plants, medians } = found;
  const refused = panels.filter(({ failure }) => failure !== undefined);
  const empty = panels.filter(({ series, failure }) => series.length === 0 && failure === undefined);
  const apartMs = Math.abs(medians.histogramMs - medians.carrierMs);
  const lines: readonly Line[] = [
    [`queries of panels, after ${seconds} s`, shown(panels.length), ''],
    ['... that Prometheus refused', shown(refused.length), '0'],
    ['... without data', shown(empty.length), '0'],
    ['rules', shown(rules), ''],
    ['... that ask for what is not there', shown(ruleFaults.length), '0'],
    ['stages called slower before one was', shown(falseAlerts), '0'],
    ...plants.flatMap(plantLines),
    ['median wait by Prometheus, ms', shown(medians.histogramMs), ''],
    [`... by the carrier, ${medians.turns} turns, ms`, shown(medians.carrierMs), ''],
    ['... apart, ms', shown(apartMs, 1), `${Math.max(HEARD_MS_MAX, medians.bucketMs)} (a bucket)`],
  ];
  return {
    title: `Every panel and every alert, asked of a real Prometheus under ${CALLERS} callers`,
    tables: [{ heading: ['', 'measured', 'wanted'], rows: lines }],
    notes: [
      `The alerts' time runs ${PACE} times faster than the clock, so that their five minutes are ten seconds.`,
      ...[...refused, ...empty].map(
        ({ query, failure }) => `${query.dashboard}: ${query.panel}: ${failure ?? 'no data'}`,
      ),
      ...ruleFaults,
    ],
    figures: { seconds, plants, medians, lines },
  };
}

function plantLines({ planted, alertAfterMs, growth }: PlantFound): readonly Line[] {
  const [most] = growth;
  return [
    [`${planted} ${PLANTED_MS} ms slower: the panel names`, most?.stage ?? 'nothing', planted],
    [
      '... the alert came after, s',
      shown((alertAfterMs ?? NaN) / 1_000, 1),
      `at most ${ALERT_MS_MAX / 1_000}`,
    ],
  ];
}
