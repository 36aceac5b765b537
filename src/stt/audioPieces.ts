// The caller's audio on its way to the server: cut into pieces, held while the server isn't ready.
import { BYTES_PER_MS } from '../audio/mulaw.ts';

/**
 * A message costs its sender some 15 us whatever is in it, so three frames share one: a third of the
 * cost, for 40 ms that only words in the middle of speech wait (a commit sends what there is).
 */
export const PIECE_MS = 60;
/** Held for a session that is being opened, which may have to hear 15 s again: above it old words help nobody. */
export const HELD_MS_MAX = 20_000;
const HELD_BYTES_MAX = HELD_MS_MAX * BYTES_PER_MS;

export type Queued =
  /** `last`: a mark follows. */
  | { readonly kind: 'audio'; readonly mulaw: Uint8Array; readonly last: boolean }
  /** All audio before it has been taken. */
  | { readonly kind: 'mark'; readonly number: number };

type Held =
  | { readonly kind: 'audio'; readonly mulaw: Uint8Array }
  | { readonly kind: 'mark'; readonly number: number };

export class AudioPieces {
  readonly #onDropped: (audioBytes: number) => void;
  readonly #pieceBytesMax: number;
  #piece: Uint8Array;
  #pieceBytes = 0;
  readonly #held: Held[] = [];
  #heldBytes = 0;

  /** `onDropped` is told of mu-law bytes that were the oldest of too many. */
  constructor(onDropped: (audioBytes: number) => void, pieceMs = PIECE_MS) {
    this.#onDropped = onDropped;
    this.#pieceBytesMax = pieceMs * BYTES_PER_MS;
    this.#piece = new Uint8Array(this.#pieceBytesMax);
  }

  /** Copies. */
  push(mulaw: Uint8Array): void {
    for (let start = 0; start < mulaw.length;) {
      const part = mulaw.subarray(start, start + this.#pieceBytesMax - this.#pieceBytes);
      this.#piece.set(part, this.#pieceBytes);
      this.#pieceBytes += part.length;
      start += part.length;
      if (this.#pieceBytes === this.#pieceBytesMax) this.#hold();
    }
  }

  /** What was pushed until now is a piece, however small, and `number` follows it. */
  mark(number: number): void {
    if (this.#pieceBytes > 0) this.#hold();
    this.#held.push({ kind: 'mark', number });
  }

  /** The next thing to send; undefined when there is no whole piece. */
  next(): Queued | undefined {
    const first = this.#held.shift();
    if (first?.kind !== 'audio') return first;
    this.#heldBytes -= first.mulaw.length;
    return { kind: 'audio', mulaw: first.mulaw, last: this.#held[0]?.kind === 'mark' };
  }

  clear(): void {
    this.#held.length = 0;
    this.#heldBytes = 0;
    this.#pieceBytes = 0;
  }

  #hold(): void {
    this.#held.push({ kind: 'audio', mulaw: this.#piece.subarray(0, this.#pieceBytes) });
    this.#heldBytes += this.#pieceBytes;
    this.#piece = new Uint8Array(this.#pieceBytesMax);
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
}
