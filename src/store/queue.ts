// What was accepted and isn't yet in the database, in its order.

/**
 * Bounded first-in, first-out. Rows move from waiting to in flight (`next`) and leave when they are
 * settled; those in flight are kept, so that a failed commit can be tried again. At most `waitingMax`
 * wait: above that the oldest of them is given up, since a later row of a call says more than an
 * earlier one.
 */
export class WriteQueue<T> {
  readonly #waitingMax: number;
  readonly #waiting: T[] = [];
  #inFlight: readonly T[] = [];

  constructor(waitingMax: number) {
    this.#waitingMax = waitingMax;
  }

  get waitingRows(): number {
    return this.#waiting.length;
  }

  get pendingRows(): number {
    return this.#waiting.length + this.#inFlight.length;
  }

  /** The next to be settled. */
  get oldest(): T | undefined {
    return this.#inFlight[0] ?? this.#waiting[0];
  }

  /** Answers how many rows were given up for it: 0 or 1. */
  push(row: T): number {
    this.#waiting.push(row);
    if (this.#waiting.length <= this.#waitingMax) return 0;
    this.#waiting.shift();
    return 1;
  }

  /** The rows in flight; when there are none, the oldest `rowsMax` that wait are put there. */
  next(rowsMax: number): readonly T[] {
    if (this.#inFlight.length === 0) {
      this.#inFlight = this.#waiting.splice(0, rowsMax);
    }
    return this.#inFlight;
  }

  /** The oldest `rows` of those in flight are done with, one way or the other. */
  settle(rows: number): void {
    this.#inFlight = this.#inFlight.slice(rows);
  }

  /** Gives up all that is pending; answers how many rows that were. */
  clear(): number {
    const rows = this.pendingRows;
    this.#waiting.length = 0;
    this.#inFlight = [];
    return rows;
  }
}
