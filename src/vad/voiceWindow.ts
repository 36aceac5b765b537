// Cuts a call's mu-law into the windows that are judged, and knows when each of them was spoken.
import { BYTES_PER_MS, MULAW_SILENCE } from '../audio/mulaw.ts';
import { CONTEXT_BYTES, RECORD_BYTES, WINDOW_BYTES, WINDOW_MS } from './batch.ts';

export interface VoiceWindow {
  /** 32 bytes of what was before it, then its own 256. */
  readonly codes: Uint8Array;
  /** Where it ends in the call's audio, in samples; what was missing for long counts too. */
  readonly endSample: number;
  /** When its last sample was spoken, on the clock of `push`'s `atMs`. Never falls. */
  readonly endMs: number;
}

export function startSampleOf(window: VoiceWindow): number {
  return window.endSample - WINDOW_BYTES;
}

export function startMsOf(window: VoiceWindow): number {
  return window.endMs - WINDOW_MS;
}

/**
 * Media may be this late before it counts as missing. Media Streams run over TCP, where a lost packet
 * shows as a pause of a few hundred ms and then everything at once: such a pause is in the network and
 * not in the speech. The same time without media ends speech that was going on.
 */
export const GAP_MS = 500;
/**
 * Nobody falls silent from one frame to the next: in the middle of a voiced sound it is the network that stands, and to end
 * the utterance there would cut a word in two for speech-to-text. Longer than this nobody would go on with the word.
 */
export const BROKEN_OFF_MS = 1_500;

/** Lateness of all media for this long is no jitter any more: the audio's clock is moved by it. */
const DRIFT_CHECK_BYTES = 1_000 * BYTES_PER_MS;

/**
 * The audio's clock is laid so that no sample is spoken after it arrived: bursts pull it back, and
 * what stays late for a second (a clock that drifts, frames that were lost), or far behind at its own pace, pushes it on.
 */
export class WindowCutter {
  readonly #codes = new Uint8Array(RECORD_BYTES).fill(MULAW_SILENCE);
  #filledBytes = CONTEXT_BYTES;
  #endSample = 0;
  /** When the last byte that was pushed was spoken. */
  #endMs: number | undefined;
  #arrivedMs: number | undefined;
  #lastWindowEndMs = -Infinity;
  #checkedBytes = 0;
  #leastLateMs = Infinity;

  /** Calls `onWindow` for every window that `mulaw` completes; `atMs` is when its last byte arrived. Away for `gapMs` is missing. */
  push(mulaw: Uint8Array, atMs: number, onWindow: (window: VoiceWindow) => void, gapMs = GAP_MS): void {
    if (mulaw.length === 0) return;
    this.#advance(mulaw.length, atMs, gapMs);
    let offset = 0;
    while (offset < mulaw.length) {
      const bytes = Math.min(mulaw.length - offset, RECORD_BYTES - this.#filledBytes);
      this.#codes.set(mulaw.subarray(offset, offset + bytes), this.#filledBytes);
      this.#filledBytes += bytes;
      this.#endSample += bytes;
      offset += bytes;
      if (this.#filledBytes === RECORD_BYTES) onWindow(this.#cut(mulaw.length - offset));
    }
  }

  #cut(bytesAfter: number): VoiceWindow {
    const endMs = Math.max(this.#lastWindowEndMs, (this.#endMs ?? 0) - bytesAfter / BYTES_PER_MS);
    this.#lastWindowEndMs = endMs;
    const window = { codes: this.#codes.slice(), endSample: this.#endSample, endMs };
    this.#codes.copyWithin(0, WINDOW_BYTES);
    this.#filledBytes = CONTEXT_BYTES;
    return window;
  }

  #advance(bytes: number, atMs: number, gapMs: number): void {
    const awayMs = atMs - (this.#arrivedMs ?? atMs);
    this.#arrivedMs = atMs;
    const expectedMs = this.#endMs === undefined ? atMs : this.#endMs + bytes / BYTES_PER_MS;
    const lateMs = atMs - expectedMs;
    if (lateMs >= GAP_MS && awayMs >= gapMs) return this.#skip(lateMs, atMs);
    // What was held on the way comes at once; what comes at its own pace is spoken as it comes.
    if (lateMs >= GAP_MS && awayMs < GAP_MS && 2 * awayMs * BYTES_PER_MS >= bytes) return this.#restart(atMs);
    this.#endMs = Math.min(expectedMs, atMs);
    this.#checkedBytes += bytes;
    this.#leastLateMs = Math.min(this.#leastLateMs, Math.max(0, lateMs));
    if (this.#checkedBytes >= DRIFT_CHECK_BYTES) this.#restart(this.#endMs + this.#leastLateMs);
  }

  /** The rest of a window from before a gap is dropped: under 32 ms, and what follows does not follow on it. */
  #skip(missingMs: number, atMs: number): void {
    this.#endSample += Math.round(missingMs * BYTES_PER_MS);
    this.#codes.fill(MULAW_SILENCE);
    this.#filledBytes = CONTEXT_BYTES;
    this.#restart(atMs);
  }

  #restart(endMs: number): void {
    this.#endMs = endMs;
    this.#checkedBytes = 0;
    this.#leastLateMs = Infinity;
  }
}
