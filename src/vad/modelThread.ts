// The voice model on a thread of its own, seen from the main one. With 50 calls it takes 1 % of the
// main thread here and 10 % when it runs there, where a batch of 32 holds up every call for 1.2 ms:
// docs/decisions/vad-in-a-worker.md.
import type { Clock } from '../base/clock.ts';
import type { Batch } from './batch.ts';
import { openThread, startThread } from '../base/thread.ts';

/** The main thread's word: run the first `windows` of a batch, or end. */
export type ToModel =
  | { readonly kind: 'run'; readonly batch: number; readonly windows: number }
  | { readonly kind: 'close' };

/** The thread's word: the model is there, or a batch's probabilities are. */
export type FromModel = { readonly kind: 'ready' } | { readonly kind: 'answered'; readonly batch: number };

export interface ModelWorkerData {
  readonly batches: readonly SharedArrayBuffer[];
}

export interface ModelListener {
  /** The probabilities of this batch are there. Batches are answered in the order in which they were asked. */
  answered(batch: number): void;
  /** No answer will come any more. At most once. */
  failed(error: Error): void;
}

/** Something that runs the model: the thread, or a stand-in. */
export interface ModelThread {
  /** The batch belongs to the model until it is answered. */
  ask(batch: number, windows: number): void;
  /** Nothing is heard of it after this. */
  close(): Promise<void>;
}

export type OpenModelThread = (
  batches: readonly Batch[],
  listener: ModelListener,
  clock: Clock,
) => Promise<ModelThread>;

/** A run takes 2 ms, so a thread that has not ended by itself by then never will. */
const CLOSE_MS_MAX = 1_000;

/** Resolves when the model has been read and has run once; rejects when it can't. */
export const openModelThread: OpenModelThread = async (batches, listener, clock) => {
  const workerData: ModelWorkerData = { batches: batches.map((batch) => batch.memory) };
  const worker = startThread(import.meta.url, 'worker', workerData);
  const thread = await openThread<ToModel, FromModel>(worker, {
    name: 'the voice model',
    closing: { kind: 'close' },
    closeMsMax: CLOSE_MS_MAX,
    clock,
    heard: (news) => {
      if (news.kind === 'answered') listener.answered(news.batch);
    },
    failed: (error) => listener.failed(error),
  });
  return {
    ask: (batch, windows) => thread.tell({ kind: 'run', batch, windows }),
    close: () => thread.close(),
  };
};
