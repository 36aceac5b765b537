// Where each call stands, kept for the instance that takes it up should this one die: handed over and forgotten by the
// call, written behind it. Of a call's news the last word alone is of interest, and it is asked for when it is written.
import type { Knex } from 'knex';
import { Background } from '../base/background.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { CallCheckpoints, CheckpointState, TakenUp } from './port.ts';

/** What is lost with a process: the news of this time. Less would be a statement for every few words. */
const GATHER_MS = 200;
/** Six parameters each; some 10 kB a call of an hour. */
const BATCH_CALLS_MAX = 100;
const RETRY_MS = 500;
/** Nobody asks about a call that has stood still for so long. */
const KEPT_MS = 24 * 3_600_000;
const CLEAN_EVERY_MS = 3_600_000;
const CLEANED_ROWS_MAX = 5_000;

export interface CheckpointsOptions {
  readonly knex: Knex;
  /** Who we are, of all instances on this database. */
  readonly instance: string;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}

interface Row {
  readonly call_sid: string;
}

interface SnapshotRow {
  readonly snapshot: unknown;
  readonly ended: boolean;
}

export class Checkpoints implements CallCheckpoints {
  readonly #options: CheckpointsOptions;
  readonly #background: Background;
  /** In the order in which each call's first news came; as many as there are calls. */
  readonly #waiting = new Map<string, () => CheckpointState>();
  #onLost: (callSid: string) => void = () => undefined;
  #round: Promise<void> | undefined;
  #wake: (() => void) | undefined;
  #hurried = false;
  #cleaning: Timer;
  #closed = false;

  constructor(options: CheckpointsOptions) {
    this.#options = options;
    this.#background = new Background(options.onError);
    this.#cleaning = options.clock.after(CLEAN_EVERY_MS, () => this.#clean());
  }

  watchLost(onLost: (callSid: string) => void): void {
    this.#onLost = onLost;
  }

  changed(callSid: string, take: () => CheckpointState): void {
    if (this.#closed) return;
    this.#waiting.set(callSid, take);
    if (this.#round === undefined) this.#begin();
  }

  async takeUp(callSid: string): Promise<TakenUp> {
    const { knex, instance, clock } = this.#options;
    const at = new Date(clock.wallMs());
    const taken = await knex.raw<{ readonly rows: readonly SnapshotRow[] }>(
      'update checkpoints set holder = ?, updated_at = ?, stream_at = now() where call_sid = ? returning snapshot, ended',
      [instance, at, callSid],
    );
    const [row] = taken.rows;
    if (row === undefined) return { kind: 'unknown' };
    return { kind: row.ended ? 'ended' : 'taken', snapshot: row.snapshot };
  }

  async isTaken(callSid: string): Promise<boolean> {
    const { knex, instance, onError } = this.#options;
    try {
      const rows: readonly { readonly holder: string }[] = await knex('checkpoints')
        .where({ call_sid: callSid })
        .select('holder');
      return rows[0] !== undefined && rows[0].holder !== instance;
    } catch (error) {
      onError(error);
      return false;
    }
  }

  async flush(timeoutMs: number): Promise<void> {
    const deadlineMs = this.#options.clock.nowMs() + timeoutMs;
    while (this.#round !== undefined && this.#options.clock.nowMs() < deadlineMs) {
      this.#hurried = true;
      this.#wake?.();
      await Promise.race([this.#round, this.#late(deadlineMs)]);
    }
  }

  async close(): Promise<void> {
    this.#cleaning.cancel();
    await this.flush(RETRY_MS);
    this.#closed = true;
    this.#waiting.clear();
    this.#wake?.();
    await this.#background.idle();
  }

  #late(deadlineMs: number): Promise<void> {
    const { clock } = this.#options;
    return new Promise((resolve) => {
      clock.after(Math.max(0, deadlineMs - clock.nowMs()), resolve);
    });
  }

  #begin(): void {
    this.#round = this.#writeAll().finally(() => {
      this.#round = undefined;
      this.#hurried = false;
    });
    this.#background.run(this.#round);
  }

  async #writeAll(): Promise<void> {
    let pauseMs = GATHER_MS;
    while (this.#waiting.size > 0) {
      if (pauseMs > 0 && !this.#hurried) await this.#pause(pauseMs);
      if (this.#closed) return;
      pauseMs = (await this.#writeSome()) ? GATHER_MS : RETRY_MS;
      if (pauseMs === RETRY_MS) this.#hurried = false;
    }
  }

  /** False when the database could not be reached: what waits, waits on. */
  async #writeSome(): Promise<boolean> {
    const batch = [...this.#waiting].slice(0, BATCH_CALLS_MAX);
    for (const [callSid] of batch) this.#waiting.delete(callSid);
    const news = batch.map(([callSid, take]) => ({ callSid, state: take() }));
    try {
      await this.#write(news);
      return true;
    } catch (error) {
      this.#options.onError(error);
      for (const [callSid, take] of batch) if (!this.#waiting.has(callSid)) this.#waiting.set(callSid, take);
      return false;
    }
  }

  /**
   * The calls in the order of their ids, so that two instances never wait for each other crosswise. A row is its holder's
   * until the carrier gives the call to another one: that one has the newer stream, or has taken the row up for the one to
   * come. An instance that the call was taken from has the older one, also when it could never write of it until now.
   */
  async #write(
    news: readonly { readonly callSid: string; readonly state: CheckpointState }[],
  ): Promise<void> {
    const { knex, instance, clock } = this.#options;
    const at = new Date(clock.wallMs());
    const rows = news
      .toSorted((a, b) => (a.callSid < b.callSid ? -1 : 1))
      .map(({ callSid, state }) => ({
        call_sid: callSid,
        holder: instance,
        ended: state.ended,
        // PostgreSQL's jsonb has no U+0000.
        snapshot: JSON.stringify(state.snapshot).replaceAll('\\u0000', ''),
        updated_at: at,
        // How old it is we know; whose clock is right, the database alone.
        stream_at:
          state.streamMs === undefined
            ? knex.raw(`'-infinity'::timestamptz`)
            : knex.raw(`now() - ?::float8 * interval '1 millisecond'`, [state.streamMs]),
      }));
    const kept: readonly Row[] = await knex('checkpoints')
      .insert(rows)
      .onConflict('call_sid')
      .merge({
        holder: knex.raw('excluded.holder'),
        ended: knex.raw('excluded.ended'),
        snapshot: knex.raw('excluded.snapshot'),
        updated_at: knex.raw('excluded.updated_at'),
        stream_at: knex.raw('greatest(checkpoints.stream_at, excluded.stream_at)'),
      })
      .whereRaw('checkpoints.holder = excluded.holder or checkpoints.stream_at < excluded.stream_at')
      .returning('call_sid');
    const ours = new Set(kept.map(({ call_sid: callSid }) => callSid));
    for (const { call_sid: callSid } of rows) if (!ours.has(callSid)) this.#lost(callSid);
  }

  #lost(callSid: string): void {
    this.#waiting.delete(callSid);
    this.#onLost(callSid);
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        timer.cancel();
        this.#wake = undefined;
        resolve();
      };
      const timer = this.#options.clock.after(delayMs, done);
      this.#wake = done;
    });
  }

  #clean(): void {
    const { knex, clock } = this.#options;
    const before = new Date(clock.wallMs() - KEPT_MS);
    this.#cleaning = clock.after(CLEAN_EVERY_MS, () => this.#clean());
    this.#background.run(
      knex
        .raw(
          'delete from checkpoints where call_sid in (select call_sid from checkpoints where updated_at < ? limit ?)',
          [before, CLEANED_ROWS_MAX],
        )
        .then(() => undefined),
    );
  }
}
