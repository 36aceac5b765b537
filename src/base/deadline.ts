// Deadlines on a stream: to its first item, and between two.
import type { Clock } from './clock.ts';

export interface StreamDeadlines {
  readonly firstMs: number;
  /** Asked before each, when it changes. */
  readonly idleMs: number | (() => number);
  /** The error to throw; called once, when a deadline passes. */
  readonly timedOut: (which: 'first_output_timeout' | 'idle_timeout') => Error;
}

/**
 * Passes `source`'s items on, and throws what `timedOut` makes when the first or the next one is
 * late. `source` is given a signal of its own, aborted in the moment a deadline passes, `signal`
 * aborts or the consumer stops pulling, so nothing goes on behind our back.
 * The time the consumer takes between pulls is not counted. An abort throws the signal's reason,
 * whatever the source throws because of it.
 */
export async function* withDeadlines<T>(
  source: (signal: AbortSignal) => AsyncIterable<T>,
  deadlines: StreamDeadlines,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  signal.throwIfAborted();
  const stop = new AbortController();
  // Listens before the source does, so that the reason wins over what the source makes of it.
  const stopped = new Promise<never>((_resolve, reject) => {
    stop.signal.addEventListener('abort', () => reject(stop.signal.reason), { once: true });
  });
  // Nobody may be racing at the moment it rejects.
  stopped.catch(() => undefined);
  const onAbort = (): void => stop.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  const iterator = source(stop.signal)[Symbol.asyncIterator]();
  let which: 'first_output_timeout' | 'idle_timeout' = 'first_output_timeout';
  try {
    for (;;) {
      stop.signal.throwIfAborted();
      const late = which;
      const { firstMs, idleMs } = deadlines;
      const laterMs = typeof idleMs === 'number' ? idleMs : idleMs();
      const delayMs = late === 'first_output_timeout' ? firstMs : laterMs;
      const timer = clock.after(delayMs, () => stop.abort(deadlines.timedOut(late)));
      let result: IteratorResult<T>;
      try {
        const next = iterator.next();
        // When the race is lost the source still settles later; its error then has no reader.
        next.catch(() => undefined);
        result = await Promise.race([next, stopped]);
      } finally {
        timer.cancel();
      }
      if (result.done === true) return;
      which = 'idle_timeout';
      yield result.value;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    stop.abort();
    // Not awaited: a source stuck in an await would hold us; its signal has told it to stop.
    iterator.return?.().then(undefined, () => undefined);
  }
}
