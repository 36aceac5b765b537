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
export function closeThread(
  worker: Worker,
  ask: () => void,
  closeMsMax: number,
  clock: Clock,
): Promise<void> {
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
