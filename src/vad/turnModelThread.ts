// The turn model on a thread of its own, seen from the main one: its features alone take as long as a frame lasts.
import { closeThread, startThread } from '../base/thread.ts';
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
export const openTurnThread: OpenTurnThread = (file, listener, clock) =>
  new Promise((resolve, reject) => {
    const workerData: TurnWorkerData = { file };
    const worker = startThread(import.meta.url, 'turnWorker', workerData);
    let phase: 'starting' | 'running' | 'over' = 'starting';

    const over = (error: Error): void => {
      const before = phase;
      phase = 'over';
      if (before === 'starting') reject(error);
      if (before === 'running') listener.failed(error);
    };
    const tell = (message: ToTurnModel): void => {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
      worker.postMessage(message);
    };
    const close = (): Promise<void> => {
      phase = 'over';
      return closeThread(worker, () => tell({ kind: 'close' }), CLOSE_MS_MAX, clock);
    };
    worker.on('message', (message: FromTurnModel) => {
      if (message.kind === 'judged') {
        if (phase === 'running') listener.judged(message.probability);
        return;
      }
      phase = 'running';
      resolve({ judge: (mulaw) => tell({ kind: 'judge', mulaw }), close });
    });
    worker.on('error', over);
    worker.on('exit', (code) => over(new Error(`the thread of the turn model ended with code ${code}`)));
  });
