// What the evaluation of turn-taking has to show, beside what it showed: figure by figure, and how many cases lie beyond
// each limit.
import { shown, type BenchTable } from './benchReport.ts';
import { median } from './statistics.ts';
import type { Share, TurnFigures } from './turnFigures.ts';
import type { TurnScore } from './turnScore.ts';

export interface Evaluated {
  readonly name: string;
  readonly figures: TurnFigures;
  readonly scores: readonly TurnScore[];
}

interface Target {
  readonly name: string;
  readonly limit: number;
  readonly side: 'at most' | 'at least';
  readonly unit: 'ms' | '%';
  readonly value: (figures: TurnFigures) => number;
  /** Whether the case lies beyond the limit; undefined when it says nothing about it. */
  readonly beyond: (score: TurnScore) => boolean | undefined;
}

export const WITHOUT_SPECULATION = 'DISABLE=speculation';
const SHIPPED = 'default';
/** By so much the median response is shorter with speculation. */
const SPECULATION_MS = 250;

const TARGETS: readonly Target[] = [
  atMost('end of speech to decision, p50', 350, 'ms', ({ decided }) => decided.p50, msOver('decidedMs', 350)),
  atMost(
    'end of speech to decision, p95 of whole sentences',
    600,
    'ms',
    ({ decidedComplete }) => decidedComplete.p95,
    (score) => (score.kind === 'complete' ? msOver('decidedMs', 600)(score) : undefined),
  ),
  atMost(
    'false cut-offs, of turns with a pause',
    5,
    '%',
    ({ cutOffsOfPauses }) => percent(cutOffsOfPauses),
    ({ kind, cutOff }) => (kind === 'complete' || kind === 'yesNo' ? undefined : cutOff),
  ),
  atMost(
    'false cut-offs, of all turns',
    5,
    '%',
    ({ cutOffs }) => percent(cutOffs),
    ({ cutOff }) => cutOff,
  ),
  atMost('voice to last frame played, p50', 250, 'ms', ({ stop }) => stop.p50, msOver('stopMs', 250)),
  atMost('voice to last frame played, p95', 420, 'ms', ({ stop }) => stop.p95, msOver('stopMs', 420)),
  atMost('voice to hold, p50', 130, 'ms', ({ hold }) => hold.p50, msOver('holdMs', 130)),
  atLeast(
    'yield rate',
    98,
    ({ yields }) => percent(yields),
    ({ yielded }) => not(yielded),
  ),
  selectivity('backchannel', 85),
  ...(['cough', 'knock', 'hiss', 'idleCough', 'idleKnock', 'idleHiss'] as const).map((kind) =>
    selectivity(kind, 95),
  ),
  selectivity('echo', 98),
  atLeast(
    'heard text within one word',
    99,
    ({ heardWithinOne }) => percent(heardWithinOne),
    ({ heardError }) => (heardError === undefined ? undefined : Math.abs(heardError) > 1),
  ),
];
const EXTRA_REQUESTS_PERCENT = 30;

/** Of the shipped setting, or the first there is. */
export function targetsTable(settings: readonly Evaluated[]): BenchTable {
  const shipped = settings.find(({ name }) => name === SHIPPED) ?? settings[0];
  const heading = [shipped?.name ?? SHIPPED, 'wanted', 'is', '', 'cases beyond'];
  if (shipped === undefined) return { heading, rows: [] };
  const rows = TARGETS.map((target) => rowOf(target, shipped));
  const { extraRequests } = shipped.figures;
  const extra = percent(extraRequests);
  const requests = verdict(
    extra,
    `at most ${EXTRA_REQUESTS_PERCENT} %`,
    '%',
    extra <= EXTRA_REQUESTS_PERCENT,
  );
  const { savedMs, slower, count } = savedBySpeculation(shipped, settings);
  const saved = verdict(savedMs, `at least ${SPECULATION_MS} ms`, 'ms', savedMs >= SPECULATION_MS);
  return {
    heading,
    rows: [
      ...rows,
      ['extra model requests', ...requests, `${extraRequests.count} requests of ${extraRequests.of} turns`],
      [
        'median response saved by speculation, same turns',
        ...saved,
        count === 0 ? '-' : `${slower} of ${count} not`,
      ],
    ],
  };
}

function rowOf(
  { name, limit, side, unit, value, beyond }: Target,
  { figures, scores }: Evaluated,
): readonly string[] {
  const is = value(figures);
  const met = side === 'at most' ? is <= limit : is >= limit;
  const known = scores.filter(({ spoilt }) => spoilt === undefined).flatMap((score) => beyond(score) ?? []);
  const cases = known.length === 0 ? '-' : `${known.filter(Boolean).length} of ${known.length}`;
  return [name, ...verdict(is, `${side} ${limit} ${unit}`, unit, met), cases];
}

function verdict(is: number, wanted: string, unit: Target['unit'], met: boolean): readonly string[] {
  if (Number.isNaN(is)) return [wanted, '-', ''];
  return [wanted, `${shown(is, unit === 'ms' ? 0 : 1)} ${unit}`, met ? 'met' : 'MISSED'];
}

/** Of the turns that were answered both with speculation and without. */
function savedBySpeculation(
  shipped: Evaluated,
  settings: readonly Evaluated[],
): { readonly savedMs: number; readonly slower: number; readonly count: number } {
  const without = settings.find(({ name }) => name === WITHOUT_SPECULATION);
  const others = new Map(without?.scores.map(({ id, responseMs }) => [id, responseMs]));
  const pairs = shipped.scores.flatMap(({ id, responseMs }) => {
    const otherMs = others.get(id);
    return responseMs === undefined || otherMs === undefined ? [] : [{ responseMs, otherMs }];
  });
  return {
    savedMs: median(pairs.map(({ otherMs }) => otherMs)) - median(pairs.map(({ responseMs }) => responseMs)),
    slower: pairs.filter(({ responseMs, otherMs }) => responseMs >= otherMs).length,
    count: pairs.length,
  };
}

function atMost(
  name: string,
  limit: number,
  unit: Target['unit'],
  value: Target['value'],
  beyond: Target['beyond'],
): Target {
  return { name, limit, side: 'at most', unit, value, beyond };
}

function atLeast(name: string, limit: number, value: Target['value'], beyond: Target['beyond']): Target {
  return { name, limit, side: 'at least', unit: '%', value, beyond };
}

function selectivity(kind: keyof TurnFigures['selectivity'], limit: number): Target {
  return atLeast(
    `selectivity: ${kind}`,
    limit,
    (figures) => percent(figures.selectivity[kind]),
    (score) => (score.kind === kind ? not(score.selective) : undefined),
  );
}

function msOver(what: 'decidedMs' | 'stopMs' | 'holdMs', limitMs: number): Target['beyond'] {
  return (score) => {
    const value = score[what];
    return value === undefined ? undefined : value > limitMs;
  };
}

function not(value: boolean | undefined): boolean | undefined {
  return value === undefined ? undefined : !value;
}

function percent({ count, of }: Share): number {
  return of === 0 ? NaN : (100 * count) / of;
}
