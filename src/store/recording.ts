// The recording of one call: a stereo WAV, the caller on the left and the agent on the right, silent and marked where it
// has to be. It owns the file. Whatever happens to the disk happens to the recording alone: nothing here throws into a call.
import { mkdir, open, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { SAMPLE_RATE_HZ } from '../audio/mulaw.ts';
import {
  STEREO_FRAME_BYTES,
  stereoTimeline,
  WAV_HEADER_BYTES,
  WAV_LENGTH_UNKNOWN,
  wavHeader,
  type Side,
  type WavPiece,
} from '../audio/wav.ts';
import { markerChunks, type WavMarker } from '../audio/wavMarkers.ts';
import { errorText, hasCode } from '../base/errors.ts';
import { MutedStretches, type ByteRange } from './mutedStretches.ts';

const BYTES_PER_MS = (SAMPLE_RATE_HZ / 1_000) * STEREO_FRAME_BYTES;
/** Pieces of 64 KB that wait for the disk: 32 s of call. A disk that far behind will not catch up. */
const PIECES_WAITING_MAX = 16;
/** Read, made silent and written back at once. */
const MUTED_BYTES_MAX = 64_000;

export type RecordingErrorCode =
  /** The file could not be made or written. */
  | 'io'
  /** The disk is too slow. */
  | 'too_slow'
  /** The call is longer than recordings may be; the file ends there. */
  | 'too_long';

export class RecordingError extends Error {
  override readonly name = 'RecordingError';
  readonly code: RecordingErrorCode;

  constructor(code: RecordingErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

export interface RecordingOptions {
  /** The file to make; its folder is made as well. */
  readonly path: string;
  /** What is made instead when that is there already, the first that is not: nothing is ever written over. */
  readonly otherwise?: readonly string[];
  /** Longer calls are recorded up to here. One hour is 115 MB. */
  readonly durationMaxMs: number;
  /** Called at most once; nothing more is recorded after it. What is on disk by then can be played. */
  readonly onError: (error: RecordingError) => void;
}

export interface RecordingSummary {
  readonly durationMs: number;
  /** Audio that came more than two seconds late and is missing. */
  readonly lateBytes: number;
}

export class StereoRecording {
  readonly #options: RecordingOptions;
  readonly #timeline = stereoTimeline();
  readonly #muted = new MutedStretches();
  /** Of the audio, so much is on disk. */
  #writtenBytes = 0;
  /** One write after the other; never rejects. */
  #queue: Promise<void> = Promise.resolve();
  #waiting = 0;
  #handle: FileHandle | undefined;
  #path: string;
  #begun = false;
  #error: RecordingError | undefined;
  #lateBytes = 0;
  #closing: Promise<RecordingSummary | undefined> | undefined;

  constructor(options: RecordingOptions) {
    this.#options = options;
    this.#path = options.path;
  }

  /** The file; until the disk has answered to the first sound, the one that is wished for. */
  get path(): string {
    return this.#path;
  }

  /** What the caller said, `atMs` from the beginning of the recording. Answers at once. */
  caller(atMs: number, mulaw: Uint8Array): void {
    this.#place('left', atMs, mulaw);
  }

  /** What the caller heard of the agent, at the time it was heard. */
  agent(atMs: number, mulaw: Uint8Array): void {
    this.#place('right', atMs, mulaw);
  }

  /** The agent fell silent at `atMs`, although more had been given. */
  agentCut(atMs: number): void {
    if (this.#accepts()) this.#timeline.erase('right', atMs);
  }

  /**
   * What was said in this stretch is nobody's business: silence instead, in what is on disk and in what is still to be
   * written, and a marker that says of what kind it was. Answers at once; on disk it is silent when the file is closed.
   */
  mute(marker: WavMarker): void {
    if (this.#closing !== undefined) return;
    const range = this.#muted.add(marker);
    this.#queue = this.#queue.then(() => this.#within(() => this.#muteWritten(range)));
  }

  /** Writes the rest and closes the file. Idempotent. Never rejects: undefined when the recording had failed. */
  close(): Promise<RecordingSummary | undefined> {
    this.#closing ??= this.#finish();
    return this.#closing;
  }

  #accepts(): boolean {
    return this.#error === undefined && this.#closing === undefined;
  }

  #place(side: Side, atMs: number, mulaw: Uint8Array): void {
    if (!this.#accepts()) return;
    this.#begin();
    const left = Math.floor((this.#options.durationMaxMs - atMs) * (SAMPLE_RATE_HZ / 1_000));
    if (left < mulaw.length) {
      this.#fail('too_long', `the call is longer than ${this.#options.durationMaxMs} ms`);
      return;
    }
    this.#lateBytes += this.#timeline.place(side, atMs, mulaw);
    for (const piece of this.#timeline.take(false)) this.#enqueue(piece);
  }

  /** Long before there is a piece to write: whoever tells of the recording has to know which file it is. */
  #begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#queue = this.#queue.then(() => this.#within(async () => void (await this.#opened())));
  }

  #enqueue(piece: WavPiece): void {
    if (this.#waiting >= PIECES_WAITING_MAX) {
      this.#fail('too_slow', `${this.#waiting} pieces wait for the disk`);
      return;
    }
    this.#waiting += 1;
    this.#queue = this.#queue.then(async () => {
      await this.#within(() => this.#write(piece));
      this.#waiting -= 1;
    });
  }

  async #within(work: () => Promise<void>): Promise<void> {
    try {
      // After a failure of the disk the rest is of no use; after `too_long` it belongs to the file.
      if (this.#error?.code !== 'io') await work();
    } catch (error) {
      this.#fail('io', `cannot write ${this.#path}: ${errorText(error)}`, error);
    }
  }

  async #write(piece: WavPiece): Promise<void> {
    const handle = await this.#opened();
    this.#muted.mute(piece.pcm, piece.offsetBytes);
    // At its place, not at the end: what is skipped is a hole in the file and reads as silence.
    await writeAll(handle, piece.pcm, WAV_HEADER_BYTES + piece.offsetBytes);
    this.#writtenBytes = piece.offsetBytes + piece.pcm.length;
  }

  async #muteWritten({ from, to }: ByteRange): Promise<void> {
    const end = Math.min(to, this.#writtenBytes);
    if (from >= end) return;
    const handle = await this.#opened();
    const part = new Uint8Array(Math.min(MUTED_BYTES_MAX, end - from));
    for (let at = from; at < end;) {
      const length = Math.min(part.length, end - at);
      const { bytesRead } = await handle.read(part, 0, length, WAV_HEADER_BYTES + at);
      const whole = part.subarray(0, bytesRead - (bytesRead % STEREO_FRAME_BYTES));
      if (whole.length === 0) return;
      this.#muted.mute(whole, at);
      await writeAll(handle, whole, WAV_HEADER_BYTES + at);
      at += whole.length;
    }
  }

  async #opened(): Promise<FileHandle> {
    if (this.#handle !== undefined) return this.#handle;
    await mkdir(path.dirname(this.#path), { recursive: true });
    const { handle, file } = await openNew([this.#path, ...(this.#options.otherwise ?? [])]);
    this.#handle = handle;
    this.#path = file;
    await writeAll(handle, wavHeader(2, SAMPLE_RATE_HZ, WAV_LENGTH_UNKNOWN), 0);
    return handle;
  }

  async #finish(): Promise<RecordingSummary | undefined> {
    for (const piece of this.#timeline.take(true)) this.#enqueue(piece);
    await this.#queue;
    const { durationMs } = this.#timeline;
    try {
      if (this.#error?.code === undefined || this.#error.code === 'too_long') {
        const handle = await this.#opened();
        const dataBytes = Math.round(durationMs * BYTES_PER_MS);
        // Cuts the last piece's padding, or lengthens the file over a hole.
        await handle.truncate(WAV_HEADER_BYTES + dataBytes);
        const markers = markerChunks(within(this.#muted.markers, durationMs), SAMPLE_RATE_HZ);
        await writeAll(handle, markers, WAV_HEADER_BYTES + dataBytes);
        await writeAll(handle, wavHeader(2, SAMPLE_RATE_HZ, dataBytes, markers.length), 0);
      }
    } catch (error) {
      this.#fail('io', `cannot finish ${this.#path}: ${errorText(error)}`, error);
    }
    try {
      await this.#handle?.close();
    } catch (error) {
      this.#fail('io', `cannot close ${this.#path}: ${errorText(error)}`, error);
    }
    if (this.#error !== undefined && this.#error.code !== 'too_long') return undefined;
    return { durationMs, lateBytes: this.#lateBytes };
  }

  #fail(code: RecordingErrorCode, message: string, cause?: unknown): void {
    if (this.#error !== undefined) {
      // Already reported; but a disk that fails now must not be written to again.
      if (code === 'io') this.#error = new RecordingError(code, message, cause);
      return;
    }
    this.#error = new RecordingError(code, message, cause);
    this.#options.onError(this.#error);
  }
}

/** Makes the first of these files that is not there, to be written and read. */
async function openNew(
  files: readonly string[],
): Promise<{ readonly handle: FileHandle; readonly file: string }> {
  for (const file of files) {
    try {
      return { handle: await open(file, 'wx+'), file };
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
    }
  }
  throw new Error(`${files.length} recordings of the call are there already`);
}

/** As much of them as lies in the audio: they reach a little beyond what was said, and go on where a recording is too long. */
function within(markers: readonly WavMarker[], durationMs: number): readonly WavMarker[] {
  return markers
    .filter(({ startMs }) => startMs < durationMs)
    .map((marker) => ({ ...marker, endMs: Math.min(marker.endMs, durationMs) }));
}

/** A write may take fewer bytes than it was given. */
async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    const result = await handle.write(bytes, written, bytes.length - written, position + written);
    written += result.bytesWritten;
  }
}
