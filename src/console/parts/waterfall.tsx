// One turn's times, stage by stage on one scale from the end of the caller's speech. Stages overlap: that is what preparing
// early gains. Where a stage's beginning is not known, it is drawn to end where the next one begins.
import type { VNode } from 'preact';
import { milliseconds } from '../format.ts';
import { STAGES, type Stage, type Timings } from '../wire.ts';

interface Bar {
  readonly stage: Stage;
  readonly name: string;
  readonly what: string;
  readonly fromMs: number;
  readonly tookMs: number;
}

/** The reply's stages, which follow one another up to the first frame. */
const MADE: readonly Stage[] = ['llmFirstToken', 'llmFirstSentence', 'ttsFirstAudio', 'firstFrame'];

/** Those that took place, in their order. Pure. */
export function barsOf(timings: Timings): readonly Bar[] {
  const madeMs = MADE.reduce((sum, stage) => sum + (timings[stage] ?? 0), 0);
  const madeFromMs = Math.max(0, (timings.response ?? madeMs) - madeMs);
  const finalFromMs = Math.max(
    0,
    Math.min(madeFromMs, timings.endpoint ?? madeFromMs) - (timings.sttFinal ?? 0),
  );
  let nextMs = madeFromMs;
  return STAGES.flatMap(({ stage, name, what }) => {
    const tookMs = timings[stage];
    if (tookMs === undefined) return [];
    const fromMs = MADE.includes(stage) ? nextMs : stage === 'sttFinal' ? finalFromMs : 0;
    if (MADE.includes(stage)) nextMs += tookMs;
    return [{ stage, name, what, fromMs, tookMs }];
  });
}

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
