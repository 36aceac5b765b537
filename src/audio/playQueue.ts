// The audio of a stream that waits to be heard, and the marks in it, as a carrier keeps them. Whoever plays takes pieces of
// any length and says how much of them has been heard.
// https://www.twilio.com/docs/voice/media-streams/websocket-messages
import { BYTES_PER_MS } from './mulaw.ts';

/** Twilio keeps ten minutes; what comes on top is thrown away. */
export const BUFFER_MS_MAX = 600_000;

/** Why a mark comes back: its audio was played, there was none, or it was cleared. */
export type EchoReason = 'played' | 'empty' | 'cleared';

interface PendingMark {
  readonly name: string;
  readonly atByte: number;
}

export class PlayQueue {
  readonly #onMark: (name: string, reason: EchoReason) => void;
  readonly #chunks: Uint8Array[] = [];
  readonly #marks: PendingMark[] = [];
  /** Of the first chunk, taken already. */
  #headOffset = 0;
  #enqueuedBytes = 0;
  #takenBytes = 0;
  #playedBytes = 0;

  constructor(onMark: (name: string, reason: EchoReason) => void) {
    this.#onMark = onMark;
  }

  /** All that ever came and was not cleared before it was taken. */
  get enqueuedBytes(): number {
    return this.#enqueuedBytes;
  }

  get takenBytes(): number {
    return this.#takenBytes;
  }

  get bufferedMs(): number {
    return (this.#enqueuedBytes - this.#takenBytes) / BYTES_PER_MS;
  }

  /** False when there is no room: then none of it is kept. */
  enqueue(mulaw: Uint8Array): boolean {
    if (this.bufferedMs + mulaw.length / BYTES_PER_MS > BUFFER_MS_MAX) return false;
    if (mulaw.length === 0) return true;
    this.#chunks.push(mulaw);
    this.#enqueuedBytes += mulaw.length;
    return true;
  }

  /** Comes back when all that came before it has been heard; at once, and false, when that is so already. */
  mark(name: string): boolean {
    if (this.#enqueuedBytes > this.#playedBytes) {
      this.#marks.push({ name, atByte: this.#enqueuedBytes });
      return true;
    }
    this.#onMark(name, 'empty');
    return false;
  }

  /** Throws away what was not taken, and sends every mark back. Answers how many bytes that were. */
  clear(): number {
    const clearedBytes = this.#enqueuedBytes - this.#takenBytes;
    this.#chunks.length = 0;
    this.#headOffset = 0;
    this.#enqueuedBytes = this.#takenBytes;
    for (const { name } of this.#marks.splice(0)) this.#onMark(name, 'cleared');
    return clearedBytes;
  }

  /** Fills `out` as far as there is audio; answers how many bytes that are. */
  take(out: Uint8Array): number {
    const bytes = Math.min(out.length, this.#enqueuedBytes - this.#takenBytes);
    let filled = 0;
    for (let chunk = this.#chunks[0]; filled < bytes && chunk !== undefined; chunk = this.#chunks[0]) {
      const end = Math.min(chunk.length, this.#headOffset + bytes - filled);
      for (let i = this.#headOffset; i < end; i += 1, filled += 1) out[filled] = chunk[i] as number;
      this.#headOffset = end;
      if (end < chunk.length) break;
      this.#chunks.shift();
      this.#headOffset = 0;
    }
    this.#takenBytes += bytes;
    return bytes;
  }

  /** So many of the bytes that were ever taken have been heard. */
  played(bytes: number): void {
    this.#playedBytes = bytes;
    while ((this.#marks[0]?.atByte ?? Infinity) <= bytes) {
      const mark = this.#marks.shift();
      if (mark !== undefined) this.#onMark(mark.name, 'played');
    }
  }
}
