// The caller's audio on its way to the server: cut into pieces, held while the server isn't ready,
// encoded as it wants them.
import { BYTES_PER_MS, decodeMulaw, SAMPLE_RATE_HZ } from '../audio/mulaw.ts';
import { createResampler, type Resampler } from '../audio/resample.ts';
import type { AudioFormat } from './openai.ts';

/**
 * A message costs its sender some 15 us whatever is in it, so three frames share one: a third of the
 * cost, for 40 ms that only words in the middle of speech wait (a commit sends what there is).
 */
export const PIECE_MS = 60;
const PIECE_BYTES = PIECE_MS * BYTES_PER_MS;
/** Held for a session that is being opened: above it something is wrong, and old words help nobody. */
export const HELD_MS_MAX = 10_000;
const HELD_BYTES_MAX = HELD_MS_MAX * BYTES_PER_MS;

export type Queued =
  | { readonly kind: 'audio'; readonly base64: string; readonly audioBytes: number }
  /** All audio before it has been taken. */
  | { readonly kind: 'mark'; readonly number: number };

type Held =
  | { readonly kind: 'audio'; readonly mulaw: Uint8Array }
  | { readonly kind: 'mark'; readonly number: number };

export class AudioPieces {
  readonly #onDropped: (audioBytes: number) => void;
  #piece = new Uint8Array(PIECE_BYTES);
  #pieceBytes = 0;
  readonly #held: Held[] = [];
  #heldBytes = 0;
  #resampler: Resampler | undefined;

  /** `onDropped` is told of mu-law bytes that were the oldest of too many. */
  constructor(onDropped: (audioBytes: number) => void) {
    this.#onDropped = onDropped;
  }

  encodeAs(format: AudioFormat): void {
    this.#resampler = format === 'pcm24' ? createResampler(SAMPLE_RATE_HZ, 24_000) : undefined;
  }

  /** Copies. */
  push(mulaw: Uint8Array): void {
    for (let start = 0; start < mulaw.length;) {
      const part = mulaw.subarray(start, start + PIECE_BYTES - this.#pieceBytes);
      this.#piece.set(part, this.#pieceBytes);
      this.#pieceBytes += part.length;
      start += part.length;
      if (this.#pieceBytes === PIECE_BYTES) this.#hold();
    }
  }

  /** What was pushed until now is a piece, however small, and `number` follows it. */
  mark(number: number): void {
    if (this.#pieceBytes > 0) this.#hold();
    this.#held.push({ kind: 'mark', number });
  }

  /** The next thing to send, encoded; undefined when there is no whole piece. */
  next(): Queued | undefined {
    const first = this.#held.shift();
    if (first?.kind !== 'audio') return first;
    this.#heldBytes -= first.mulaw.length;
    const last = this.#held[0]?.kind === 'mark';
    return { kind: 'audio', base64: this.#encode(first.mulaw, last), audioBytes: first.mulaw.length };
  }

  clear(): void {
    this.#held.length = 0;
    this.#heldBytes = 0;
    this.#pieceBytes = 0;
  }

  #hold(): void {
    this.#held.push({ kind: 'audio', mulaw: this.#piece.subarray(0, this.#pieceBytes) });
    this.#heldBytes += this.#pieceBytes;
    this.#piece = new Uint8Array(PIECE_BYTES);
    this.#pieceBytes = 0;
    while (this.#heldBytes > HELD_BYTES_MAX) this.#dropOldest();
  }

  #dropOldest(): void {
    const oldest = this.#held.findIndex((held) => held.kind === 'audio');
    const [dropped] = this.#held.splice(oldest, 1);
    if (dropped?.kind !== 'audio') return;
    this.#heldBytes -= dropped.mulaw.length;
    this.#onDropped(dropped.mulaw.length);
  }

  /** The last piece before a commit takes with it what the resampler still holds. */
  #encode(mulaw: Uint8Array, last: boolean): string {
    const resampler = this.#resampler;
    if (resampler === undefined) return base64Of(mulaw);
    const samples = resampler.process(decodeMulaw(mulaw));
    if (!last) return base64Of(samples);
    const rest = resampler.flush();
    const all = new Int16Array(samples.length + rest.length);
    all.set(samples);
    all.set(rest, samples.length);
    return base64Of(all);
  }
}

/** 16-bit samples are little-endian on the wire, as they are in memory on every machine Node runs on. */
function base64Of(data: Uint8Array | Int16Array): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64');
}
