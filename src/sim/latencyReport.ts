// The latency table as it is printed: each line beside the inherited figures, and what switching one off costs.
import { shown, type BenchTable } from './benchReport.ts';
import { HEADLINE, INHERITED, sumOf } from './inheritedTable.ts';
import { ADDING, ALL_OFF, ALL_ON, keyOf, WITHOUT, type Condition } from './latencyConditions.ts';
import type { TurnSample } from './latencyRun.ts';
import { TURN_KINDS } from './latencyTalk.ts';
import { median } from './statistics.ts';

/** By `keyOf`. */
export type Measured = ReadonlyMap<string, readonly TurnSample[]>;

const KIND_HEADINGS = ['first', 'fresh', 'repeated', 'by intent', 'hurried'];
const FIGURES = ['median', 'change', 'mean', 'change', ...KIND_HEADINGS, 'turns'];

/** A line for each improvement in turn: what the caller waits now, and the difference to the line above. */
export function addingTable(measured: Measured): BenchTable {
  const lines = [ALL_OFF, ...ADDING].filter((condition) => measured.has(keyOf(condition)));
  return {
    heading: ['ms', 'inherited', ...FIGURES],
    rows: lines.map((condition, place) => [
      condition.name,
      inheritedOf(condition),
      ...figuresOf(measured, condition, lines[place - 1]),
    ]),
  };
}

/** Everything is on but one: what it costs to be without it. */
export function withoutTable(measured: Measured): BenchTable {
  const lines = [ALL_ON, ...WITHOUT].filter((condition) => measured.has(keyOf(condition)));
  return {
    heading: ['ms', ...FIGURES],
    rows: lines.map((condition) => [
      condition.name,
      ...figuresOf(measured, condition, condition === ALL_ON ? undefined : ALL_ON),
    ]),
  };
}

export function inheritedTable(): BenchTable {
  const sum = sumOf(INHERITED);
  const row = (
    stage: string,
    beforeMs: number,
    afterMs: number,
    improvement: string,
    here: string,
  ): string[] => [stage, digits(beforeMs), digits(afterMs), digits(beforeMs - afterMs), improvement, here];
  return {
    heading: ['inherited, ms', 'before', 'after', 'saves', 'here', ''],
    rows: [
      ...INHERITED.map(({ stage, beforeMs, afterMs, improvement, here }) =>
        row(stage, beforeMs, afterMs, improvement ?? '-', here),
      ),
      row('sum of its stages', sum.beforeMs, sum.afterMs, '', ''),
      row('its headline', HEADLINE.beforeMs, HEADLINE.afterMs, '', ''),
    ],
  };
}

/** That the inherited table does not add up, which is not ours to fit. */
export function inheritedNote(): string {
  const sum = sumOf(INHERITED);
  const short = INHERITED.filter(({ stage }) => stage !== 'Regex Operations' && stage !== 'Cache Key Gen');
  const without = sumOf(short);
  return `The inherited stages add up to ${digits(sum.beforeMs)} -> ${digits(sum.afterMs)} ms (${digits(without.beforeMs)} -> ${digits(without.afterMs)} without regular expressions and cache keys), not to its headline of ${digits(HEADLINE.beforeMs)} -> ${digits(HEADLINE.afterMs)}; neither has the decision that the caller has finished, which every figure measured here does have.`;
}

/** The median wait with all off over that of the sums of the serial waits; NaN where it was not measured. */
export function serialShare(measured: Measured): { readonly waitMs: number; readonly serialMs: number } {
  const turns = measured.get(keyOf(ALL_OFF)) ?? [];
  const both = turns.filter(({ waitMs, serialMs }) => waitMs !== undefined && serialMs !== undefined);
  return {
    waitMs: median(both.map(({ waitMs }) => waitMs ?? NaN)),
    serialMs: median(both.map(({ serialMs }) => serialMs ?? NaN)),
  };
}

function inheritedOf({ improvement }: Condition): string {
  const stages = INHERITED.filter((stage) => improvement !== undefined && stage.improvement === improvement);
  return stages
    .map(
      ({ beforeMs, afterMs }) =>
        `${digits(beforeMs)} -> ${digits(afterMs)}, ${digits(beforeMs - afterMs)} less`,
    )
    .join('; ');
}

function figuresOf(
  measured: Measured,
  condition: Condition,
  beside: Condition | undefined,
): readonly string[] {
  const own = measured.get(keyOf(condition)) ?? [];
  const other = beside === undefined ? undefined : measured.get(keyOf(beside));
  const change = (figure: (turns: readonly TurnSample[]) => number): string =>
    other === undefined ? '' : signed(figure(own) - figure(other));
  const answered = own.filter(({ waitMs }) => waitMs !== undefined).length;
  return [
    shown(medianMs(own)),
    change(medianMs),
    shown(meanMs(own)),
    change(meanMs),
    ...TURN_KINDS.map((kind) => shown(medianMs(own.filter((turn) => turn.kind === kind)))),
    answered === own.length ? String(own.length) : `${answered} of ${own.length}`,
  ];
}

function waitsOf(turns: readonly TurnSample[]): readonly number[] {
  return turns.map(({ waitMs }) => waitMs).filter((waitMs) => waitMs !== undefined);
}

export function medianMs(turns: readonly TurnSample[]): number {
  return median(waitsOf(turns));
}

export function meanMs(turns: readonly TurnSample[]): number {
  const waits = waitsOf(turns);
  return waits.reduce((sum, waitMs) => sum + waitMs, 0) / waits.length;
}

function signed(value: number): string {
  return `${value > 0 ? '+' : ''}${shown(value)}`;
}

function digits(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 1 });
}
