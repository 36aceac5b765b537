// Where each call stands, kept for the instance that takes it up should this one die: handed over and forgotten by the
// call, written behind it. Of a call's news the last word alone is of interest, and it is asked for when it is written.
import type { Knex } from 'knex';
import { Background } from '../base/background.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { CallCheckpoints, CheckpointState, TakenUp } from './port.ts';

/** What is lost with a process: the news of this time. Less would be a statement for every few words. */
const GATHER_MS = 200;
/** Four parameters each; some 10 kB a call of an hour. */
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
  /** Calls of which this instance has written a row: from then on only while nobody else has taken it. */
  readonly #held = new Set<string>();
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
      'update checkpoints set holder = ?, updated_at = ? where call_sid = ? returning snapshot, ended',
      [instance, at, callSid],
    );
    const [row] = taken.rows;
    if (row === undefined) return { kind: 'unknown' };
    this.#held.add(callSid);
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

  forget(callSid: string): void {
    if (!this.#waiting.has(callSid)) this.#held.delete(callSid);
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

  /** The calls in the order of their ids, so that two instances never wait for each other crosswise. */
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
      }));
    // The first word on a call takes it, whoever had it: the carrier has given it to us.
    const first = rows.filter(({ call_sid: callSid }) => !this.#held.has(callSid));
    const later = rows.filter(({ call_sid: callSid }) => this.#held.has(callSid));
    if (first.length > 0) {
      await knex('checkpoints').insert(first).onConflict('call_sid').merge();
      for (const { call_sid: callSid } of first) this.#held.add(callSid);
    }
    if (later.length > 0) {
      const kept: readonly Row[] = await knex('checkpoints')
        .insert(later)
        .onConflict('call_sid')
        .merge()
        .where('checkpoints.holder', instance)
        .returning('call_sid');
      const ours = new Set(kept.map(({ call_sid: callSid }) => callSid));
      for (const { call_sid: callSid } of later) if (!ours.has(callSid)) this.#lost(callSid);
    }
    for (const { callSid, state } of news) if (state.ended) this.forget(callSid);
  }

  #lost(callSid: string): void {
    this.#held.delete(callSid);
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
