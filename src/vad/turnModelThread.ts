// The turn model on a thread of its own, seen from the main one: its features alone take as long as a frame lasts.
import { openThread, startThread } from '../base/thread.ts';
import type { Clock } from '../base/clock.ts';

/** The main thread's word: judge this turn, or end. */
export type ToTurnModel = { readonly kind: 'judge'; readonly mulaw: Uint8Array } | { readonly kind: 'close' };

/** The thread's word: the model is there, or the probability for the turn it was given is. */
export type FromTurnModel =
  | { readonly kind: 'ready' }
  | { readonly kind: 'judged'; readonly probability: number };

export interface TurnWorkerData {
  readonly file: string;
}

export interface TurnThreadListener {
  judged(probability: number): void;
  /** No answer will come any more. At most once. */
  failed(error: Error): void;
}

/** Something that runs the model: the thread, or a stand-in. */
export interface TurnThread {
  /** One turn at a time: not before the one before was judged. */
  judge(mulaw: Uint8Array): void;
  /** Nothing is heard of it after this. Idempotent, never rejects. */
  close(): Promise<void>;
}

export type OpenTurnThread = (
  file: string,
  listener: TurnThreadListener,
  clock: Clock,
) => Promise<TurnThread>;

/** A run takes far less, so a thread that has not ended by itself by then never will. */
const CLOSE_MS_MAX = 1_000;

/** Resolves when the model has been read and has run once; rejects when it can't. */
export const openTurnThread: OpenTurnThread = async (file, listener, clock) => {
  const workerData: TurnWorkerData = { file };
  const worker = startThread(import.meta.url, 'turnWorker', workerData);
  const thread = await openThread<ToTurnModel, FromTurnModel>(worker, {
    name: 'the turn model',
    closing: { kind: 'close' },
    closeMsMax: CLOSE_MS_MAX,
    clock,
    heard: (news) => {
      if (news.kind === 'judged') listener.judged(news.probability);
    },
    failed: (error) => listener.failed(error),
  });
  return { judge: (mulaw) => thread.tell({ kind: 'judge', mulaw }), close: () => thread.close() };
};
