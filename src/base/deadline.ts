// Deadlines on a stream: to its first item, and between two.
import type { Clock } from './clock.ts';

export interface StreamDeadlines {
  readonly firstMs: number;
  readonly idleMs: number;
  /** The error to throw; called once, when a deadline passes. */
  readonly timedOut: (which: 'first_output_timeout' | 'idle_timeout') => Error;
}

/**
 * Passes `source`'s items on, and throws what `timedOut` makes when the first or the next one is
 * late. `source` is given a signal of its own, aborted when a deadline passes, when `signal` aborts
 * or when the consumer stops pulling, so nothing goes on behind our back.
 * The time the consumer takes between pulls is not counted. An abort throws the signal's reason.
 */
export async function* withDeadlines<T>(
  source: (signal: AbortSignal) => AsyncIterable<T>,
  deadlines: StreamDeadlines,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  signal.throwIfAborted();
  const stop = new AbortController();
  const iterator = source(stop.signal)[Symbol.asyncIterator]();
  let fail: (error: unknown) => void = () => undefined;
  const failed = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });
  // Nobody may be racing at the moment it rejects; the race below still sees it.
  failed.catch(() => undefined);
  const onAbort = (): void => fail(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  let which: 'first_output_timeout' | 'idle_timeout' = 'first_output_timeout';
  try {
    for (;;) {
      const late = which;
      const timer = clock.after(late === 'first_output_timeout' ? deadlines.firstMs : deadlines.idleMs, () =>
        fail(deadlines.timedOut(late)),
      );
      const next = iterator.next();
      // When the race is lost to a deadline the source still settles later; its error then has no reader.
      next.catch(() => undefined);
      let result: IteratorResult<T>;
      try {
        result = await Promise.race([next, failed]);
      } finally {
        timer.cancel();
      }
      if (result.done === true) return;
      which = 'idle_timeout';
      yield result.value;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    stop.abort(signal.reason);
    // Not awaited: a source stuck in an await would hold us; its signal has told it to stop.
    iterator.return?.().then(undefined, () => undefined);
  }
}
