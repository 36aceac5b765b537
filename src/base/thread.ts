// Starts a module of this code in a worker thread, from the sources as well as from the build.
import { Worker } from 'node:worker_threads';

/**
 * `name` is a file beside the module `importer` (its `import.meta.url`), without its ending, which is
 * the importer's own: `.ts` in the sources, `.js` in the build..
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
