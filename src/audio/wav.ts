// WAV files of 16-bit PCM, and the time line on which the two sides of a call are laid beside each
// other. Bytes in, bytes out: who writes them to a file is another matter.
// Layout: RIFF, then chunks (`fmt `, `data`, others to be skipped), all little-endian, chunks padded to even lengths.
import { decodeMulaw, MULAW_SILENCE, SAMPLE_RATE_HZ } from './mulaw.ts';

export const WAV_HEADER_BYTES = 44;
/** In the header of a file that is still being written: players and `readWav` then take all there is. */
export const WAV_LENGTH_UNKNOWN = 0xffff_ffff;
const BYTES_PER_SAMPLE = 2;
/** A sample of each side. */
export const STEREO_FRAME_BYTES = 2 * BYTES_PER_SAMPLE;
/** Headers with more than this before their audio are not looked through. */
export const WAV_HEADER_BYTES_MAX = 65_536;
/** A call of two hours in stereo is 230 MB; `readWav` is for less. */
const WAV_BYTES_MAX = 256 * 1024 * 1024;
const FORMAT_PCM = 1;
/** `fmt ` with the real format in its first two bytes of extension; only its plain form is read. */
const FORMAT_EXTENSIBLE = 0xfffe;

/** The header of a file with `dataBytes` of audio (or WAV_LENGTH_UNKNOWN), and chunks of `behindBytes` behind it. */
export function wavHeader(
  channelCount: number,
  sampleRateHz: number,
  dataBytes: number,
  behindBytes = 0,
): Uint8Array {
  const header = new Uint8Array(WAV_HEADER_BYTES);
  const view = new DataView(header.buffer);
  const frameBytes = channelCount * BYTES_PER_SAMPLE;
  const text = (offset: number, fourCharacters: string): void => {
    for (let i = 0; i < 4; i += 1) header[offset + i] = fourCharacters.charCodeAt(i);
  };
  text(0, 'RIFF');
  view.setUint32(4, Math.min(WAV_LENGTH_UNKNOWN, dataBytes + behindBytes + WAV_HEADER_BYTES - 8), true);
  text(8, 'WAVE');
  text(12, 'fmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, FORMAT_PCM, true);
  view.setUint16(22, channelCount, true);
  view.setUint32(24, sampleRateHz, true);
  view.setUint32(28, sampleRateHz * frameBytes, true);
  view.setUint16(32, frameBytes, true);
  view.setUint16(34, BYTES_PER_SAMPLE * 8, true);
  text(36, 'data');
  view.setUint32(40, dataBytes, true);
  return header;
}

export type WavHeaderResult =
  | {
      readonly ok: true;
      readonly sampleRateHz: number;
      readonly channelCount: number;
      readonly dataOffset: number;
      /** As promised; undefined when the writer did not know it yet. */
      readonly dataBytes: number | undefined;
    }
  /** `incomplete`: more bytes may make it a header. */
  | { readonly ok: false; readonly failure: 'not_wav' | 'bad_format' | 'incomplete' };

/** Reads a header from the beginning of a file of which there may be more to come. Never throws. */
export function readWavHeader(bytes: Uint8Array): WavHeaderResult {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const [offset, expected] of [
    [0, 'RIFF'],
    [8, 'WAVE'],
  ] as const) {
    const there = fourCharacters(bytes, offset);
    if (!expected.startsWith(there)) return { ok: false, failure: 'not_wav' };
    if (there.length < 4) return { ok: false, failure: 'incomplete' };
  }
  let format: { readonly sampleRateHz: number; readonly channelCount: number } | undefined;
  let offset = 12;
  while (offset + 8 <= bytes.length && offset <= WAV_HEADER_BYTES_MAX) {
    const name = fourCharacters(bytes, offset);
    const chunkBytes = view.getUint32(offset + 4, true);
    const body = offset + 8;
    if (name === 'data') {
      if (format === undefined) return { ok: false, failure: 'bad_format' };
      const unknown = chunkBytes === 0 || chunkBytes >= WAV_LENGTH_UNKNOWN - WAV_HEADER_BYTES_MAX;
      return { ok: true, ...format, dataOffset: body, dataBytes: unknown ? undefined : chunkBytes };
    }
    if (name === 'fmt ') {
      if (body + 16 > bytes.length) return { ok: false, failure: 'incomplete' };
      const kind = view.getUint16(body, true);
      format = { channelCount: view.getUint16(body + 2, true), sampleRateHz: view.getUint32(body + 4, true) };
      const plain = kind === FORMAT_PCM || kind === FORMAT_EXTENSIBLE;
      if (!plain || view.getUint16(body + 14, true) !== 16 || format.channelCount === 0) {
        return { ok: false, failure: 'bad_format' };
      }
    }
    offset = body + chunkBytes + (chunkBytes % 2);
  }
  return { ok: false, failure: offset > WAV_HEADER_BYTES_MAX ? 'bad_format' : 'incomplete' };
}

export type WavResult =
  | {
      readonly ok: true;
      readonly sampleRateHz: number;
      /** One array a channel, left first. */
      readonly channels: readonly Int16Array[];
    }
  | { readonly ok: false; readonly failure: 'too_large' | 'not_wav' | 'bad_format' | 'incomplete' };

/** A whole file of 16-bit PCM. Less audio than the header promises is `incomplete`. Never throws. */
export function readWav(bytes: Uint8Array): WavResult {
  if (bytes.length > WAV_BYTES_MAX) return { ok: false, failure: 'too_large' };
  const header = readWavHeader(bytes);
  if (!header.ok) return header;
  const { sampleRateHz, channelCount, dataOffset } = header;
  const there = bytes.length - dataOffset;
  if (header.dataBytes !== undefined && header.dataBytes > there) return { ok: false, failure: 'incomplete' };
  const view = new DataView(bytes.buffer, bytes.byteOffset + dataOffset, header.dataBytes ?? there);
  const frames = Math.floor(view.byteLength / (channelCount * BYTES_PER_SAMPLE));
  const channels = Array.from({ length: channelCount }, (_unused, channel) =>
    Int16Array.from({ length: frames }, (_sample, frame) =>
      view.getInt16((frame * channelCount + channel) * BYTES_PER_SAMPLE, true),
    ),
  );
  return { ok: true, sampleRateHz, channels };
}

function fourCharacters(bytes: Uint8Array, offset: number): string {
  return String.fromCharCode(...bytes.subarray(offset, offset + 4));
}

/** Two mu-law channels of one length as interleaved 16-bit PCM, little-endian. */
export function interleaveMulaw(left: Uint8Array, right: Uint8Array): Uint8Array {
  const leftSamples = decodeMulaw(left);
  const rightSamples = decodeMulaw(right);
  const view = new DataView(new ArrayBuffer(left.length * STEREO_FRAME_BYTES));
  for (let i = 0; i < left.length; i += 1) {
    view.setInt16(i * STEREO_FRAME_BYTES, leftSamples[i] as number, true);
    view.setInt16(i * STEREO_FRAME_BYTES + BYTES_PER_SAMPLE, rightSamples[i] as number, true);
  }
  return new Uint8Array(view.buffer);
}

export type Side = 'left' | 'right';

/** Stereo PCM that belongs at `offsetBytes` of the audio; what lies between two pieces is silence. */
export interface WavPiece {
  readonly offsetBytes: number;
  readonly pcm: Uint8Array;
}

/** A piece is finished when there is audio two pieces after it began: so long may a side come late. */
export const PIECE_MS = 2_000;
const PIECE_SAMPLES = (PIECE_MS / 1_000) * SAMPLE_RATE_HZ;
/** Pieces in the making: the newest and the one before it. 64 KiB a call. */
const OPEN_PIECES_MAX = 2;
/**
 * Audio whose time is this near to the end of what its side said before joins it without a seam: times are those of
 * messages, and a message is some ms early or late. More than that is a real gap, so nothing drifts.
 */
const JOIN_SAMPLES = (60 / 1_000) * SAMPLE_RATE_HZ;

interface Piece {
  readonly left: Uint8Array;
  readonly right: Uint8Array;
}

/**
 * The two sides of a call on one time line. Only the last two pieces are held; audio for a time before
 * them is refused. Mu-law until a piece is taken, which is half the memory.
 */
export interface StereoTimeline {
  /**
   * Lays audio at `atMs` from the beginning, as it is heard: seconds ahead would finish the other side's
   * pieces. Answers how many bytes came too late and were dropped.
   */
  place(side: Side, atMs: number, mulaw: Uint8Array): number;
  /** What was to be heard from `atMs` on was not: silence instead, as far back as pieces are held. */
  erase(side: Side, atMs: number): void;
  /** The finished pieces, once each, in order; with `all` the unfinished ones as well. */
  take(all: boolean): readonly WavPiece[];
  /** The end of the last audio that stands. */
  readonly durationMs: number;
}

export function stereoTimeline(): StereoTimeline {
  const pieces = new Map<number, Piece>();
  const finished: WavPiece[] = [];
  /** Where each side's next audio would join. */
  const endOf: Record<Side, number> = { left: 0, right: 0 };
  const furthest: Record<Side, number> = { left: 0, right: 0 };
  let oldestOpen = 0;

  const finishBefore = (index: number): void => {
    for (const [pieceIndex, piece] of pieces) {
      if (pieceIndex >= index) continue;
      pieces.delete(pieceIndex);
      finished.push({
        offsetBytes: pieceIndex * PIECE_SAMPLES * STEREO_FRAME_BYTES,
        pcm: interleaveMulaw(piece.left, piece.right),
      });
    }
    oldestOpen = Math.max(oldestOpen, index);
  };

  const pieceAt = (index: number): Piece => {
    finishBefore(index - OPEN_PIECES_MAX + 1);
    let piece = pieces.get(index);
    if (piece === undefined) {
      piece = { left: silentPiece(), right: silentPiece() };
      pieces.set(index, piece);
    }
    return piece;
  };

  return {
    place(side, atMs, mulaw) {
      const asked = Math.max(0, Math.round((atMs / 1_000) * SAMPLE_RATE_HZ));
      const start = Math.abs(asked - endOf[side]) <= JOIN_SAMPLES ? endOf[side] : asked;
      const late = Math.min(mulaw.length, Math.max(0, oldestOpen * PIECE_SAMPLES - start));
      let done = late;
      while (done < mulaw.length) {
        const index = Math.floor((start + done) / PIECE_SAMPLES);
        const inPiece = start + done - index * PIECE_SAMPLES;
        const part = mulaw.subarray(done, done + PIECE_SAMPLES - inPiece);
        pieceAt(index)[side].set(part, inPiece);
        done += part.length;
      }
      endOf[side] = start + mulaw.length;
      furthest[side] = Math.max(furthest[side], endOf[side]);
      return late;
    },
    erase(side, atMs) {
      const from = Math.max(0, Math.round((atMs / 1_000) * SAMPLE_RATE_HZ));
      for (const [index, piece] of pieces) {
        const inPiece = from - index * PIECE_SAMPLES;
        if (inPiece < PIECE_SAMPLES) piece[side].fill(MULAW_SILENCE, Math.max(0, inPiece));
      }
      endOf[side] = Math.min(endOf[side], from);
      // What is finished cannot be taken back, so the end is not before it.
      furthest[side] = Math.min(furthest[side], Math.max(from, oldestOpen * PIECE_SAMPLES));
    },
    take(all) {
      if (all) finishBefore(oldestOpen + OPEN_PIECES_MAX);
      return finished.splice(0).sort((a, b) => a.offsetBytes - b.offsetBytes);
    },
    get durationMs() {
      return (Math.max(furthest.left, furthest.right) / SAMPLE_RATE_HZ) * 1_000;
    },
  };
}

function silentPiece(): Uint8Array {
  return new Uint8Array(PIECE_SAMPLES).fill(MULAW_SILENCE);
}
