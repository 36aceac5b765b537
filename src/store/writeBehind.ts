// The writer: whoever has something to keep hands it over and goes on; what waits is committed together.
import { Background } from '../base/background.ts';
import type { Clock } from '../base/clock.ts';
import { isDataError, type Write } from './commit.ts';
import type { CallEnded, CallStarted, CallWriter, TurnRow } from './port.ts';
import { WriteQueue } from './queue.ts';

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
  readonly #queue: WriteQueue<Write>;
  readonly #batchRowsMax: number;
  readonly #background: Background;
  readonly #flushes = new Set<Flush>();
  #state: 'idle' | 'draining' | 'closed' = 'idle';
  /** Ends the wait that the drain is in. */
  #wake: ((why: 'full' | 'flush') => void) | undefined;

  constructor(options: WriteBehindOptions) {
    this.#options = options;
    this.#queue = new WriteQueue(options.waitingRowsMax ?? WAITING_ROWS_MAX);
    this.#batchRowsMax = options.batching ? BATCH_ROWS_MAX : 1;
    this.#background = new Background(options.onError);
  }

  get pendingWrites(): number {
    return this.#queue.pendingRows;
  }

  callStarted(call: CallStarted): void {
    this.#accept({ kind: 'callStarted', call });
  }

  turnFinished(turn: TurnRow): void {
    this.#accept({ kind: 'turnFinished', turn });
  }

  callEnded(ended: CallEnded): void {
    this.#accept({ kind: 'callEnded', ended });
  }

  leadFields(leadId: string, fields: Readonly<Record<string, string>>): void {
    this.#accept({ kind: 'leadFields', leadId, fields, at: new Date(this.#options.clock.wallMs()) });
  }

  flush(timeoutMs: number): Promise<void> {
    const upTo = this.#queue.newest;
    if (this.#queue.isSettled(upTo)) return Promise.resolve();
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

  /** Commits what it can within seconds, counts the rest as dropped, and ends. */
  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    await this.flush(CLOSE_MS);
    this.#state = 'closed';
    const dropped = this.#queue.clear();
    if (dropped > 0) this.#options.onDropped(dropped);
    this.#wake?.('flush');
    await this.#background.idle();
  }

  #accept(write: Write): void {
    if (this.#state === 'closed') {
      this.#options.onDropped(1);
      return;
    }
    const dropped = this.#queue.push(write);
    if (dropped > 0) this.#options.onDropped(dropped);
    if (this.#state === 'idle') {
      this.#state = 'draining';
      this.#background.run(this.#drain());
    } else if (this.#queue.waitingRows >= this.#batchRowsMax) {
      this.#wake?.('full');
    }
  }

  /** Runs while anything is pending. One commit at a time, so the order is kept. */
  async #drain(): Promise<void> {
    let retryMs = 0;
    while (this.#queue.pendingRows > 0) {
      if (retryMs > 0) await this.#pause(retryMs, 'retry');
      else if (this.#shouldGather()) await this.#pause(GATHER_MS, 'gather');
      try {
        await this.#commitNext();
        retryMs = 0;
      } catch (error) {
        this.#options.onError(error);
        retryMs = Math.min(Math.max(RETRY_FIRST_MS, retryMs * 2), RETRY_MAX_MS);
      }
      this.#finishFlushes();
    }
    if (this.#state === 'draining') this.#state = 'idle';
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
  async #commitSingly(batch: readonly Write[]): Promise<void> {
    for (const write of batch) {
      try {
        await this.#commit([write]);
      } catch (error) {
        if (!isDataError(error)) throw error;
        this.#options.onError(error);
        this.#queue.settle(1);
        this.#options.onDropped(1);
      }
    }
  }

  async #commit(writes: readonly Write[]): Promise<void> {
    const { clock } = this.#options;
    const startedAtMs = clock.nowMs();
    const missing = await this.#options.commit(writes);
    this.#queue.settle(writes.length);
    this.#options.onCommit(clock.nowMs() - startedAtMs, writes.length);
    if (missing > 0) this.#options.onDropped(missing);
  }

  #finishFlushes(): void {
    for (const flush of this.#flushes) if (this.#queue.isSettled(flush.upTo)) flush.finish();
  }
}
