// Rows on disk before they are in the database: what a process had accepted when it was killed is there when the next one
// starts in the same folder. Segments are only ever appended to, and go when all of their rows are committed.
import { mkdir, open, readdir, unlink, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { Background } from '../base/background.ts';
import type { Clock, Timer } from '../base/clock.ts';
import { errorText } from '../base/errors.ts';
import type { Write } from './commit.ts';
import { OwedRows, type EncodedRow } from './owedRows.ts';
import { SpoolDisk } from './spoolDisk.ts';
import { encodeRecord, type SpooledRow } from './spoolRecord.ts';
import {
  findSegment,
  firstNumberIn,
  isSegment,
  newSegment,
  readSegment,
  rowsAfter,
  type Segment,
} from './spoolSegment.ts';

/** A segment that has reached it gets no more rows. */
const SEGMENT_BYTES = 4 * 1024 * 1024;
/** Some weeks of a busy instance without a database; beyond it the oldest segment is given up. */
const BYTES_MAX = 1024 * 1024 * 1024;
/** A process that is killed loses nothing that was written; a machine that loses its power, what was written since. */
const SYNC_MS = 1_000;
/** With less room than this the spool is as good as full. */
const ROOM_SEGMENTS = 2;
/** Far more than a segment holds: one that could not be read may have as many from the number in its name on. */
const SEGMENT_ROWS_MAX = 1_000_000;

export interface SpoolOptions {
  readonly folder: string;
  readonly clock: Clock;
  readonly bytesMax?: number;
  readonly segmentBytes?: number;
  /** Rows that were given up, since there was no more room for them or they could not be read. */
  readonly onLost: (rows: number) => void;
  readonly onError: (error: unknown) => void;
}

interface Waiting extends EncodedRow {
  readonly done: (kept: boolean) => void;
}

export class Spool {
  readonly #options: SpoolOptions;
  readonly #background: Background;
  readonly #disk: SpoolDisk;
  /** The oldest first; the last one is being written. */
  readonly #segments: Segment[] = [];
  #waiting: Waiting[] = [];
  /** Refused, and not settled since. */
  readonly #owed = new OwedRows();
  #handle: FileHandle | undefined;
  #writing = false;
  #drained: Promise<void> = Promise.resolve();
  #unsynced = false;
  #timer: Timer | undefined;
  #closed = false;
  /** A segment with rows up to this number gets no newer ones. */
  #renewedTo = 0;
  /** What could not be read may have rows up to this number. */
  #unreadTo = 0;
  #complete = true;

  private constructor(options: SpoolOptions) {
    this.#options = options;
    const { folder, clock } = options;
    this.#background = new Background(options.onError);
    const writeOwed = (): Promise<boolean> => this.#writeOwed();
    this.#disk = new SpoolDisk({ folder, clock, background: this.#background, writeOwed });
  }

  /** One that keeps nothing and has nothing, for who could not be given a folder. */
  static without(options: SpoolOptions): Spool {
    const spool = new Spool(options);
    spool.#disk.giveUp();
    spool.#closed = true;
    return spool;
  }

  /**
   * Learns what a process before this one has left. Never throws: a segment that can't be read is told and stays as it is, a
   * folder that can't be used is told and tried again by itself.
   */
  static async open(options: SpoolOptions): Promise<Spool> {
    const spool = new Spool(options);
    for (const name of await spool.#list()) {
      try {
        await spool.#learn(name);
      } catch (error) {
        spool.#unread(name, error);
      }
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

  /** Whether the last attempt to write succeeded; then nothing that was refused before is owed to the disk any more. */
  get writable(): boolean {
    return this.#disk.writable;
  }

  /** Whether all that lies in the folder is known here. */
  get complete(): boolean {
    return this.#complete;
  }

  /** Of the newest row that lies here, or may; 0 when there is none. */
  get newest(): number {
    return Math.max(this.#segments.at(-1)?.lastNumber ?? 0, this.#unreadTo);
  }

  /** How many rows lie here of which the number is above `number`. */
  rowsAfter(number: number): number {
    return this.#segments.reduce((sum, segment) => sum + rowsAfter(segment, number), 0);
  }

  /**
   * Resolves when the row is written (true), or can't be: then it is in memory alone, which `writable` says, and is written
   * when the disk takes rows again. Never rejects.
   */
  append(number: number, write: Write): Promise<boolean> {
    if (this.#closed) return Promise.resolve(false);
    let bytes: Buffer;
    try {
      bytes = encodeRecord({ number, write });
    } catch (error) {
      this.#options.onError(error);
      return Promise.resolve(false);
    }
    return new Promise((done) => {
      this.#waiting.push({ number, bytes, done });
      this.#drainSoon();
    });
  }

  /** Resolves when what was refused was tried once more. */
  async tryAgain(): Promise<void> {
    this.#disk.wake();
    await this.#writeOwed();
  }

  async #writeOwed(): Promise<boolean> {
    if (this.#closed || this.#owed.count === 0) return false;
    this.#drainSoon();
    await this.written();
    return true;
  }

  /** Of the oldest row that lies here; undefined when there is none. */
  get oldest(): number | undefined {
    return this.#segments[0]?.firstNumber;
  }

  /** Resolves when all that was handed over is written or refused. */
  async written(): Promise<void> {
    while (this.#writing) await this.#drained;
  }

  /**
   * The rows after number `after`, at most so many, in order; none when there are no more. A segment that can't be read is
   * counted as lost and stays on disk, and the next is read.
   */
  async read(after: number, rowsMax: number): Promise<readonly SpooledRow[]> {
    for (const segment of this.#segments.filter(({ lastNumber }) => lastNumber > after)) {
      try {
        return (await readSegment(segment, after)).slice(0, rowsMax);
      } catch (error) {
        if (this.#segments.includes(segment)) this.#forget(segment, after, error);
      }
    }
    return [];
  }

  /** All rows up to this number are committed or given up. */
  settled(number: number): void {
    this.#owed.settled(number);
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
    this.#disk.close();
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

  /** Segments by age; none when that can't be told. */
  async #list(): Promise<readonly string[]> {
    const { folder, clock } = this.#options;
    try {
      await mkdir(folder, { recursive: true });
      return (await readdir(folder)).filter(isSegment).toSorted();
    } catch (error) {
      // Rows that may be there are far from having been counted that far.
      this.#unreadTo = clock.wallMs();
      this.#complete = false;
      this.#refused(error);
      return [];
    }
  }

  async #learn(name: string): Promise<void> {
    const { folder, onLost, onError } = this.#options;
    const { segment, broken, tornBytes } = await findSegment(path.join(folder, name));
    if (broken > 0) {
      onLost(broken);
      onError(new Error(`${broken} rows of ${name} could not be read`));
    }
    if (tornBytes > 0) onError(new Error(`the last ${tornBytes} bytes of ${name} were cut off`));
    if (segment === undefined) return;
    this.#segments.push(segment);
    // Whatever could not be read before it has lower numbers.
    this.#unreadTo = 0;
  }

  /** Nobody writes over it or removes it: the next process may be able to read it. */
  #unread(name: string, error: unknown): void {
    this.#options.onError(new Error(`${name} can't be read for now and stays: ${errorText(error)}`));
    this.#complete = false;
    this.#unreadTo = Math.max(this.#unreadTo, firstNumberIn(name) + SEGMENT_ROWS_MAX);
  }

  /** Likewise, of one that could be read before; its rows after number `after` are counted as lost. */
  #forget(segment: Segment, after: number, error: unknown): void {
    this.#options.onError(error);
    this.#options.onLost(rowsAfter(segment, after));
    this.#complete = false;
    this.#unreadTo = Math.max(this.#unreadTo, segment.lastNumber);
    // If it is the one being written to, the next row begins another.
    this.#renewedTo = Math.max(this.#renewedTo, segment.lastNumber);
    this.#segments.splice(this.#segments.indexOf(segment), 1);
  }

  #drainSoon(): void {
    if (this.#writing) return;
    this.#writing = true;
    this.#drained = this.#drain();
    this.#background.run(this.#drained);
  }

  /** One write at a time, of what is owed and all rows that have come meanwhile. */
  async #drain(): Promise<void> {
    do {
      const batch = this.#waiting;
      this.#waiting = [];
      const kept = await this.#write(this.#owed.before(batch));
      for (const { done } of batch) done(kept);
    } while (this.#waiting.length > 0);
    this.#writing = false;
  }

  async #write(rows: readonly EncodedRow[]): Promise<boolean> {
    const [first] = rows;
    const last = rows.at(-1);
    if (first === undefined || last === undefined) return false;
    if (this.#disk.rests || !(await this.#append(rows, first.number, last.number))) {
      this.#owed.set(rows);
      return false;
    }
    this.#owed.set([]);
    this.#disk.took();
    this.#syncSoon();
    this.#keepWithin();
    return true;
  }

  async #append(rows: readonly EncodedRow[], firstNumber: number, lastNumber: number): Promise<boolean> {
    try {
      const bytes = Buffer.concat(rows.map((row) => row.bytes));
      const { segment, handle } = await this.#segmentFor(firstNumber);
      await handle.appendFile(bytes);
      segment.lastNumber = lastNumber;
      segment.bytes += bytes.length;
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

  async #segmentFor(firstNumber: number): Promise<{ segment: Segment; handle: FileHandle }> {
    const current = this.#segments.at(-1);
    const isFull =
      current === undefined ||
      current.bytes >= this.#segmentBytes ||
      (current.firstNumber <= this.#renewedTo && firstNumber > this.#renewedTo);
    if (!isFull && this.#handle !== undefined) return { segment: current, handle: this.#handle };
    await this.#closeHandle();
    const segment = newSegment(this.#options.folder, firstNumber);
    // What lies there already could not be read: a failed attempt of this process leaves nothing.
    const handle = await open(segment.file, 'wx');
    this.#handle = handle;
    this.#segments.push(segment);
    return { segment, handle };
  }

  #keepWithin(): void {
    while (this.bytes > this.#bytesMax && this.#segments.length > 1) {
      const [oldest] = this.#segments;
      if (oldest === undefined) return;
      this.#options.onLost(rowsAfter(oldest, 0));
      this.#remove(oldest);
    }
  }

  #remove(segment: Segment): void {
    this.#segments.splice(this.#segments.indexOf(segment), 1);
    if (this.#segments.length === 0) this.#background.run(this.#closeHandle());
    this.#background.run(unlink(segment.file));
  }

  #refused(error: unknown): void {
    if (this.#disk.refused()) this.#options.onError(error);
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
