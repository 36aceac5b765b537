// Median and p95 of one stage over the last minutes, as two lines. The same figures stand in the table beside it, so that
// nobody has to see the picture.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { gridStep } from '../gridStep.ts';
import { hourAndMinute, many, milliseconds } from '../format.ts';
import type { LatencyAnswer, Stage } from '../wire.ts';

const [WIDTH, HEIGHT] = [720, 220];
const [LEFT, RIGHT, TOP, BOTTOM] = [52, 8, 10, 24];

interface Point {
  readonly x: number;
  readonly p50: number;
  readonly p95: number;
  readonly slot: LatencyAnswer['slots'][number];
}

export function LatencyChart({
  latency,
  stage,
  name,
}: {
  readonly latency: LatencyAnswer;
  readonly stage: Stage;
  readonly name: string;
}): VNode {
  const [at, setAt] = useState<number>();
  const [sinceMs, untilMs] = [Date.parse(latency.since), Date.parse(latency.until)];
  const xOf = (atMs: number): number =>
    LEFT + ((atMs - sinceMs) / (untilMs - sinceMs)) * (WIDTH - LEFT - RIGHT);
  const points: readonly Point[] = latency.slots.flatMap((slot) => {
    const figures = slot.stages[stage];
    return figures === undefined
      ? []
      : [{ x: xOf(Date.parse(slot.at) + latency.slotMs / 2), slot, ...figures }];
  });
  const step = gridStep(Math.max(...points.map(({ p95 }) => p95), 0));
  const top = Math.max(step, Math.ceil(Math.max(...points.map(({ p95 }) => p95), 0) / step) * step);
  const yOf = (ms: number): number => HEIGHT - BOTTOM - (ms / top) * (HEIGHT - TOP - BOTTOM);
  const lines = Array.from({ length: Math.round(top / step) + 1 }, (_unused, line) => line * step);
  const times = Array.from({ length: 5 }, (_unused, part) => sinceMs + ((untilMs - sinceMs) * part) / 4);
  const onPointer = (event: PointerEvent): void => {
    if (!(event.currentTarget instanceof SVGElement) || points.length === 0) return;
    const { left, width } = event.currentTarget.getBoundingClientRect();
    const x = ((event.clientX - left) / width) * WIDTH;
    const far = points.map((point) => Math.abs(point.x - x));
    setAt(far.indexOf(Math.min(...far)));
  };
  const chosen = at === undefined ? undefined : points[at];
  return (
    <figure class="chart">
      <figcaption>
        <strong>{name}</strong>
        <span class="key p50">p50</span>
        <span class="key p95">p95</span>
        <span class="chart-reading number small" aria-hidden="true">
          {chosen === undefined
            ? ' '
            : `${hourAndMinute(chosen.slot.at)} · p50 ${milliseconds(chosen.p50)} · p95 ${milliseconds(chosen.p95)} · ${many(chosen.slot.turns, 'turn')}`}
        </span>
      </figcaption>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        aria-label={`${name}: median and 95th percentile over time; the figures are in the table`}
        onPointerMove={onPointer}
        onPointerLeave={() => setAt(undefined)}
      >
        {lines.map((ms) => (
          <g key={ms} class="grid">
            <line x1={LEFT} x2={WIDTH - RIGHT} y1={yOf(ms)} y2={yOf(ms)} />
            <text x={LEFT - 8} y={yOf(ms) + 4} text-anchor="end">
              {ms >= 1_000 ? `${ms / 1_000} s` : `${ms} ms`}
            </text>
          </g>
        ))}
        {times.map((ms, part) => (
          <text
            key={ms}
            class="axis"
            x={xOf(ms)}
            y={HEIGHT - 6}
            text-anchor={part === 0 ? 'start' : part === 4 ? 'end' : 'middle'}
          >
            {hourAndMinute(ms)}
          </text>
        ))}
        {(['p95', 'p50'] as const).map((quantile) => (
          <g key={quantile} class={`line ${quantile}`}>
            <polyline points={points.map((point) => `${point.x},${yOf(point[quantile])}`).join(' ')} />
            {points.map((point) => (
              <circle
                key={point.slot.at}
                cx={point.x}
                cy={yOf(point[quantile])}
                r={point === chosen ? 4.5 : 2.5}
              />
            ))}
          </g>
        ))}
      </svg>
    </figure>
  );
}
