// What was on the line, both sides on one time line from the moment the call was answered.
import { BYTES_PER_MS, MULAW_SILENCE, SAMPLE_RATE_HZ } from '../audio/mulaw.ts';
import { interleaveMulaw, wavHeader } from '../audio/wav.ts';

export type LineSide = 'caller' | 'agent';

/** Half an hour is 29 MB a call; what comes later is not recorded, and counted. */
const RECORDING_MS_MAX = 30 * 60_000;
const FIRST_BYTES = 30_000 * BYTES_PER_MS;

export class CarrierRecording {
  readonly #startMs: number;
  readonly #sides: Record<LineSide, Uint8Array> = { caller: new Uint8Array(0), agent: new Uint8Array(0) };
  #lengthBytes = 0;
  #unrecordedBytes = 0;

  constructor(startMs: number) {
    this.#startMs = startMs;
  }

  get startMs(): number {
    return this.#startMs;
  }

  get unrecordedBytes(): number {
    return this.#unrecordedBytes;
  }

  /** `mulaw` was on the line from `atMs` on. */
  write(side: LineSide, atMs: number, mulaw: Uint8Array): void {
    const offset = Math.max(0, Math.round((atMs - this.#startMs) * BYTES_PER_MS));
    const end = offset + mulaw.length;
    if (end > RECORDING_MS_MAX * BYTES_PER_MS) {
      this.#unrecordedBytes += mulaw.length;
      return;
    }
    this.#grow(side, end);
    this.#sides[side].set(mulaw, offset);
    this.#lengthBytes = Math.max(this.#lengthBytes, end);
  }

  /** One side in mu-law from the answer on, silence where nothing was. Both sides are as long. */
  mulaw(side: LineSide): Uint8Array {
    this.#grow(side, this.#lengthBytes);
    return this.#sides[side].slice(0, this.#lengthBytes);
  }

  /** A stereo WAV file: caller left, agent right. */
  wav(): Uint8Array {
    const pcm = interleaveMulaw(this.mulaw('caller'), this.mulaw('agent'));
    return Buffer.concat([wavHeader(2, SAMPLE_RATE_HZ, pcm.length), pcm]);
  }

  #grow(side: LineSide, bytes: number): void {
    const present = this.#sides[side];
    if (present.length >= bytes) return;
    const grown = new Uint8Array(Math.max(FIRST_BYTES, present.length * 2, bytes)).fill(MULAW_SILENCE);
    grown.set(present);
    this.#sides[side] = grown;
  }
}
