// Several who can give the same stream of answers: in their order, the next when one fails before its first item, a
// second one beside the first when that is late. Whoever gives the first item gives all.
import assert from 'node:assert/strict';
import type { Clock, Timer } from './clock.ts';
import { ProviderError } from './errors.ts';
import type { Hedging } from './hedging.ts';
import type { LatencyWindow } from './latencyWindow.ts';

export interface Contender<T> {
  /** Starts on the first pull; stops when `signal` aborts or the consumer stops. */
  run(signal: AbortSignal): AsyncIterable<T>;
  /** Of its times to the first item. */
  readonly latencies: LatencyWindow;
}

export interface RaceOptions<T> {
  readonly clock: Clock;
  /** Undefined: nobody is asked before the one before has failed. */
  readonly hedging: Hedging | undefined;
  /** Whether with this item the answer has begun. */
  readonly begins: (item: T) => boolean;
  /** One has failed before its first item; the other goes on instead of it, or begins. Places in the list. */
  readonly onSwitch?: (error: ProviderError, from: number, to: number) => void;
}

/** The reason with which one is stopped when another was first. */
export class LostRace extends Error {
  override readonly name = 'LostRace';
}

/**
 * The items of the winner, from its first on; what it throws later is thrown. Only a `ProviderError` lets the next
 * begin; when there is none left, and nobody else is under way, it is thrown. A hedge, one at most, is the next in the
 * list, or the same once more at its end. An abort throws the signal's reason; the losers are told to stop and not
 * waited for.
 */
export async function* race<T>(
  contenders: readonly Contender<T>[],
  options: RaceOptions<T>,
  signal: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  signal.throwIfAborted();
  const field = new Field(contenders, options);
  const stopped = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true, signal: field.over });
  });
  // Nobody may be racing at the moment it rejects.
  stopped.catch(() => undefined);
  const onAbort = (): void => field.stop(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true, signal: field.over });
  try {
    const winner = await field.winner(stopped);
    yield* winner.items();
  } finally {
    field.stop(new Error('nobody wants the rest'));
  }
}

/** Those who run, and the clock beside them. */
class Field<T> {
  readonly #contenders: readonly Contender<T>[];
  readonly #options: RaceOptions<T>;
  readonly #running = new Set<Runner<T>>();
  readonly #over = new AbortController();
  /** The place of the next one in the list that was not asked yet. */
  #next = 0;
  #hedged = false;
  #timer: Timer | undefined;
  #late: Promise<'late'> = never();

  constructor(contenders: readonly Contender<T>[], options: RaceOptions<T>) {
    assert(contenders.length > 0, 'at least one to ask');
    this.#contenders = contenders;
    this.#options = options;
  }

  /** Aborts when all is over: what listens on behalf of the race stops with it. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  async winner(stopped: Promise<never>): Promise<Runner<T>> {
    this.#startNext();
    for (;;) {
      const news = await Promise.race([
        stopped,
        this.#late,
        ...[...this.#running].map((runner) => runner.begun),
      ]);
      if (news === 'late') {
        this.#hedge();
      } else if (news.error === undefined) {
        this.#running.delete(news.runner);
        this.#stopRunning(new LostRace('another one was first'));
        this.#running.add(news.runner);
        return news.runner;
      } else {
        this.#running.delete(news.runner);
        this.#goOnWithout(news.runner, news.error.thrown);
      }
    }
  }

  /** Stops everybody. Idempotent. */
  stop(reason: unknown): void {
    this.#stopRunning(reason);
    this.#over.abort();
  }

  #startNext(): void {
    const place = this.#next;
    this.#next += 1;
    this.#options.hedging?.asked();
    const runner = this.#start(place);
    this.#waitFor(runner);
  }

  #start(place: number): Runner<T> {
    const contender = this.#contenders[place];
    assert(contender !== undefined, 'a place in the list');
    const { clock, begins } = this.#options;
    const runner = new Runner(contender, place, clock, begins);
    this.#running.add(runner);
    return runner;
  }

  /** From now on it is late after a while, unless there was a hedge. */
  #waitFor(runner: Runner<T>): void {
    const { hedging, clock } = this.#options;
    this.#timer?.cancel();
    this.#late = never();
    if (hedging === undefined || this.#hedged) return;
    const second = this.#contenders[this.#next] ?? runner.contender;
    const delayMs = hedging.delayMs(runner.contender.latencies, second.latencies);
    if (delayMs === undefined) return;
    this.#late = new Promise((resolve) => {
      this.#timer = clock.after(delayMs, () => resolve('late'));
    });
  }

  #hedge(): void {
    this.#late = never();
    if (this.#options.hedging?.spend() !== true) return;
    this.#hedged = true;
    const place = Math.min(this.#next, this.#contenders.length - 1);
    this.#next = place + 1;
    this.#start(place);
  }

  #goOnWithout(lost: Runner<T>, error: unknown): void {
    const [other] = this.#running;
    const isLast = other === undefined && this.#next >= this.#contenders.length;
    if (!(error instanceof ProviderError) || isLast) throw error;
    this.#options.onSwitch?.(error, lost.place, other?.place ?? this.#next);
    if (other === undefined) this.#startNext();
  }

  #stopRunning(reason: unknown): void {
    this.#timer?.cancel();
    for (const runner of this.#running) runner.stop(reason);
    this.#running.clear();
  }
}

interface News<T> {
  readonly runner: Runner<T>;
  /** Absent when it has begun to answer, or has ended without an answer. */
  readonly error?: { readonly thrown: unknown };
}

class Runner<T> {
  readonly contender: Contender<T>;
  readonly place: number;
  /** Never rejects. */
  readonly begun: Promise<News<T>>;
  readonly #clock: Clock;
  readonly #startedAtMs: number;
  readonly #stop = new AbortController();
  readonly #iterator: AsyncIterator<T>;
  /** What came up to the first item that counts. */
  readonly #held: T[] = [];
  #ended = false;
  /** Its time to the first item is known, or as much of it as will be. */
  #timed = false;

  constructor(contender: Contender<T>, place: number, clock: Clock, begins: (item: T) => boolean) {
    this.contender = contender;
    this.place = place;
    this.#clock = clock;
    this.#startedAtMs = clock.nowMs();
    this.#iterator = contender.run(this.#stop.signal)[Symbol.asyncIterator]();
    this.begun = this.#begin(begins).then(
      () => ({ runner: this }),
      (thrown: unknown) => ({ runner: this, error: { thrown } }),
    );
  }

  /** All of it; to be asked for once. */
  async *items(): AsyncGenerator<T, void, undefined> {
    yield* this.#held;
    if (!this.#ended) yield* { [Symbol.asyncIterator]: () => this.#iterator };
  }

  /** Idempotent. */
  stop(reason: unknown): void {
    this.#took('tookAtLeast');
    this.#stop.abort(reason);
    // Not awaited: who is stuck in an await would hold us; the signal has told it to stop.
    this.#iterator.return?.().then(undefined, () => undefined);
  }

  async #begin(begins: (item: T) => boolean): Promise<void> {
    try {
      for (;;) {
        const result = await this.#iterator.next();
        if (result.done === true) {
          this.#ended = true;
          return;
        }
        this.#held.push(result.value);
        if (!begins(result.value)) continue;
        this.#took('took');
        return;
      }
    } catch (error) {
      const late = error instanceof ProviderError && error.code === 'first_output_timeout';
      if (late) this.#took('tookAtLeast');
      this.#timed = true;
      throw error;
    }
  }

  #took(how: 'took' | 'tookAtLeast'): void {
    if (this.#timed || this.#ended) return;
    this.#timed = true;
    const durationMs = this.#clock.nowMs() - this.#startedAtMs;
    if (durationMs > 0) this.contender.latencies[how](durationMs);
  }
}

function never(): Promise<never> {
  return new Promise(() => undefined);
}
