// The audio that waits at the carrier to be heard, 20 ms a tick, and the marks in it.
import { BYTES_PER_MS, FRAME_BYTES, FRAME_MS, MULAW_SILENCE } from '../audio/mulaw.ts';

/** Twilio keeps ten minutes; what comes on top is thrown away with a warning. */
export const BUFFER_MS_MAX = 600_000;
/** Silence shorter than this between two pieces of speech is a gap in it; longer, and the speech was over. */
export const GAP_MS_MAX = 1_000;
const GAPS_KEPT_MAX = 10_000;

/**
 * Silence inside the agent's speech because its buffer was empty. An underrun is one that is `unexpected`;
 * the sender announced the others: `marked` when a mark was the last thing before it (or came during it),
 * `cleared` when a clear made it.
 */
export interface PlayoutGap {
  readonly startMs: number;
  readonly durationMs: number;
  readonly kind: 'unexpected' | 'marked' | 'cleared';
}

/** Why a mark comes back: its audio was played, there was none, or it was cleared. */
export type EchoReason = 'played' | 'empty' | 'cleared';

interface PendingMark {
  readonly name: string;
  readonly atByte: number;
}

interface Dry {
  readonly sinceMs: number;
  kind: PlayoutGap['kind'];
}

export class CarrierPlayout {
  readonly #onMark: (name: string, reason: EchoReason) => void;
  readonly #chunks: Uint8Array[] = [];
  readonly #marks: PendingMark[] = [];
  readonly #gaps: PlayoutGap[] = [];
  #headOffset = 0;
  #enqueuedBytes = 0;
  #takenBytes = 0;
  #inPlay = false;
  /** Where the sender last said that something ends. */
  #announced: { readonly atByte: number; readonly kind: 'marked' | 'cleared' } = {
    atByte: -1,
    kind: 'marked',
  };
  #dry: Dry | undefined;
  #playedBytes = 0;
  #clearedBytes = 0;

  constructor(onMark: (name: string, reason: EchoReason) => void) {
    this.#onMark = onMark;
  }

  get bufferedMs(): number {
    return (this.#enqueuedBytes - this.#takenBytes) / BYTES_PER_MS;
  }

  get playedMs(): number {
    return this.#playedBytes / BYTES_PER_MS;
  }

  get clearedMs(): number {
    return this.#clearedBytes / BYTES_PER_MS;
  }

  get gaps(): readonly PlayoutGap[] {
    return this.#gaps;
  }

  /** False when there is no room: then none of it is kept. */
  enqueue(mulaw: Uint8Array): boolean {
    if (this.bufferedMs + mulaw.length / BYTES_PER_MS > BUFFER_MS_MAX) return false;
    if (mulaw.length === 0) return true;
    this.#chunks.push(mulaw);
    this.#enqueuedBytes += mulaw.length;
    return true;
  }

  mark(name: string): void {
    this.#announced = { atByte: this.#enqueuedBytes, kind: 'marked' };
    if (this.#enqueuedBytes > this.#takenBytes || this.#inPlay) {
      this.#marks.push({ name, atByte: this.#enqueuedBytes });
      return;
    }
    if (this.#dry?.kind === 'unexpected') this.#dry.kind = 'marked';
    this.#onMark(name, 'empty');
  }

  /** Throws the buffer away and sends every mark in it back. The frame that is in play is heard to its end. */
  clear(): void {
    this.#clearedBytes += this.#enqueuedBytes - this.#takenBytes;
    this.#chunks.length = 0;
    this.#headOffset = 0;
    this.#enqueuedBytes = this.#takenBytes;
    this.#announced = { atByte: this.#takenBytes, kind: 'cleared' };
    if (this.#dry !== undefined) this.#dry.kind = 'cleared';
    for (const { name } of this.#marks.splice(0)) this.#onMark(name, 'cleared');
  }

  /**
   * The frame heard from `dueMs` on, FRAME_BYTES long; undefined for silence. A piece that ends within
   * a frame is filled up with silence. What was taken before has been played by now.
   */
  take(dueMs: number): Uint8Array | undefined {
    this.#inPlay = false;
    this.#echoPlayed();
    const bytes = Math.min(FRAME_BYTES, this.#enqueuedBytes - this.#takenBytes);
    if (bytes === 0) {
      this.#runDry(dueMs);
      return undefined;
    }
    this.#endDry(dueMs);
    const frame = new Uint8Array(FRAME_BYTES);
    this.#copyTo(frame, bytes);
    frame.fill(MULAW_SILENCE, bytes);
    this.#takenBytes += bytes;
    this.#playedBytes += bytes;
    this.#inPlay = true;
    if (bytes < FRAME_BYTES) this.#runDry(dueMs + bytes / BYTES_PER_MS);
    return frame;
  }

  #echoPlayed(): void {
    while ((this.#marks[0]?.atByte ?? Infinity) <= this.#takenBytes) {
      const mark = this.#marks.shift();
      if (mark !== undefined) this.#onMark(mark.name, 'played');
    }
  }

  #copyTo(frame: Uint8Array, bytes: number): void {
    let filled = 0;
    while (filled < bytes) {
      const [chunk] = this.#chunks;
      if (chunk === undefined) return;
      const piece = chunk.subarray(this.#headOffset, this.#headOffset + bytes - filled);
      frame.set(piece, filled);
      filled += piece.length;
      this.#headOffset += piece.length;
      if (this.#headOffset < chunk.length) continue;
      this.#chunks.shift();
      this.#headOffset = 0;
    }
  }

  #runDry(sinceMs: number): void {
    if (this.#dry !== undefined || this.#playedBytes === 0) return;
    const { atByte, kind } = this.#announced;
    this.#dry = { sinceMs, kind: atByte === this.#takenBytes ? kind : 'unexpected' };
  }

  #endDry(dueMs: number): void {
    const dry = this.#dry;
    this.#dry = undefined;
    if (dry === undefined || dueMs - dry.sinceMs >= GAP_MS_MAX) return;
    // Half a frame is how a frame that was not full is seen, and nobody hears it.
    if (dueMs - dry.sinceMs < FRAME_MS / 2 || this.#gaps.length >= GAPS_KEPT_MAX) return;
    this.#gaps.push({ startMs: dry.sinceMs, durationMs: dueMs - dry.sinceMs, kind: dry.kind });
  }
}
