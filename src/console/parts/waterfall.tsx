// One turn's times, stage by stage.
import type { VNode } from 'preact';
import { milliseconds } from '../format.ts';
import { barsOf } from '../stageBars.ts';
import type { Timings } from '../wire.ts';

export function Waterfall({ timings }: { readonly timings: Timings }): VNode | null {
  const bars = barsOf(timings);
  if (bars.length === 0) return null;
  const wholeMs = Math.max(1, ...bars.map(({ fromMs, tookMs }) => fromMs + tookMs));
  return (
    <ul class="waterfall" aria-label="Times of this turn">
      {bars.map(({ stage, name, what, fromMs, tookMs }) => (
        <li key={stage} data-stage={stage} title={what}>
          <span class="waterfall-name">{name}</span>
          <span class="waterfall-lane" aria-hidden="true">
            <span
              class={`waterfall-bar ${stage}`}
              style={{ left: `${(fromMs / wholeMs) * 100}%`, width: `${(tookMs / wholeMs) * 100}%` }}
            />
          </span>
          <span class="waterfall-ms number">{milliseconds(tookMs)}</span>
        </li>
      ))}
    </ul>
  );
}
