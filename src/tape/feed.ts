// What a provider streams, as a taped call pulls it: one piece at a time, from whoever has the next one.

/** Who has it. */
export interface Source {
  /** The next piece is wanted: it comes to the feed later, never before this returns. */
  pull(): void;
  /** Nothing is wanted any more. Idempotent. */
  stop(reason: unknown): void;
}

interface Puller<T> {
  readonly resolve: (result: IteratorResult<T, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

/** Opens its source on the first pull; throws the signal's reason as soon as it aborts. For one consumer. */
export class Feed<T> implements AsyncIterable<T> {
  readonly #signal: AbortSignal;
  readonly #open: () => Source;
  readonly #onOver: () => void;
  #source: Source | undefined;
  #puller: Puller<T> | undefined;
  #over = false;
  readonly #onAbort = (): void => this.#end((puller) => puller.reject(this.#signal.reason));

  constructor(signal: AbortSignal, open: () => Source, onOver: () => void) {
    this.#signal = signal;
    this.#open = open;
    this.#onOver = onOver;
  }

  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    return {
      next: () => this.#next(),
      return: () => {
        this.#end((puller) => puller.resolve({ done: true, value: undefined }));
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }

  /** Whether a piece is waited for. */
  get isWanted(): boolean {
    return this.#puller !== undefined;
  }

  take(piece: T): void {
    const puller = this.#puller;
    this.#puller = undefined;
    puller?.resolve({ done: false, value: piece });
  }

  finish(): void {
    this.#end((puller) => puller.resolve({ done: true, value: undefined }));
  }

  fail(error: unknown): void {
    this.#end((puller) => puller.reject(error));
  }

  #next(): Promise<IteratorResult<T, undefined>> {
    if (this.#signal.aborted) {
      this.#end(() => undefined);
      return Promise.reject(this.#signal.reason as Error);
    }
    if (this.#over) return Promise.resolve({ done: true, value: undefined });
    if (this.#source === undefined) {
      this.#signal.addEventListener('abort', this.#onAbort, { once: true });
      this.#source = this.#open();
    }
    const { promise, resolve, reject } = withResolvers<IteratorResult<T, undefined>>();
    this.#puller = { resolve, reject };
    this.#source.pull();
    return promise;
  }

  #end(settle: (puller: Puller<T>) => void): void {
    if (this.#over) return;
    this.#over = true;
    this.#signal.removeEventListener('abort', this.#onAbort);
    const puller = this.#puller;
    this.#puller = undefined;
    this.#onOver();
    this.#source?.stop(this.#signal.reason);
    if (puller !== undefined) settle(puller);
  }
}

interface Resolvers<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

/** As `Promise.withResolvers`, which Node 20 does not have. */
export function withResolvers<T>(): Resolvers<T> {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
