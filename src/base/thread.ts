// Starts a module of this code in a worker thread, from the sources as well as from the build, and ends it.
import { Worker } from 'node:worker_threads';
import type { Clock } from './clock.ts';

/**
 * `name` is a file beside the module `importer` (its `import.meta.url`), without its ending, which is
 * the importer's own: `.ts` in the sources, `.js` in the build. The caller owns the worker.
 */
export function startThread(importer: string, name: string, workerData: unknown): Worker {
  const built = importer.endsWith('.js');
  const module = new URL(`./${name}${built ? '.js' : '.ts'}`, importer);
  if (built) return new Worker(module, { workerData });
  // A thread does not inherit what `--import tsx` did to its parent, and on Node 20 that import does
  // nothing in a thread, so the thread asks for it. Where tsx is not installed Node reads the types itself.
  const entry = JSON.stringify(module.href);
  const source = `import('tsx/esm/api').then((tsx) => tsx.register(), () => undefined).then(() => import(${entry}))`;
  return new Worker(source, { eval: true, workerData });
}

/**
 * Resolves when the thread has ended; never rejects. `ask` tells it to end by itself, because a model that is torn
 * down in a run leaks; after `closeMsMax` it is torn down all the same.
 */
function closeThread(worker: Worker, ask: () => void, closeMsMax: number, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    if (worker.threadId === -1) {
      resolve();
      return;
    }
    const timer = clock.after(closeMsMax, () => {
      // It answers with the exit that is waited for below.
      void worker.terminate();
    });
    worker.once('exit', () => {
      timer.cancel();
      resolve();
    });
    ask();
  });
}

/** A thread that has said that it is ready. */
export interface Thread<Order> {
  tell(order: Order): void;
  /** Nothing is heard of it after this. Idempotent, never rejects. */
  close(): Promise<void>;
}

export interface ThreadLife<Order, News> {
  /** What it does, for its errors: "the voice model". */
  readonly name: string;
  /** Tells it to end by itself. */
  readonly closing: Order;
  /** A thread that has not ended by itself by then never will. */
  readonly closeMsMax: number;
  readonly clock: Clock;
  readonly heard: (news: News) => void;
  /** Nothing will be heard of it any more. At most once, and not before it was ready. */
  readonly failed: (error: Error) => void;
}

/** Resolves when the worker, whose owner this is from now on, has sent `{ kind: 'ready' }`; rejects when it ends before. */
export function openThread<Order, News extends { readonly kind: string }>(
  worker: Worker,
  life: ThreadLife<Order, News>,
): Promise<Thread<Order>> {
  return new Promise((resolve, reject) => {
    let phase: 'starting' | 'running' | 'over' = 'starting';
    const over = (error: Error): void => {
      const before = phase;
      phase = 'over';
      if (before === 'starting') reject(error);
      if (before === 'running') life.failed(error);
    };
    const tell = (order: Order): void => {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
      worker.postMessage(order);
    };
    const close = (): Promise<void> => {
      phase = 'over';
      return closeThread(worker, () => tell(life.closing), life.closeMsMax, life.clock);
    };
    worker.on('message', (news: News) => {
      if (news.kind !== 'ready') {
        if (phase === 'running') life.heard(news);
        return;
      }
      phase = 'running';
      resolve({ tell, close });
    });
    worker.on('error', over);
    worker.on('exit', (code) => over(new Error(`the thread of ${life.name} ended with code ${code}`)));
  });
}
