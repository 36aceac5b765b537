// The body of an answer as it comes in, for one reader. A web stream does the same with several promises and queues for each
// piece; here a piece that somebody waits for costs one promise, made when it is waited for.
import { errorText } from './errors.ts';

/** Of an answer that nobody reads so much is taken, and the server waits with the rest. */
export const UNREAD_BYTES_MAX = 256 * 1_024;

/** Who sends a body: HTTP of either version. */
export interface BodyFlow {
  /** For now nobody takes more. */
  pause(): void;
  resume(): void;
  /** Nobody will. */
  cancel(): void;
}

interface Waiting {
  readonly resolve: (chunk: Uint8Array | undefined) => void;
  readonly reject: (error: unknown) => void;
}

export class AnswerBody {
  readonly #flow: BodyFlow;
  readonly #unread: Uint8Array[] = [];
  #unreadBytes = 0;
  #paused = false;
  readonly #waiting: Waiting[] = [];
  #end: { readonly failure?: unknown } | undefined;

  /** `flow` is whoever pushes. */
  constructor(flow: BodyFlow) {
    this.#flow = flow;
  }

  /** Kept as it is until it is read: not to be written to afterwards. */
  push(chunk: Uint8Array): void {
    if (this.#end !== undefined || chunk.length === 0) return;
    const first = this.#waiting.shift();
    if (first !== undefined) {
      first.resolve(chunk);
      return;
    }
    this.#unread.push(chunk);
    this.#unreadBytes += chunk.length;
    if (this.#unreadBytes < UNREAD_BYTES_MAX || this.#paused) return;
    this.#paused = true;
    this.#flow.pause();
  }

  /** It is whole. The first end counts. */
  end(): void {
    if (this.#end !== undefined) return;
    this.#end = {};
    for (const { resolve } of this.#waiting.splice(0)) resolve(undefined);
  }

  /** It will never be. What came before can still be read, and then this is thrown. */
  fail(failure: unknown): void {
    if (this.#end !== undefined) return;
    this.#end = { failure };
    for (const { reject } of this.#waiting.splice(0)) reject(failure);
  }

  /** The next piece, or undefined at the end; rejects with what it failed of. Reads are answered in their order. */
  read(): Promise<Uint8Array | undefined> {
    const chunk = this.#unread.shift();
    if (chunk !== undefined) {
      this.#unreadBytes -= chunk.length;
      if (this.#paused && this.#unreadBytes < UNREAD_BYTES_MAX) {
        this.#paused = false;
        this.#flow.resume();
      }
      return Promise.resolve(chunk);
    }
    if (this.#end === undefined) {
      return new Promise((resolve, reject) => {
        this.#waiting.push({ resolve, reject });
      });
    }
    return 'failure' in this.#end ? Promise.reject(this.#end.failure) : Promise.resolve(undefined);
  }

  /** As it comes; who stops in its middle has cancelled it. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (let chunk = await this.read(); chunk !== undefined; chunk = await this.read()) yield chunk;
    } finally {
      this.cancel();
    }
  }

  /** Its beginning as UTF-8, for a message: what is longer is cancelled, and what breaks off is told as far as it came. */
  async text(charsMax: number): Promise<string> {
    const decoder = new TextDecoder();
    let text = '';
    try {
      for await (const chunk of this) {
        text += decoder.decode(chunk, { stream: true });
        if (text.length >= charsMax) break;
      }
    } catch (error) {
      text += ` (${errorText(error)})`;
    }
    return text.slice(0, charsMax);
  }

  /** Nobody reads on: whoever sends is told to stop. Idempotent. */
  cancel(): void {
    this.#unread.length = 0;
    if (this.#end !== undefined) return;
    this.end();
    this.#flow.cancel();
  }
}
