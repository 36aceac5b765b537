// The audio that waits at the carrier to be heard, 20 ms a tick, and the marks in it.
import { BYTES_PER_MS, FRAME_BYTES, FRAME_MS, MULAW_SILENCE } from '../audio/mulaw.ts';
import { PlayQueue, type EchoReason } from '../audio/playQueue.ts';

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

interface Dry {
  readonly sinceMs: number;
  kind: PlayoutGap['kind'];
}

export class CarrierPlayout {
  readonly #queue: PlayQueue;
  readonly #gaps: PlayoutGap[] = [];
  /** Where the sender last said that something ends. */
  #announced: { readonly atByte: number; readonly kind: 'marked' | 'cleared' } = {
    atByte: -1,
    kind: 'marked',
  };
  #dry: Dry | undefined;
  #clearedBytes = 0;

  constructor(onMark: (name: string, reason: EchoReason) => void) {
    this.#queue = new PlayQueue(onMark);
  }

  get bufferedMs(): number {
    return this.#queue.bufferedMs;
  }

  get playedMs(): number {
    return this.#queue.takenBytes / BYTES_PER_MS;
  }

  get clearedMs(): number {
    return this.#clearedBytes / BYTES_PER_MS;
  }

  get gaps(): readonly PlayoutGap[] {
    return this.#gaps;
  }

  /** False when there is no room: then none of it is kept. */
  enqueue(mulaw: Uint8Array): boolean {
    return this.#queue.enqueue(mulaw);
  }

  mark(name: string): void {
    this.#announced = { atByte: this.#queue.enqueuedBytes, kind: 'marked' };
    if (!this.#queue.mark(name) && this.#dry?.kind === 'unexpected') this.#dry.kind = 'marked';
  }

  /** Throws the buffer away and sends every mark in it back. The frame that is in play is heard to its end. */
  clear(): void {
    this.#announced = { atByte: this.#queue.takenBytes, kind: 'cleared' };
    if (this.#dry !== undefined) this.#dry.kind = 'cleared';
    this.#clearedBytes += this.#queue.clear();
  }

  /**
   * The frame heard from `dueMs` on, FRAME_BYTES long; undefined for silence. A piece that ends within
   * a frame is filled up with silence. What was taken before has been played by now.
   */
  take(dueMs: number): Uint8Array | undefined {
    this.#queue.played(this.#queue.takenBytes);
    if (this.#queue.bufferedMs === 0) {
      this.#runDry(dueMs);
      return undefined;
    }
    this.#endDry(dueMs);
    const frame = new Uint8Array(FRAME_BYTES);
    const bytes = this.#queue.take(frame);
    frame.fill(MULAW_SILENCE, bytes);
    if (bytes < FRAME_BYTES) this.#runDry(dueMs + bytes / BYTES_PER_MS);
    return frame;
  }

  #runDry(sinceMs: number): void {
    if (this.#dry !== undefined || this.#queue.takenBytes === 0) return;
    const { atByte, kind } = this.#announced;
    this.#dry = { sinceMs, kind: atByte === this.#queue.takenBytes ? kind : 'unexpected' };
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
