// The last seconds of the caller's line, and where in them their turn began.
import { BYTES_PER_MS } from '../audio/mulaw.ts';
import { MulawRing } from '../audio/mulawRing.ts';

/** What the largest of the turn models listens to. */
export const KEPT_MS = 8_000;
/** The voice is noticed some time after it began, and a soft onset is part of the word. */
const BEFORE_VOICE_MS = 300;

export class CallerAudio {
  readonly #ring = new MulawRing(KEPT_MS);
  /** A position in the ring; undefined before the first voice of a turn. */
  #turnFrom: number | undefined;

  push(mulaw: Uint8Array): void {
    this.#ring.push(mulaw);
  }

  /** The caller's voice since `agoMs`: a turn begins, unless one is under way. */
  turnBegan(agoMs: number): void {
    const agoBytes = Math.round((agoMs + BEFORE_VOICE_MS) * BYTES_PER_MS);
    this.#turnFrom ??= Math.max(0, this.#ring.position - agoBytes);
  }

  turnOver(): void {
    this.#turnFrom = undefined;
  }

  /** A copy of the turn so far, at most the last 8 s; of a turn whose beginning is not known, all that is kept. */
  turn(): Uint8Array {
    return this.#ring.copy(this.#turnFrom ?? 0);
  }
}
