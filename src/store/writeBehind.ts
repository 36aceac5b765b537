// The writer: whoever has something to keep hands it over and goes on; what waits is committed together.
import { Background } from '../base/background.ts';
import type { Clock } from '../base/clock.ts';
import { isDataError, type Write } from './commit.ts';
import type { CallEnded, CallStarted, CallWriter, TurnRow } from './port.ts';
import { WriteQueue } from './queue.ts';
import type { Spool } from './spool.ts';
import type { SpooledRow } from './spoolRecord.ts';

export interface WriteBehindOptions {
  /** Writes all rows in one transaction; answers how many of them had nothing to go to. */
  readonly commit: (writes: readonly Write[]) => Promise<number>;
  /** False: one transaction a row, and no wait for others to join it. */
  readonly batching: boolean;
  readonly clock: Clock;
  readonly onDropped: (rows: number) => void;
  readonly onCommit: (durationMs: number, rows: number) => void;
  readonly onError: (error: unknown) => void;
  readonly waitingRowsMax?: number;
  /** Where rows go first; without it they are in memory alone until they are committed. */
  readonly spool?: Spool | undefined;
}

/** How long the first row waits for others: several calls' turns share a commit, and a reader hardly sees it. */
const GATHER_MS = 50;
/** 17 columns a turn: well below the 65,535 parameters that a statement may have. */
const BATCH_ROWS_MAX = 500;
/** At two to four kilobytes a turn some 30 MB; at 50 calls half an hour without a database. */
const WAITING_ROWS_MAX = 10_000;
const RETRY_FIRST_MS = 100;
const RETRY_MAX_MS = 5_000;
/** How long `close` goes on trying. */
const CLOSE_MS = 5_000;

interface Flush {
  readonly upTo: number;
  readonly finish: () => void;
}

export class WriteBehind implements CallWriter {
  readonly #options: WriteBehindOptions;
  readonly #queue: WriteQueue<SpooledRow>;
  readonly #waitingRowsMax: number;
  /** Number of the newest row that was accepted, over restarts. */
  #accepted: number;
  /** More rows than memory takes, or a process before this one has left some: they are read from the spool, in order. */
  #onDiskAlone: boolean;
  /** Of the newest row that was read from the spool. */
  #readTo: number;
  readonly #batchRowsMax: number;
  readonly #background: Background;
  readonly #flushes = new Set<Flush>();
  /** The last attempt to commit failed. */
  #failing = false;
  #state: 'idle' | 'draining' | 'closed' = 'idle';
  /** Ends the wait that the drain is in. */
  #wake: ((why: 'full' | 'flush') => void) | undefined;

  /** What a process before this one has left in the spool is committed first. */
  constructor(options: WriteBehindOptions) {
    this.#options = options;
    this.#waitingRowsMax = options.waitingRowsMax ?? WAITING_ROWS_MAX;
    this.#queue = new WriteQueue(this.#waitingRowsMax);
    this.#batchRowsMax = options.batching ? BATCH_ROWS_MAX : 1;
    this.#background = new Background(options.onError);
    this.#accepted = options.spool?.newest ?? 0;
    const oldest = options.spool?.oldest;
    this.#onDiskAlone = oldest !== undefined;
    this.#readTo = (oldest ?? 1) - 1;
    if (this.#onDiskAlone) this.#start();
  }

  /** Those in memory, and those on disk alone. */
  get pendingWrites(): number {
    const onDisk = this.#onDiskAlone ? (this.#options.spool?.rowsAfter(this.#readTo) ?? 0) : 0;
    return this.#queue.pendingRows + onDisk;
  }

  callStarted(call: CallStarted): void {
    void this.#accept({ kind: 'callStarted', call }); // never rejects
  }

  turnFinished(turn: TurnRow): Promise<void> {
    return this.#accept({ kind: 'turnFinished', turn });
  }

  callEnded(ended: CallEnded): Promise<void> {
    return this.#accept({ kind: 'callEnded', ended });
  }

  leadFields(leadId: string, fields: Readonly<Record<string, string>>): void {
    const at = new Date(this.#options.clock.wallMs());
    void this.#accept({ kind: 'leadFields', leadId, fields, at }); // never rejects
  }

  flush(timeoutMs: number): Promise<void> {
    const upTo = this.#accepted;
    if (this.#settledTo >= upTo) return Promise.resolve();
    return new Promise((resolve) => {
      const flush: Flush = {
        upTo,
        finish: () => {
          timer.cancel();
          this.#flushes.delete(flush);
          resolve();
        },
      };
      const timer = this.#options.clock.after(timeoutMs, flush.finish);
      this.#flushes.add(flush);
      this.#wake?.('flush');
    });
  }

  /** What was accepted by now lies in the spool no longer than it must. */
  renewSpool(): void {
    this.#options.spool?.renew(this.#accepted, this.#settledTo);
  }

  /** Commits what it can within seconds and ends. What is left is in the spool; without one it is counted as dropped. */
  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    const { spool } = this.#options;
    await spool?.tryAgain();
    // With the database away there is nothing to wait for: the rows are safe.
    if (!this.#failing || spool?.writable !== true) await this.flush(CLOSE_MS);
    // What came meanwhile may have been refused.
    await spool?.tryAgain();
    this.#state = 'closed';
    const settledTo = this.#settledTo;
    const left = this.#queue.clear();
    if (left > 0 && spool?.writable !== true) this.#options.onDropped(left);
    this.#wake?.('flush');
    await this.#background.idle();
    await spool?.close(settledTo);
  }

  /** All rows up to this number are committed or given up. */
  get #settledTo(): number {
    const { oldest } = this.#queue;
    if (oldest !== undefined) return oldest.number - 1;
    return this.#onDiskAlone ? this.#readTo : this.#accepted;
  }

  async #accept(write: Write): Promise<void> {
    const { spool, onDropped } = this.#options;
    if (this.#state === 'closed') {
      onDropped(1);
      return;
    }
    this.#accepted += 1;
    const row = { number: this.#accepted, write };
    const safe = spool?.append(row.number, write);
    if (spool?.writable === true && !this.#onDiskAlone && this.#queue.waitingRows >= this.#waitingRowsMax) {
      this.#onDiskAlone = true;
      this.#readTo = row.number - 1;
    }
    const onDiskAlone = this.#onDiskAlone;
    if (!onDiskAlone) {
      const dropped = this.#queue.push(row);
      if (dropped > 0) onDropped(dropped);
    }
    if (this.#state === 'idle') this.#start();
    else if (this.#queue.waitingRows >= this.#batchRowsMax) this.#wake?.('full');
    const kept = await safe;
    if (onDiskAlone && kept !== true) onDropped(1);
  }

  #start(): void {
    this.#state = 'draining';
    this.#background.run(this.#drain());
  }

  /** Runs while anything is pending. One commit at a time, so the order is kept. */
  async #drain(): Promise<void> {
    let retryMs = 0;
    while (this.#hasMore) {
      if (this.#queue.pendingRows === 0) {
        await this.#readMore();
        continue;
      }
      if (retryMs > 0) await this.#pause(retryMs, 'retry');
      else if (this.#shouldGather()) await this.#pause(GATHER_MS, 'gather');
      try {
        await this.#commitNext();
        retryMs = 0;
        this.#failing = false;
      } catch (error) {
        this.#options.onError(error);
        this.#failing = true;
        retryMs = Math.min(Math.max(RETRY_FIRST_MS, retryMs * 2), RETRY_MAX_MS);
      }
      this.#finishFlushes();
    }
    if (this.#state === 'draining') this.#state = 'idle';
    this.#finishFlushes();
  }

  get #hasMore(): boolean {
    return this.#queue.pendingRows > 0 || (this.#onDiskAlone && this.#state !== 'closed');
  }

  /** The next rows that lie on disk alone; when all have been read, rows are held in memory again. */
  async #readMore(): Promise<void> {
    const upTo = this.#accepted;
    if (upTo === this.#readTo) {
      this.#onDiskAlone = false;
      return;
    }
    const { spool } = this.#options;
    await spool?.written();
    const rows = (await spool?.read(this.#readTo, this.#waitingRowsMax)) ?? [];
    for (const row of rows) this.#queue.push(row);
    // What could not be written is not there to be read, and was counted.
    this.#readTo = rows.at(-1)?.number ?? upTo;
  }

  #shouldGather(): boolean {
    return this.#options.batching && this.#flushes.size === 0 && this.#queue.waitingRows < this.#batchRowsMax;
  }

  /** A full batch ends the gathering but not the wait for the database to come back; a flush ends both. */
  #pause(delayMs: number, kind: 'gather' | 'retry'): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        timer.cancel();
        this.#wake = undefined;
        resolve();
      };
      const timer = this.#options.clock.after(delayMs, done);
      this.#wake = (why) => {
        if (why === 'flush' || kind === 'gather') done();
      };
    });
  }

  async #commitNext(): Promise<void> {
    const batch = this.#queue.next(this.#batchRowsMax);
    if (batch.length === 0) return;
    try {
      await this.#commit(batch);
    } catch (error) {
      if (!isDataError(error)) throw error;
      await this.#commitSingly(batch);
    }
  }

  /** One bad row must not hold up the others: each is tried by itself, and the bad one given up. */
  async #commitSingly(batch: readonly SpooledRow[]): Promise<void> {
    for (const row of batch) {
      try {
        await this.#commit([row]);
      } catch (error) {
        if (!isDataError(error)) throw error;
        this.#options.onError(error);
        this.#settle([row]);
        this.#options.onDropped(1);
      }
    }
  }

  async #commit(rows: readonly SpooledRow[]): Promise<void> {
    const { clock } = this.#options;
    const startedAtMs = clock.nowMs();
    const missing = await this.#options.commit(rows.map(({ write }) => write));
    this.#settle(rows);
    this.#options.onCommit(clock.nowMs() - startedAtMs, rows.length);
    if (missing > 0) this.#options.onDropped(missing);
  }

  #settle(rows: readonly SpooledRow[]): void {
    this.#queue.settle(rows.length);
    const newest = rows.at(-1);
    if (newest !== undefined) this.#options.spool?.settled(newest.number);
  }

  #finishFlushes(): void {
    for (const flush of this.#flushes) if (this.#settledTo >= flush.upTo) flush.finish();
  }
}
