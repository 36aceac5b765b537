// A taped call is told one thing at a time: the next one waits until all that the one before has set going in promises
// has come to rest, and meanwhile the call's clock stands still. So the order and the times of what it was told are all
// that its doings follow from, and told again they come out the same.
import type { Clock } from '../base/clock.ts';

interface Waiting {
  readonly note: () => void;
  readonly deal: () => void;
  readonly isWanted: () => boolean;
}

export class Gate {
  readonly #clock: Clock;
  readonly #onBug: (error: unknown) => void;
  readonly #startMs: number;
  readonly #startWallMs: number;
  /** What came while something was being dealt with: within one turn of the event loop, so it can't grow long. */
  readonly #waiting: Waiting[] = [];
  #sinceStartUs = 0;
  #busy = false;
  #open = false;

  /** `onBug` is told what is thrown by something that had to wait. */
  constructor(clock: Clock, onBug: (error: unknown) => void) {
    this.#clock = clock;
    this.#onBug = onBug;
    this.#startMs = Math.floor(clock.nowMs());
    this.#startWallMs = clock.wallMs();
  }

  get startMs(): number {
    return this.#startMs;
  }

  get startWallMs(): number {
    return this.#startWallMs;
  }

  /** When what is being dealt with happened, in whole microseconds since the start. */
  get sinceStartUs(): number {
    return this.#sinceStartUs;
  }

  /** The same on the clock, in ms. */
  get nowMs(): number {
    return this.#open ? this.#clock.nowMs() : this.#startMs + this.#sinceStartUs / 1_000;
  }

  /** From now on the clock moves by itself. What passes still passes one by one. */
  leaveOpen(): void {
    this.#open = true;
  }

  /** Deals with it: at once, when nothing is under way, and then throws what `deal` throws. What is not wanted by then is left out. */
  pass(note: () => void, deal: () => void, isWanted: () => boolean = () => true): void {
    const one: Waiting = { note, deal, isWanted };
    if (this.#busy) this.#waiting.push(one);
    else if (isWanted()) this.#deal(one);
  }

  #deal({ note, deal }: Waiting): void {
    this.#busy = true;
    this.#sinceStartUs = Math.max(
      this.#sinceStartUs,
      Math.round((this.#clock.nowMs() - this.#startMs) * 1_000),
    );
    try {
      note();
      deal();
    } finally {
      atRest(() => this.#next());
    }
  }

  #next(): void {
    this.#busy = false;
    for (let one = this.#waiting.shift(); one !== undefined; one = this.#waiting.shift()) {
      if (!one.isWanted()) continue;
      try {
        this.#deal(one);
      } catch (error) {
        this.#onBug(error);
      }
      return;
    }
  }
}

/** Calls back when no promise is left to settle. Twice round: a stream's reader asks for a tick of its own. */
function atRest(callback: () => void): void {
  queueMicrotask(() => process.nextTick(() => queueMicrotask(() => process.nextTick(callback))));
}
