// The last seconds of a line, by position: how many bytes of it had been pushed before.
import { BYTES_PER_MS } from './mulaw.ts';

export class MulawRing {
  readonly #bytes: Uint8Array;
  #pushedBytes = 0;

  constructor(keptMs: number) {
    this.#bytes = new Uint8Array(keptMs * BYTES_PER_MS);
  }

  /** The position of what is pushed next. */
  get position(): number {
    return this.#pushedBytes;
  }

  /** The position of the oldest byte that is kept. */
  get oldest(): number {
    return Math.max(0, this.#pushedBytes - this.#bytes.length);
  }

  /** Copies; two `set`s a frame at most. */
  push(mulaw: Uint8Array): void {
    const keptBytes = this.#bytes.length;
    const kept = mulaw.subarray(Math.max(0, mulaw.length - keptBytes));
    this.#pushedBytes += mulaw.length - kept.length;
    const at = this.#pushedBytes % keptBytes;
    const first = kept.subarray(0, keptBytes - at);
    this.#bytes.set(first, at);
    this.#bytes.set(kept.subarray(first.length), 0);
    this.#pushedBytes += kept.length;
  }

  /** A copy of what lies between two positions, as far as it is kept. */
  copy(from: number, to = this.#pushedBytes): Uint8Array {
    const start = Math.max(from, this.oldest);
    const out = new Uint8Array(Math.max(0, Math.min(to, this.#pushedBytes) - start));
    const at = start % this.#bytes.length;
    const first = this.#bytes.subarray(at, at + out.length);
    out.set(first);
    out.set(this.#bytes.subarray(0, out.length - first.length), first.length);
    return out;
  }
}
