// The latency table that this product has inherited, as it stands there: what each of its improvements was to bring.
import type { TableImprovement } from './latencyConditions.ts';

export interface InheritedStage {
  readonly stage: string;
  readonly beforeMs: number;
  readonly afterMs: number;
  /** The improvement here that it belongs to; none: it cannot be switched off. */
  readonly improvement?: TableImprovement;
  /** What it is here. */
  readonly here: string;
}

export const INHERITED: readonly InheritedStage[] = [
  {
    stage: 'LLM API (streaming)',
    beforeMs: 2_000,
    afterMs: 500,
    improvement: 'llm-streaming',
    here: 'alone it brings nothing: the whole text is awaited until first-sentence takes it as it comes',
  },
  {
    stage: 'TTS Generation',
    beforeMs: 1_200,
    afterMs: 800,
    improvement: 'first-sentence',
    here: 'the first clause is spoken, and played from its first byte on',
  },
  {
    stage: 'DB Commits',
    beforeMs: 80,
    afterMs: 20,
    improvement: 'batched-writes',
    here: 'one commit of what is new; with it none is waited for',
  },
  {
    stage: 'File I/O',
    beforeMs: 20,
    afterMs: 5,
    here: 'no switch: no file is read on a turn\u2019s way at all, and none synchronously (a test sees to it)',
  },
  {
    stage: 'WebSocket Broadcasts',
    beforeMs: 10,
    afterMs: 0,
    improvement: 'background-events',
    here: 'watchers are not waited for',
  },
  {
    stage: 'Transcript Upsert',
    beforeMs: 30,
    afterMs: 0,
    here: 'goes with batched-writes: the commit that is waited for without it is the transcript\u2019s',
  },
  {
    stage: 'Intent Detection',
    beforeMs: 2,
    afterMs: 0.5,
    improvement: 'intents',
    here: 'and what the agent\u2019s file has a line for needs no model',
  },
  { stage: 'Regex Operations', beforeMs: 2, afterMs: 0.5, here: 'no switch: compiled once, see below' },
  {
    stage: 'Cache Key Gen',
    beforeMs: 0.5,
    afterMs: 0.2,
    improvement: 'response-cache',
    here: 'and what was answered before needs no model',
  },
  {
    stage: 'Cold Start',
    beforeMs: 2_000,
    afterMs: 0,
    improvement: 'warmup',
    here: 'the model is asked before the first caller asks',
  },
];

/** What the document says at its top and under the table. */
export const HEADLINE = { beforeMs: 4_200, afterMs: 1_125 } as const;

export function sumOf(stages: readonly InheritedStage[]): {
  readonly beforeMs: number;
  readonly afterMs: number;
} {
  return {
    beforeMs: stages.reduce((sum, { beforeMs }) => sum + beforeMs, 0),
    afterMs: stages.reduce((sum, { afterMs }) => sum + afterMs, 0),
  };
}
