// The last seconds of the caller's line, and where in them their turn began.
import { BYTES_PER_MS, MULAW_SILENCE } from '../audio/mulaw.ts';

/** What the largest of the turn models listens to. */
export const KEPT_MS = 8_000;
/** The voice is noticed some time after it began, and a soft onset is part of the word. */
const BEFORE_VOICE_MS = 300;
const KEPT_BYTES = KEPT_MS * BYTES_PER_MS;

export class CallerAudio {
  readonly #ring = new Uint8Array(KEPT_BYTES).fill(MULAW_SILENCE);
  #pushedBytes = 0;
  /** Counted as the pushed bytes are; undefined before the first voice of a turn. */
  #turnFrom: number | undefined;

  push(mulaw: Uint8Array): void {
    const kept = mulaw.subarray(Math.max(0, mulaw.length - KEPT_BYTES));
    this.#pushedBytes += mulaw.length - kept.length;
    const at = this.#pushedBytes % KEPT_BYTES;
    const first = kept.subarray(0, KEPT_BYTES - at);
    this.#ring.set(first, at);
    this.#ring.set(kept.subarray(first.length), 0);
    this.#pushedBytes += kept.length;
  }

  /** The caller's voice since `agoMs`: a turn begins, unless one is under way. */
  turnBegan(agoMs: number): void {
    const agoBytes = Math.round((agoMs + BEFORE_VOICE_MS) * BYTES_PER_MS);
    this.#turnFrom ??= Math.max(0, this.#pushedBytes - agoBytes);
  }

  turnOver(): void {
    this.#turnFrom = undefined;
  }

  /** A copy of the turn so far, at most the last 8 s; of a turn whose beginning is not known, all that is kept. */
  turn(): Uint8Array {
    const kept = Math.min(this.#pushedBytes, KEPT_BYTES);
    const bytes = Math.min(kept, this.#pushedBytes - (this.#turnFrom ?? 0));
    const from = (this.#pushedBytes - bytes) % KEPT_BYTES;
    const out = new Uint8Array(bytes);
    const first = this.#ring.subarray(from, Math.min(KEPT_BYTES, from + bytes));
    out.set(first);
    out.set(this.#ring.subarray(0, bytes - first.length), first.length);
    return out;
  }
}
