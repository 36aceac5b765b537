// Several who can give the same stream of answers: in their order, the next when one fails before its first item, a
// second one beside the first when that is late. Whoever gives the first item gives all.
import assert from 'node:assert/strict';
import type { Breaker } from './breaker.ts';
import type { Clock, Timer } from './clock.ts';
import { ProviderError } from './errors.ts';
import type { Hedging } from './hedging.ts';
import type { LatencyWindow } from './latencyWindow.ts';
import { switchAfterMs } from './switchDelay.ts';

/** What is usual, and what is added to it. */
export type LatencyNotes = Pick<LatencyWindow, 'distribution' | 'took' | 'tookAtLeast'>;

export interface Contender<T> {
  /** Starts on the first pull; stops when `signal` aborts or the consumer stops. */
  run(signal: AbortSignal): AsyncIterable<T>;
  /** Of its times to the first item. */
  readonly latencies: LatencyNotes;
  /** Told how it fared. */
  readonly breaker?: Pick<Breaker, 'succeeded' | 'failed'>;
  /** How long it is waited for alone when others stand behind it, ms; undefined: what is usual for it. */
  readonly switchMs?: number | undefined;
}

export interface RaceOptions<T> {
  readonly clock: Clock;
  /** Undefined: nobody is asked before the one before has failed. */
  readonly hedging: Hedging | undefined;
  /**
   * One that is late is not waited for alone when another stands behind it: that one is asked too, and whoever begins
   * first wins. No hedge, and bounded by no budget: the next one is there for this.
   */
  readonly switches?: boolean;
  /** The one at this place has begun to answer, and gives all. */
  readonly onBegun?: (place: number) => void;
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
  let reject: (reason: unknown) => void = () => undefined;
  const stopped = new Promise<never>((_resolve, fail) => {
    reject = fail;
  });
  // Nobody may be racing at the moment it rejects.
  stopped.catch(() => undefined);
  const onAbort = (): void => {
    reject(signal.reason);
    field.stop(signal.reason);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const winner = await field.winner(stopped);
    yield* winner.items();
    // One that was stopped between two items has just ended.
    signal.throwIfAborted();
  } finally {
    // By hand: of two listeners that are to go with one signal Node forgets the first (seen in 20.20), and a signal made by
    // `AbortSignal.any` is kept for ever, with all that its listeners hold, as long as it has one.
    signal.removeEventListener('abort', onAbort);
    field.stop(new Error('nobody wants the rest'));
  }
}

/** Those who run, and the clock beside them. */
class Field<T> {
  readonly #contenders: readonly Contender<T>[];
  readonly #options: RaceOptions<T>;
  readonly #running = new Set<Runner<T>>();
  /** The place of the next one in the list that was not asked yet. */
  #next = 0;
  #hedged = false;
  /** What is done next if nobody begins to answer before, in the order of time. */
  #due: readonly { readonly what: 'hedge' | 'switch'; readonly atMs: number }[] = [];
  #timer: Timer | undefined;
  #late: Promise<'hedge' | 'switch'> = never();

  constructor(contenders: readonly Contender<T>[], options: RaceOptions<T>) {
    assert(contenders.length > 0, 'at least one to ask');
    this.#contenders = contenders;
    this.#options = options;
  }

  async winner(stopped: Promise<never>): Promise<Runner<T>> {
    this.#startNext();
    for (;;) {
      const news = await Promise.race([
        stopped,
        this.#late,
        ...[...this.#running].map((runner) => runner.begun),
      ]);
      if (news === 'hedge') this.#hedge();
      else if (news === 'switch') this.#switch();
      else if (news.error === undefined) {
        this.#running.delete(news.runner);
        if (this.#options.switches === true) for (const runner of this.#running) runner.tellIfLate();
        this.stop(new LostRace('another one was first'));
        this.#running.add(news.runner);
        this.#options.onBegun?.(news.runner.place);
        return news.runner;
      } else {
        this.#running.delete(news.runner);
        this.#goOnWithout(news.runner, news.error.thrown);
      }
    }
  }

  /** Stops everybody. Idempotent. */
  stop(reason: unknown): void {
    this.#timer?.cancel();
    for (const runner of this.#running) runner.stop(reason);
    this.#running.clear();
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

  /** From now on it is late after a while: a hedge is due, and, when somebody stands behind it, a switch. */
  #waitFor(runner: Runner<T>): void {
    const { hedging, clock, switches } = this.#options;
    const behind = this.#contenders[this.#next];
    const { contender } = runner;
    const hedgeMs = this.#hedged
      ? undefined
      : hedging?.delayMs(contender.latencies, (behind ?? contender).latencies);
    const switchMs =
      behind === undefined || switches !== true
        ? undefined
        : switchAfterMs(contender.switchMs, contender.latencies);
    const nowMs = clock.nowMs();
    this.#due = [
      ...(hedgeMs === undefined ? [] : [{ what: 'hedge' as const, atMs: nowMs + hedgeMs }]),
      ...(switchMs === undefined ? [] : [{ what: 'switch' as const, atMs: nowMs + switchMs }]),
    ].toSorted((a, b) => a.atMs - b.atMs);
    this.#awaitDue();
  }

  #awaitDue(): void {
    this.#timer?.cancel();
    const [next] = this.#due;
    if (next === undefined) {
      this.#late = never();
      return;
    }
    const { clock } = this.#options;
    this.#late = new Promise((resolve) => {
      this.#timer = clock.after(next.atMs - clock.nowMs(), () => resolve(next.what));
    });
  }

  /** The next in the list is asked as well. */
  #switch(): void {
    this.#due = [];
    if (this.#next < this.#contenders.length) this.#startNext();
    else this.#awaitDue();
  }

  /** Refused for its price it changes nothing: the switch is still due. */
  #hedge(): void {
    this.#due = this.#due.slice(1);
    if (this.#options.hedging?.spend() === true) {
      this.#due = [];
      this.#hedged = true;
      const place = Math.min(this.#next, this.#contenders.length - 1);
      this.#next = place + 1;
      this.#start(place);
    }
    this.#awaitDue();
  }

  #goOnWithout(lost: Runner<T>, error: unknown): void {
    const [other] = this.#running;
    const isLast = other === undefined && this.#next >= this.#contenders.length;
    if (!(error instanceof ProviderError) || isLast) throw error;
    this.#options.onSwitch?.(error, lost.place, other?.place ?? this.#next);
    if (other === undefined) this.#startNext();
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

  /** Another one was first, and this one had been waited for in vain. */
  tellIfLate(): void {
    const { breaker, latencies, switchMs } = this.contender;
    const waitedMs = this.#clock.nowMs() - this.#startedAtMs;
    if (waitedMs >= switchAfterMs(switchMs, latencies)) breaker?.failed('late');
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
        this.contender.breaker?.succeeded();
        return;
      }
    } catch (error) {
      if (error instanceof ProviderError) this.contender.breaker?.failed(error);
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
