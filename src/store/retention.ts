// What goes: a call that somebody wants deleted, with all that belongs to it, and what is older than may be kept. Beside
// the calls, in batches, by one instance at a time; each looks after the recordings on its own disk.
import type { Knex } from 'knex';
import { Background } from '../base/background.ts';
import { sleep, type Clock, type Timer } from '../base/clock.ts';
import {
  deleteCall,
  deletedSince,
  deleteOldestCalls,
  deleteOrphans,
  forgetRecordings,
  type Swept,
} from './deletion.ts';
import type { CallEraser, Deletion } from './port.ts';
import { deleteRecordingsBefore, deleteRecordingsOf, type CallFiles } from './recordingFolder.ts';

/** How soon an instance notices that a call was deleted by another one. */
const LOOK_EVERY_MS = 60_000;
/** What is too old may be too old by so much. */
const SWEEP_EVERY_MS = 3_600_000;
/** A call has some fifty rows: a transaction of some 50 ms. */
const BATCH_CALLS = 100;
const BATCH_ROWS = 1_000;
/** Between two batches, for whoever else wants the database. */
const PAUSE_MS = 200;
/** Looked at together. */
const DELETED_CALLS_MAX = 1_000;
/** Clocks of instances differ, and a transaction is seen when it is committed. */
const OVERLAP_MS = 5 * 60_000;
/** The rows that this process still has of a call that is to be deleted. */
const FLUSH_MS = 2_000;

export type DeletedWhat = 'call' | 'recording';
/** Somebody asked for it, or it was too old. */
export type DeletedWhy = 'request' | 'age';

export interface RetentionLimits {
  /** Calls that began longer ago are deleted, with all that belongs to them; undefined: none. */
  readonly callsMs?: number | undefined;
  /** Recordings that ended longer ago are; undefined: as long as their call is kept. */
  readonly recordingsMs?: number | undefined;
}

export interface RetentionOptions extends RetentionLimits, CallFiles {
  readonly knex: Knex;
  readonly clock: Clock;
  /** Commits what this process has accepted, within so long. */
  readonly flush: (timeoutMs: number) => Promise<void>;
  /** What is committed goes from the spool. */
  readonly renewSpool: () => void;
  readonly onDeleted: (what: DeletedWhat, why: DeletedWhy, count: number) => void;
}

export class Retention implements CallEraser {
  readonly #options: RetentionOptions;
  readonly #background: Background;
  readonly #closing = new AbortController();
  #timer: Timer;
  #sweptAtMs = -Infinity;
  /** Up to here it is known which calls were deleted by others. */
  #lookedTo = new Date(0);

  /** Begins to look after a minute. */
  constructor(options: RetentionOptions) {
    this.#options = options;
    this.#background = new Background(options.onError);
    this.#timer = options.clock.after(LOOK_EVERY_MS, () => this.#background.run(this.#round()));
  }

  async eraseCall(callSid: string): Promise<Deletion> {
    const { knex, clock, flush, renewSpool, onDeleted } = this.#options;
    // What waits here would only be refused; committed first, none of its words stay in the spool.
    await flush(FLUSH_MS);
    const deletion = await deleteCall(knex, callSid, new Date(clock.wallMs()));
    if (deletion === 'live') return deletion;
    if (deletion === 'deleted') onDeleted('call', 'request', 1);
    // Also without a row: it may wait elsewhere, or have been given up, while the files lie here.
    renewSpool();
    const files = await deleteRecordingsOf(this.#options, new Set([callSid]));
    if (files > 0) onDeleted('recording', 'request', files);
    return files > 0 ? 'deleted' : deletion;
  }

  /** Waits for the batch under way. Idempotent. */
  async close(): Promise<void> {
    this.#timer.cancel();
    this.#closing.abort();
    await this.#background.idle();
  }

  async #round(): Promise<void> {
    const { clock, renewSpool, onError } = this.#options;
    try {
      await this.#followOthers();
      // Whatever is deleted, here or elsewhere and now or later: what the database has is no longer in the spool then. Without
      // a database nothing would go by it, and there would be a file for each minute.
      renewSpool();
      if (clock.nowMs() - this.#sweptAtMs >= SWEEP_EVERY_MS) {
        await this.#sweep();
        this.#sweptAtMs = clock.nowMs();
      }
    } catch (error) {
      // Without a database, or cut short by the end of the process: the next round tries again.
      if (!this.#closing.signal.aborted) onError(error);
    }
    if (!this.#closing.signal.aborted)
      this.#timer = clock.after(LOOK_EVERY_MS, () => this.#background.run(this.#round()));
  }

  /** Deletes the recordings that lie here of calls which another instance was asked to delete. */
  async #followOthers(): Promise<void> {
    const { knex, onDeleted } = this.#options;
    let from = new Date(this.#lookedTo.getTime() - OVERLAP_MS);
    for (;;) {
      const deleted = await deletedSince(knex, from, DELETED_CALLS_MAX);
      const last = deleted.at(-1);
      if (last === undefined) return;
      const sids = new Set(deleted.map(({ callSid }) => callSid));
      const files = await deleteRecordingsOf(this.#options, sids);
      if (files > 0) onDeleted('recording', 'request', files);
      this.#lookedTo = last.at;
      if (deleted.length < DELETED_CALLS_MAX || last.at.getTime() === from.getTime()) return;
      from = last.at;
    }
  }

  async #sweep(): Promise<void> {
    const { knex, clock, callsMs, recordingsMs = callsMs, onDeleted } = this.#options;
    const now = clock.wallMs();
    if (recordingsMs !== undefined) {
      const before = new Date(now - recordingsMs);
      const files = await deleteRecordingsBefore(this.#options, before.getTime());
      if (files > 0) onDeleted('recording', 'age', files);
      await this.#inBatches(BATCH_ROWS, () => forgetRecordings(knex, before, BATCH_ROWS));
    }
    if (callsMs === undefined) return;
    const before = new Date(now - callsMs);
    const calls = await this.#inBatches(BATCH_CALLS, () => deleteOldestCalls(knex, before, BATCH_CALLS));
    if (calls > 0) onDeleted('call', 'age', calls);
    await this.#inBatches(BATCH_ROWS, () => deleteOrphans(knex, before, BATCH_ROWS));
  }

  /** Until a batch is not full, or another instance is at it. Answers how many it were. */
  async #inBatches(full: number, batch: () => Promise<Swept>): Promise<number> {
    let total = 0;
    for (;;) {
      const swept = await batch();
      if (swept === 'elsewhere') return total;
      total += swept;
      if (swept < full) return total;
      await sleep(this.#options.clock, PAUSE_MS, this.#closing.signal);
    }
  }
}
