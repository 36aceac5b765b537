// A bounded queue between one that pushes and one that pulls.

type Waiting<T> = {
  readonly resolve: (result: IteratorResult<T, undefined>) => void;
  readonly reject: (error: unknown) => void;
};

/**
 * Pushed synchronously, pulled as an async iterable by one consumer. Full means refused: `push`
 * answers false and the caller decides (and counts). After `end` or `fail` what is queued is still
 * delivered, then the end or the error.
 */
export class Channel<T> implements AsyncIterable<T> {
  readonly #itemsMax: number;
  readonly #items: T[] = [];
  #waiting: Waiting<T> | undefined;
  #closing: { readonly error?: unknown } | undefined;

  constructor(itemsMax: number) {
    this.#itemsMax = itemsMax;
  }

  get queuedItems(): number {
    return this.#items.length;
  }

  get closed(): boolean {
    return this.#closing !== undefined;
  }

  push(item: T): boolean {
    if (this.#closing !== undefined) return false;
    if (this.#waiting !== undefined) {
      const { resolve } = this.#waiting;
      this.#waiting = undefined;
      resolve({ done: false, value: item });
      return true;
    }
    if (this.#items.length >= this.#itemsMax) return false;
    this.#items.push(item);
    return true;
  }

  end(): void {
    this.#close({});
  }

  fail(error: unknown): void {
    this.#close({ error });
  }

  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    return {
      next: () => this.#next(),
      return: () => {
        this.#items.length = 0;
        this.#close({});
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }

  #next(): Promise<IteratorResult<T, undefined>> {
    if (this.#items.length > 0) {
      return Promise.resolve({ done: false, value: this.#items.shift() as T });
    }
    if (this.#closing !== undefined) {
      return 'error' in this.#closing
        ? Promise.reject(this.#closing.error)
        : Promise.resolve({ done: true, value: undefined });
    }
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  #close(closing: { readonly error?: unknown }): void {
    if (this.#closing !== undefined) return;
    this.#closing = closing;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) return;
    if ('error' in closing) waiting.reject(closing.error);
    else waiting.resolve({ done: true, value: undefined });
  }
}
