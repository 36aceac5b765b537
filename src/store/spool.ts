// Rows on disk before they are in the database: what a process had accepted when it was killed is there when the next one
// starts in the same folder. Segments are only ever appended to, and go when all of their rows are committed.
import { mkdir, open, readdir, readFile, rename, unlink, writeFile, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { Background } from '../base/background.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { Write } from './commit.ts';
import { decodeRecords, encodeRecord, type SpooledRow } from './spoolRecord.ts';

/** A segment that has reached it gets no more rows. */
const SEGMENT_BYTES = 4 * 1024 * 1024;
/** Some weeks of a busy instance without a database; beyond it the oldest segment is given up. */
const BYTES_MAX = 1024 * 1024 * 1024;
/** A process that is killed loses nothing that was written; a machine that loses its power, what was written since. */
const SYNC_MS = 1_000;
/** A disk that refused is tried again with the next row, but not more often than this. */
const RETRY_MS = 1_000;
/** Nor does it need a row to be tried: without calls there is none, and while it refuses none may be let in. */
const PROBE_MS = 5_000;
/** Of a disk without room for it a file may still be opened. */
const PROBE_BYTES = 4_096;
/** With less room than this the spool is as good as full. */
const ROOM_SEGMENTS = 2;

export interface SpoolOptions {
  readonly folder: string;
  readonly clock: Clock;
  readonly bytesMax?: number;
  readonly segmentBytes?: number;
  /** Rows that were given up, since there was no more room for them or they could not be read. */
  readonly onLost: (rows: number) => void;
  readonly onError: (error: unknown) => void;
}

interface Segment {
  readonly file: string;
  readonly firstNumber: number;
  lastNumber: number;
  bytes: number;
}

interface Waiting {
  readonly row: SpooledRow;
  readonly done: (kept: boolean) => void;
}

export class Spool {
  readonly #options: SpoolOptions;
  readonly #background: Background;
  /** The oldest first; the last one is being written. */
  readonly #segments: Segment[] = [];
  #waiting: Waiting[] = [];
  #handle: FileHandle | undefined;
  #writing = false;
  #refusedUntilMs = 0;
  #writable = true;
  #unsynced = false;
  #timer: Timer | undefined;
  #probeTimer: Timer | undefined;
  #closed = false;
  /** A segment with rows up to this number gets no newer ones. */
  #renewedTo = 0;

  private constructor(options: SpoolOptions) {
    this.#options = options;
    this.#background = new Background(options.onError);
  }

  /** One that keeps nothing and has nothing, for who could not be given a folder. */
  static without(options: SpoolOptions): Spool {
    const spool = new Spool(options);
    spool.#writable = false;
    spool.#closed = true;
    return spool;
  }

  /** Learns what a process before this one has left. A folder that can't be used is told and leaves a spool that keeps nothing. */
  static async open(options: SpoolOptions): Promise<Spool> {
    const spool = new Spool(options);
    try {
      await mkdir(options.folder, { recursive: true });
      for (const name of (await readdir(options.folder)).filter(isSegment).toSorted())
        await spool.#learn(name);
    } catch (error) {
      spool.#refused(error);
    }
    return spool;
  }

  /** Bytes of rows that the database is not known to have. */
  get bytes(): number {
    return this.#segments.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Whether soon the oldest rows have to go for new ones. */
  get full(): boolean {
    return this.bytes > this.#bytesMax - ROOM_SEGMENTS * this.#segmentBytes;
  }

  /** Whether the last attempt to write succeeded. */
  get writable(): boolean {
    return this.#writable;
  }

  /** Of the newest row that lies here; 0 when there is none. */
  get newest(): number {
    return this.#segments.at(-1)?.lastNumber ?? 0;
  }

  /** Resolves when the row is written (true), or can't be: then it is in memory alone, which `writable` says. Never rejects. */
  append(number: number, write: Write): Promise<boolean> {
    if (this.#closed) return Promise.resolve(false);
    return new Promise((done) => {
      this.#waiting.push({ row: { number, write }, done });
      if (!this.#writing) {
        this.#writing = true;
        this.#background.run(this.#drain());
      }
    });
  }

  /** Of the oldest row that lies here; undefined when there is none. */
  get oldest(): number | undefined {
    return this.#segments[0]?.firstNumber;
  }

  /** Resolves when all that was handed over is written or refused. */
  async written(): Promise<void> {
    while (this.#writing) await this.#background.idle();
  }

  /** The rows after number `after`, at most so many, in order; none when there are no more. What can't be read is counted as lost. */
  async read(after: number, rowsMax: number): Promise<readonly SpooledRow[]> {
    const segment = this.#segments.find(({ lastNumber }) => lastNumber > after);
    if (segment === undefined) return [];
    try {
      const { rows } = decodeRecords(await readFile(segment.file));
      return rows.filter(({ number }) => number > after).slice(0, rowsMax);
    } catch (error) {
      this.#options.onError(error);
      this.#options.onLost(segment.lastNumber - Math.max(after, segment.firstNumber - 1));
      return [];
    }
  }

  /** All rows up to this number are committed or given up. */
  settled(number: number): void {
    const over = this.#segments.filter((segment) => segment.lastNumber <= number && segment.lastNumber > 0);
    // The one that is being written to stays until it is full: a file a turn would cost more than the rows.
    const removable = over.filter((segment) => segment !== this.#segments.at(-1) || this.#isOver(segment));
    for (const segment of removable) this.#remove(segment);
  }

  /** Gets no more rows. While rows are being written that is for them to see. */
  #isOver({ bytes, firstNumber }: Segment): boolean {
    return bytes >= this.#segmentBytes || (firstNumber <= this.#renewedTo && !this.#writing);
  }

  /**
   * Rows up to this number are not to lie here longer than they must: the next row begins a new segment, and theirs go as soon
   * as all in them are committed.
   */
  renew(upTo: number, settledTo: number): void {
    this.#renewedTo = upTo;
    this.settled(settledTo);
  }

  /** Waits for what is being written. With all committed, nothing is left behind. Idempotent. */
  async close(settledTo: number): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer?.cancel();
    this.#probeTimer?.cancel();
    await this.#background.idle();
    await this.#closeHandle();
    for (const segment of this.#segments.filter(({ lastNumber }) => lastNumber <= settledTo))
      this.#remove(segment);
    await this.#background.idle();
  }

  get #bytesMax(): number {
    return this.#options.bytesMax ?? BYTES_MAX;
  }

  get #segmentBytes(): number {
    return this.#options.segmentBytes ?? SEGMENT_BYTES;
  }

  async #learn(name: string): Promise<void> {
    const file = path.join(this.#options.folder, name);
    const bytes = await readFile(file);
    const { rows, broken, tornBytes } = decodeRecords(bytes);
    if (broken > 0) {
      this.#options.onLost(broken);
      this.#options.onError(new Error(`${broken} rows of ${name} could not be read`));
      await rename(file, `${file}.broken`);
      if (rows.length > 0) await this.#rewrite(file, rows);
    }
    if (tornBytes > 0)
      this.#options.onError(new Error(`the last ${tornBytes} bytes of ${name} were cut off`));
    const [first] = rows;
    const last = rows.at(-1);
    if (first === undefined || last === undefined) {
      if (broken === 0) await unlink(file);
      return;
    }
    this.#segments.push({
      file,
      firstNumber: first.number,
      lastNumber: last.number,
      bytes: bytes.length - tornBytes,
    });
  }

  async #rewrite(file: string, rows: readonly SpooledRow[]): Promise<void> {
    const handle = await open(file, 'w');
    try {
      await handle.writeFile(Buffer.concat(rows.map(encodeRecord)));
    } finally {
      await handle.close();
    }
  }

  /** One write at a time, of all rows that have come meanwhile. */
  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      const kept = await this.#write(batch.map(({ row }) => row));
      for (const { done } of batch) done(kept);
    }
    this.#writing = false;
  }

  async #write(rows: readonly SpooledRow[]): Promise<boolean> {
    const [first] = rows;
    const last = rows.at(-1);
    const { clock } = this.#options;
    if (first === undefined || last === undefined || clock.nowMs() < this.#refusedUntilMs) return false;
    try {
      const bytes = Buffer.concat(rows.map(encodeRecord));
      const segment = await this.#segmentFor(first.number);
      await this.#handle?.appendFile(bytes);
      segment.lastNumber = last.number;
      segment.bytes += bytes.length;
      this.#writable = true;
      this.#syncSoon();
      this.#keepWithin();
      return true;
    } catch (error) {
      this.#refused(error);
      await this.#giveUpSegment();
      return false;
    }
  }

  /** What comes next begins another one; of one without a whole row nothing is left. Never throws. */
  async #giveUpSegment(): Promise<void> {
    const empty = this.#segments.filter(({ lastNumber }) => lastNumber === 0);
    try {
      await this.#closeHandle();
    } catch (error) {
      this.#options.onError(error);
    }
    for (const segment of empty) this.#remove(segment);
  }

  async #segmentFor(firstNumber: number): Promise<Segment> {
    const current = this.#segments.at(-1);
    const isFull =
      current === undefined ||
      current.bytes >= this.#segmentBytes ||
      (current.firstNumber <= this.#renewedTo && firstNumber > this.#renewedTo);
    if (!isFull && this.#handle !== undefined) return current;
    await this.#closeHandle();
    const file = path.join(this.#options.folder, `${String(firstNumber).padStart(16, '0')}.rows`);
    // A file that a failed attempt left is written anew: nothing of it was ever counted.
    this.#handle = await open(file, 'w');
    const segment = { file, firstNumber, lastNumber: 0, bytes: 0 };
    this.#segments.push(segment);
    return segment;
  }

  #keepWithin(): void {
    while (this.bytes > this.#bytesMax && this.#segments.length > 1) {
      const [oldest] = this.#segments;
      if (oldest === undefined) return;
      this.#options.onLost(oldest.lastNumber - oldest.firstNumber + 1);
      this.#remove(oldest);
    }
  }

  #remove(segment: Segment): void {
    this.#segments.splice(this.#segments.indexOf(segment), 1);
    if (this.#segments.length === 0) this.#background.run(this.#closeHandle());
    this.#background.run(unlink(segment.file));
  }

  #refused(error: unknown): void {
    const { clock, onError } = this.#options;
    if (this.#writable) onError(error);
    this.#writable = false;
    this.#refusedUntilMs = clock.nowMs() + RETRY_MS;
    this.#probeLater();
  }

  #probeLater(): void {
    if (this.#closed || this.#writable) return;
    this.#probeTimer ??= this.#options.clock.after(PROBE_MS, () => {
      this.#probeTimer = undefined;
      this.#background.run(this.#probe());
    });
  }

  /** Whether a row could be written by now, unless one has shown it. */
  async #probe(): Promise<void> {
    if (this.#writable) return;
    const file = path.join(this.#options.folder, 'probe');
    try {
      await writeFile(file, Buffer.alloc(PROBE_BYTES));
      await unlink(file);
      this.#writable = true;
      this.#refusedUntilMs = 0;
    } catch {
      // As before, and that was told.
      this.#probeLater();
    }
  }

  #syncSoon(): void {
    this.#unsynced = true;
    this.#timer ??= this.#options.clock.after(SYNC_MS, () => {
      this.#timer = undefined;
      if (this.#unsynced) this.#background.run(this.#sync());
    });
  }

  async #sync(): Promise<void> {
    this.#unsynced = false;
    await this.#handle?.datasync();
  }

  async #closeHandle(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }
}

function isSegment(name: string): boolean {
  return /^\d{16}\.rows$/.test(name);
}
