// Work that nobody waits for, but somebody must answer for.

/** Counts promises that run beside the call and sees their errors; `idle` waits for exactly what still runs. */
export class Background {
  readonly #onError: (error: unknown) => void;
  readonly #running = new Set<Promise<void>>();

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  get count(): number {
    return this.#running.size;
  }

  /** Hands over a promise; its error goes to `onError`, never to the process. */
  run(work: Promise<unknown>): void {
    const watched: Promise<void> = work.then(
      () => undefined,
      (error: unknown) => this.#onError(error),
    );
    const forget = watched.finally(() => this.#running.delete(forget));
    this.#running.add(forget);
  }

  /** Resolves when nothing runs, including what was started while waiting. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}
