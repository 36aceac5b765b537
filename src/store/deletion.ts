// Statements that delete: one call because somebody wants it, or the oldest because they are too old. A call that was
// deleted by request is remembered, so that rows of it that come late are refused (migrations/0004_deletion.ts).
import type { Knex } from 'knex';
import type { Deletion } from './port.ts';
import { storableText } from './text.ts';

/** Held by whoever deletes a call, so that nobody is in the middle of adding a row of it. */
const DELETE_LOCK = 7_476_022;
/** Held by the one instance that deletes by age. */
const SWEEP_LOCK = 7_476_023;
/** Nothing waits longer than this in the spool of a process that is not running. */
const REMEMBERED_MS = 90 * 24 * 3_600_000;
/** Remembered calls that are forgotten with each deletion: they never grow in number by more than they shrink. */
const FORGOTTEN_MAX = 10;
/** A call without an end, of which nobody has said anything for so long, is one whose process has died. */
const LIVE_MS_MAX = 3_600_000;
/** As webhooks name calls, and files are named after them: nothing comes later of what is called otherwise. */
const SID = /^[A-Za-z0-9_-]{1,64}$/;
const CHILDREN = ['turns', 'transcripts', 'checkpoints'] as const;

interface Rows<Row> {
  readonly rows: readonly Row[];
}

/**
 * Deletes all rows of a call, and refuses those that come later. `unknown`: there were none; they may still wait in a spool or
 * be on their way, and are refused all the same. `live`: some instance has it; nothing was done.
 */
export async function deleteCall(knex: Knex, callSid: string, at: Date): Promise<Deletion> {
  const sid = storableText(callSid);
  return knex.transaction(async (trx) => {
    await trx.raw('select pg_advisory_xact_lock(?)', [DELETE_LOCK]);
    if (await isLive(trx, sid, at)) return 'live';
    const deletion = (await deleteRows(trx, [sid])) === 0 ? 'unknown' : 'deleted';
    if (deletion === 'unknown' && !SID.test(sid)) return deletion;
    await trx.raw(
      `insert into deleted_calls (call_sid, deleted_at) values (?, ?)
       on conflict (call_sid) do update set deleted_at = excluded.deleted_at`,
      [sid, at],
    );
    await trx.raw(
      `delete from deleted_calls where call_sid in
       (select call_sid from deleted_calls where deleted_at < ? limit ?)`,
      [new Date(at.getTime() - REMEMBERED_MS), FORGOTTEN_MAX],
    );
    return deletion;
  });
}

async function isLive(trx: Knex, sid: string, at: Date): Promise<boolean> {
  const { rows } = await trx.raw<Rows<unknown>>(
    `select 1 from checkpoints p left join calls c using (call_sid)
     where p.call_sid = ? and not p.ended and c.ended_at is null and p.updated_at > ?`,
    [sid, new Date(at.getTime() - LIVE_MS_MAX)],
  );
  return rows.length > 0;
}

/** Answers how many rows there were. */
async function deleteRows(trx: Knex, sids: readonly string[]): Promise<number> {
  let deleted = 0;
  for (const table of [...CHILDREN, 'calls']) deleted += await trx(table).whereIn('call_sid', sids).delete();
  return deleted;
}

/** A call that was deleted by request, on whichever instance. */
export interface DeletedCall {
  readonly callSid: string;
  readonly at: Date;
}

/** Those deleted after `after`, the first `callsMax` of them. */
export async function deletedSince(
  knex: Knex,
  after: Date,
  callsMax: number,
): Promise<readonly DeletedCall[]> {
  const { rows } = await knex.raw<Rows<{ readonly call_sid: string; readonly deleted_at: Date }>>(
    'select call_sid, deleted_at from deleted_calls where deleted_at > ? order by deleted_at limit ?',
    [after, callsMax],
  );
  return rows.map((row) => ({ callSid: row.call_sid, at: row.deleted_at }));
}

/** What one batch has deleted; `elsewhere`: another instance is at it. */
export type Swept = number | 'elsewhere';

/** The oldest calls that began before `before`, at most so many, with all that belongs to them. Answers how many. */
export function deleteOldestCalls(knex: Knex, before: Date, callsMax: number): Promise<Swept> {
  return alone(knex, async (trx) => {
    const { rows } = await trx.raw<Rows<{ readonly call_sid: string }>>(
      'select call_sid from calls where started_at < ? order by started_at limit ?',
      [before, callsMax],
    );
    if (rows.length > 0)
      await deleteRows(
        trx,
        rows.map((row) => row.call_sid),
      );
    return rows.length;
  });
}

/** Old rows whose call was never written, or was deleted before they came. Answers how many. */
export function deleteOrphans(knex: Knex, before: Date, rowsMax: number): Promise<Swept> {
  return alone(knex, async (trx) => {
    let deleted = 0;
    for (const [table, time] of [
      ['turns', 'started_at'],
      ['transcripts', 'updated_at'],
    ] as const) {
      const { rowCount } = await trx.raw<{ readonly rowCount: number }>(
        `delete from ?? where ctid = any (array(select r.ctid from ?? r where r.?? < ?
         and not exists (select 1 from calls c where c.call_sid = r.call_sid) limit ?))`,
        [table, table, time, before, rowsMax],
      );
      deleted += rowCount;
    }
    return deleted;
  });
}

/** Calls that began before `before` have no recording any more. Answers how many were changed. */
export function forgetRecordings(knex: Knex, before: Date, callsMax: number): Promise<Swept> {
  return alone(knex, async (trx) => {
    const { rowCount } = await trx.raw<{ readonly rowCount: number }>(
      `update calls set recording = null where call_sid in
       (select call_sid from calls where recording is not null and started_at < ? limit ?)`,
      [before, callsMax],
    );
    return rowCount;
  });
}

/** In a transaction of its own, unless another instance is sweeping. */
function alone(knex: Knex, work: (trx: Knex) => Promise<number>): Promise<Swept> {
  return knex.transaction(async (trx) => {
    const { rows } = await trx.raw<Rows<{ readonly locked: boolean }>>(
      'select pg_try_advisory_xact_lock(?) as locked',
      [SWEEP_LOCK],
    );
    return rows[0]?.locked === true ? work(trx) : 'elsewhere';
  });
}
