// One synthesis that several may listen to, each from its beginning.
import type { SpeechChunk } from './port.ts';

/**
 * Pulls `source` for as long as somebody wants it, as fast as it comes (its own bounds hold, and the
 * first listener may be slower than the second), and keeps what came until nobody holds this any more.
 */
export class SharedSpeech {
  readonly #chunks: SpeechChunk[] = [];
  readonly #stop = new AbortController();
  #end: { readonly error?: unknown } | undefined;
  #listeners = 0;
  /** Kept at the next chunk or the end. */
  #news = promiseToKeep();

  /** All of it, once it has come to its end without a failure. */
  get whole(): readonly SpeechChunk[] | undefined {
    return this.#end !== undefined && !('error' in this.#end) ? this.#chunks : undefined;
  }

  /** Nobody should join any more: it has failed, or nobody wanted it. */
  get lost(): boolean {
    return this.#stop.signal.aborted || (this.#end !== undefined && 'error' in this.#end);
  }

  /** Runs it to its end; called once. Never rejects: the listeners get the error. */
  async run(source: (signal: AbortSignal) => AsyncIterable<SpeechChunk>): Promise<void> {
    try {
      for await (const chunk of source(this.#stop.signal)) {
        this.#chunks.push(chunk);
        this.#tell();
      }
      this.#end = {};
    } catch (error) {
      this.#end = { error };
    }
    this.#tell();
  }

  /** Stops it, whoever listens. */
  abort(reason: unknown): void {
    this.#stop.abort(reason);
  }

  /**
   * From the first chunk on; the first pull says that it is wanted. When `signal` aborts it throws the
   * reason, and the others go on; when the last one leaves, the synthesis stops.
   */
  async *listen(signal: AbortSignal): AsyncGenerator<SpeechChunk, void, undefined> {
    this.#listeners += 1;
    const abort = abortOf(signal);
    try {
      for (let next = 0; ; next += 1) {
        while (next >= this.#chunks.length && this.#end === undefined) {
          signal.throwIfAborted();
          await Promise.race([this.#news.promise, abort.happened]);
        }
        signal.throwIfAborted();
        const chunk = this.#chunks[next];
        if (chunk !== undefined) yield chunk;
        else if (this.#end !== undefined && 'error' in this.#end) throw this.#end.error;
        else return;
      }
    } finally {
      abort.forget();
      this.#listeners -= 1;
      if (this.#listeners === 0 && this.#end === undefined)
        this.#stop.abort(new Error('nobody listens any more'));
    }
  }

  #tell(): void {
    const told = this.#news;
    this.#news = promiseToKeep();
    told.resolve();
  }
}

/** An abort as a promise that can be raced; `forget` lets the signal go. */
function abortOf(signal: AbortSignal): { readonly happened: Promise<void>; readonly forget: () => void } {
  const { promise, resolve } = promiseToKeep();
  signal.addEventListener('abort', resolve, { once: true });
  return { happened: promise, forget: () => signal.removeEventListener('abort', resolve) };
}

function promiseToKeep(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let keep: (() => void) | undefined;
  const promise = new Promise<void>((resolve) => {
    keep = resolve;
  });
  return { promise, resolve: () => keep?.() };
}
