// The figures of one setting, out of the scores of its cases, and the table that puts settings side by side.
import { shown, type BenchTable } from './benchReport.ts';
import { quantile } from './statistics.ts';
import type { CaseKind } from './turnCases.ts';
import { UNHEARD, type TurnScore } from './turnScore.ts';

/** A share of cases. */
export interface Share {
  readonly count: number;
  readonly of: number;
}

export interface Delay {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
}

export interface TurnFigures {
  readonly response: Delay;
  readonly decided: Delay;
  readonly decidedClean: Delay;
  readonly decidedNoisy: Delay;
  /** Of turns that are one whole sentence. */
  readonly decidedComplete: Delay;
  readonly decidedCompleteClean: Delay;
  readonly decidedCompleteNoisy: Delay;
  /** Of the turns with a pause that is not their end. */
  readonly cutOffsOfPauses: Share;
  readonly cutOffs: Share;
  readonly missed: Share;
  /** Of all turns: those missed of which the simulated speech-to-text recognised nothing. */
  readonly unheard: Share;
  readonly stop: Delay;
  readonly hold: Delay;
  readonly yields: Share;
  /** Of these: the answers given over the last words of the question. */
  readonly closingYields: Share;
  readonly selectivity: Readonly<Record<Ignorable, Share>>;
  /** How long the agent was silent before it went on, of the cases in which it rightly did. */
  readonly paused: Delay;
  readonly resumedInterruptions: Share;
  readonly resumedOthers: Share;
  /** Within one word of what was played. */
  readonly heardWithinOne: Share;
  /** Words stored beyond those played. */
  readonly heardErrorMean: number;
  readonly heardErrorMax: number;
  /** Requests to the model beyond one a turn. */
  readonly extraRequests: Share;
  readonly cases: number;
  readonly spoilt: number;
}

const IGNORABLE = [
  'backchannel',
  'cough',
  'knock',
  'hiss',
  'idleCough',
  'idleKnock',
  'idleHiss',
  'sideTalk',
  'echo',
] as const;
type Ignorable = (typeof IGNORABLE)[number];
const PAUSED: readonly CaseKind[] = [
  'openClause',
  'comma',
  'hesitation',
  'wrongStop',
  'phone',
  'spelling',
  'twoSentences',
];

export function figuresOf(
  scores: readonly TurnScore[],
  requests: { readonly requests: number; readonly turns: number },
): TurnFigures {
  const good = scores.filter(({ spoilt }) => spoilt === undefined);
  const of = (...kinds: readonly CaseKind[]): readonly TurnScore[] =>
    good.filter(({ kind }) => kinds.includes(kind));
  const selectivityOf = (kind: Ignorable): Share => share(of(kind), ({ selective }) => selective);
  return {
    response: delay(good.map(({ responseMs }) => responseMs)),
    decided: delay(good.map(({ decidedMs }) => decidedMs)),
    decidedClean: delay(good.filter(isClean).map(({ decidedMs }) => decidedMs)),
    decidedNoisy: delay(good.filter(isNoisy).map(({ decidedMs }) => decidedMs)),
    decidedComplete: delay(of('complete').map(({ decidedMs }) => decidedMs)),
    decidedCompleteClean: delay(
      of('complete')
        .filter(isClean)
        .map(({ decidedMs }) => decidedMs),
    ),
    decidedCompleteNoisy: delay(
      of('complete')
        .filter(isNoisy)
        .map(({ decidedMs }) => decidedMs),
    ),
    cutOffsOfPauses: share(of(...PAUSED), ({ cutOff }) => cutOff),
    cutOffs: share(good, ({ cutOff }) => cutOff),
    missed: share(good, ({ missed }) => missed),
    unheard: share(good, ({ missed, failures }) =>
      missed === undefined ? undefined : failures.includes(UNHEARD),
    ),
    stop: delay(good.map(({ stopMs }) => stopMs)),
    hold: delay(good.map(({ holdMs }) => holdMs)),
    yields: share(good, ({ yielded }) => yielded),
    closingYields: share(of('closingYes'), ({ yielded }) => yielded),
    selectivity: {
      backchannel: selectivityOf('backchannel'),
      cough: selectivityOf('cough'),
      knock: selectivityOf('knock'),
      hiss: selectivityOf('hiss'),
      idleCough: selectivityOf('idleCough'),
      idleKnock: selectivityOf('idleKnock'),
      idleHiss: selectivityOf('idleHiss'),
      sideTalk: selectivityOf('sideTalk'),
      echo: selectivityOf('echo'),
    },
    paused: delay(good.map(({ pausedMs }) => pausedMs)),
    resumedInterruptions: share(
      good.filter(({ yielded }) => yielded !== undefined),
      ({ resumed }) => resumed,
    ),
    resumedOthers: share(
      good.filter(({ selective }) => selective !== undefined),
      ({ resumed }) => resumed,
    ),
    heardWithinOne: share(good, ({ heardError }) =>
      heardError === undefined ? undefined : Math.abs(heardError) <= 1,
    ),
    heardErrorMean: mean(good.flatMap(({ heardError }) => heardError ?? [])),
    heardErrorMax: good.reduce((most, { heardError = 0 }) => Math.max(most, Math.abs(heardError)), 0),
    extraRequests: { count: Math.max(0, requests.requests - requests.turns), of: requests.turns },
    cases: scores.length,
    spoilt: scores.length - good.length,
  };
}

/** Settings in columns. */
export function figuresTable(
  settings: readonly {
    readonly name: string;
    readonly figures: TurnFigures;
    readonly tickLateMsMax: number;
  }[],
): BenchTable {
  const row = (name: string, cell: (figures: TurnFigures) => string): readonly string[] => [
    name,
    ...settings.map(({ figures }) => cell(figures)),
  ];
  return {
    heading: ['', ...settings.map(({ name }) => name)],
    rows: [
      row('response, ms p50 / p95', ({ response }) => delayText(response)),
      row('end of speech to decision, ms p50 / p95', ({ decided }) => delayText(decided)),
      row('  clean line', ({ decidedClean }) => delayText(decidedClean)),
      row('  in noise', ({ decidedNoisy }) => delayText(decidedNoisy)),
      row('  of whole sentences', ({ decidedComplete }) => delayText(decidedComplete)),
      row('    clean line', ({ decidedCompleteClean }) => delayText(decidedCompleteClean)),
      row('    in noise', ({ decidedCompleteNoisy }) => delayText(decidedCompleteNoisy)),
      row('false cut-offs, of turns with a pause', ({ cutOffsOfPauses }) => shareText(cutOffsOfPauses)),
      row('  of all turns', ({ cutOffs }) => shareText(cutOffs)),
      row('missed turns', ({ missed }) => shareText(missed)),
      row('  not a word was recognised', ({ unheard }) => shareText(unheard)),
      row('barge-in: voice to last frame played, ms p50 / p95', ({ stop }) => delayText(stop)),
      row('  voice to hold, ms p50 / p95', ({ hold }) => delayText(hold)),
      row('  yield rate', ({ yields }) => shareText(yields)),
      row('    "yes" over the closing question taken as the answer', ({ closingYields }) =>
        shareText(closingYields),
      ),
      ...IGNORABLE.map((kind) =>
        row(`selectivity: ${kind}`, ({ selectivity }) => shareText(selectivity[kind])),
      ),
      row('  silent before going on, ms p50 / p95', ({ paused }) => delayText(paused)),
      row('resumed replies: after interruptions', ({ resumedInterruptions }) =>
        shareText(resumedInterruptions),
      ),
      row('  after all else', ({ resumedOthers }) => shareText(resumedOthers)),
      row('heard text within one word', ({ heardWithinOne }) => shareText(heardWithinOne)),
      row(
        '  words of error, mean / most',
        ({ heardErrorMean, heardErrorMax }) => `${shown(heardErrorMean, 2)} / ${heardErrorMax}`,
      ),
      row('extra model requests', ({ extraRequests }) => shareText(extraRequests)),
      row('cases / spoilt', ({ cases, spoilt }) => `${cases} / ${spoilt}`),
      ['carrier late, ms at most', ...settings.map(({ tickLateMsMax }) => shown(tickLateMsMax))],
    ],
  };
}

/** What failed, kind by kind and case by case: each can be played again alone. */
export function failuresTable({
  name,
  scores,
}: {
  readonly name: string;
  readonly scores: readonly TurnScore[];
}): BenchTable {
  const failed = scores.filter(({ failures, spoilt }) => failures.length > 0 || spoilt !== undefined);
  const kinds = [...new Set(failed.map(({ kind }) => kind))];
  return {
    heading: [`${name}: kind`, 'failed', 'of', 'cases'],
    rows: kinds.map((kind) => {
      const of = failed.filter((score) => score.kind === kind);
      const all = scores.filter((score) => score.kind === kind).length;
      const cases = of.map(
        ({ id, failures, spoilt }) => `${id.split('-').at(-1)} ${spoilt ?? failures.join('+')}`,
      );
      return [kind, String(of.length), String(all), cases.join('; ')];
    }),
  };
}

function isClean({ snrDb }: TurnScore): boolean {
  return snrDb === undefined;
}

function isNoisy(score: TurnScore): boolean {
  return !isClean(score);
}

function delay(values: readonly (number | undefined)[]): Delay {
  const known = values.filter((value) => value !== undefined);
  return { count: known.length, p50: quantile(known, 0.5), p95: quantile(known, 0.95) };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Of the cases that say anything about it. */
function share(scores: readonly TurnScore[], holds: (score: TurnScore) => boolean | undefined): Share {
  const known = scores.map(holds).filter((value) => value !== undefined);
  return { count: known.filter(Boolean).length, of: known.length };
}

function delayText({ p50, p95 }: Delay): string {
  return `${shown(p50)} / ${shown(p95)}`;
}

function shareText({ count, of }: Share): string {
  return of === 0 ? '-' : `${shown((100 * count) / of, 1)} % (${count}/${of})`;
}
