// A deadline on an answer that nobody can be made to give.
import type { Clock } from './clock.ts';

/** The last part of the time is given in any case, so that a process which has itself stood still reads what came meanwhile. */
const LAST_SHARE = 0.1;

/** The answer, or after `timeoutMs` a rejection; what comes after that has no reader, its error neither. */
export function within<T>(clock: Clock, timeoutMs: number, answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const give = (): void => reject(new Error(`no answer within ${timeoutMs} ms`));
    let timer = clock.after(timeoutMs * (1 - LAST_SHARE), () => {
      timer = clock.after(timeoutMs * LAST_SHARE, give);
    });
    answer.then(resolve, reject).finally(() => timer.cancel());
  });
}
