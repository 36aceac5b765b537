// Where the stages of a turn lie on one scale from the end of the caller's speech. They overlap: that is what preparing early
// gains. Where a stage's beginning is not known, it is drawn to end where the next one begins. Pure.
import { STAGES, type Stage, type Timings } from './wire.ts';

export interface Bar {
  readonly stage: Stage;
  readonly name: string;
  readonly what: string;
  readonly fromMs: number;
  readonly tookMs: number;
}

/** The reply's stages, which follow one another up to the first frame. */
const MADE: readonly Stage[] = ['llmFirstToken', 'llmFirstSentence', 'ttsFirstAudio', 'firstFrame'];

/** Those that took place, in their order. */
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
