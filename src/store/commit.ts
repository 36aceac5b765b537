// Many rows, one transaction, one statement a table.
import type { Knex } from 'knex';
import type { CallEnded, CallStarted, TurnRow } from './port.ts';
import { callColumns, endedColumns, turnColumns } from './rows.ts';
import { storableFields } from './text.ts';

/** One accepted row. */
export type Write =
  | { readonly kind: 'callStarted'; readonly call: CallStarted }
  | { readonly kind: 'turnFinished'; readonly turn: TurnRow }
  | { readonly kind: 'callEnded'; readonly ended: CallEnded }
  | {
      readonly kind: 'leadFields';
      readonly leadId: string;
      readonly fields: Readonly<Record<string, string>>;
      readonly at: Date;
    };

type LeadWrite = Extract<Write, { kind: 'leadFields' }>;

/** The last word on each key: one statement may not touch a row twice (SQLSTATE 21000). */
interface Folded {
  readonly started: Map<string, CallStarted>;
  readonly turns: Map<string, TurnRow>;
  readonly ended: Map<string, CallEnded>;
  readonly leads: Map<string, LeadWrite>;
}

/**
 * Commits `writes`, which may be repeated after a failure whose outcome is unknown: each is an upsert
 * that comes out the same. Answers how many writes had nothing to go to: fields for a lead that
 * doesn't exist.
 */
export async function commit(knex: Knex, writes: readonly Write[]): Promise<number> {
  const { started, turns, ended, leads } = fold(writes);
  return knex.transaction(async (trx) => {
    if (started.size > 0) await upsertStarted(trx, [...started.values()]);
    if (turns.size > 0) await upsertTurns(trx, [...turns.values()]);
    if (ended.size > 0) await upsertEnded(trx, [...ended.values()]);
    return leads.size > 0 ? mergeLeads(trx, [...leads.values()]) : 0;
  });
}

/**
 * Whether the database refuses these rows and always will: bad values (class 22), broken constraints
 * (23), too large for an index (54). Anything else may pass.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
export function isDataError(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    /^(?:22|23|54)...$/.test(error.code)
  );
}

function fold(writes: readonly Write[]): Folded {
  const folded: Folded = { started: new Map(), turns: new Map(), ended: new Map(), leads: new Map() };
  for (const write of writes) {
    switch (write.kind) {
      case 'callStarted':
        folded.started.set(write.call.callSid, write.call);
        break;
      case 'turnFinished':
        folded.turns.set(`${write.turn.callSid} ${write.turn.part} ${write.turn.index}`, write.turn);
        break;
      case 'callEnded':
        folded.ended.set(write.ended.callSid, write.ended);
        break;
      case 'leadFields': {
        const before = folded.leads.get(write.leadId);
        folded.leads.set(write.leadId, { ...write, fields: { ...before?.fields, ...write.fields } });
        break;
      }
      default:
        write satisfies never;
    }
  }
  return folded;
}

/**
 * A call that is connected again starts a second time: its first start stays, and so does a lead that
 * was known. What its end has written is not touched.
 */
async function upsertStarted(trx: Knex, calls: readonly CallStarted[]): Promise<void> {
  await trx('calls')
    .insert(calls.map(callColumns))
    .onConflict('call_sid')
    .merge({
      direction: trx.raw('excluded.direction'),
      agent: trx.raw('excluded.agent'),
      from_number: trx.raw('excluded.from_number'),
      to_number: trx.raw('excluded.to_number'),
      lead_id: trx.raw('coalesce(excluded.lead_id, calls.lead_id)'),
      started_at: trx.raw('least(excluded.started_at, calls.started_at)'),
    });
}

async function upsertTurns(trx: Knex, turns: readonly TurnRow[]): Promise<void> {
  await trx('turns').insert(turns.map(turnColumns)).onConflict(['call_sid', 'part', 'index']).merge();
}

async function upsertEnded(trx: Knex, ended: readonly CallEnded[]): Promise<void> {
  await trx('calls')
    .insert(ended.map(endedColumns))
    .onConflict('call_sid')
    .merge(['outcome', 'ended_at', 'recording']);
}

/** In the order of their ids, so that two instances never wait for each other crosswise. */
async function mergeLeads(trx: Knex, leads: readonly LeadWrite[]): Promise<number> {
  let missing = 0;
  for (const { leadId, fields, at } of leads.toSorted((a, b) => (a.leadId < b.leadId ? -1 : 1))) {
    const updated = await trx('leads')
      .where({ id: leadId })
      .update({
        fields: trx.raw('fields || ?::jsonb', [JSON.stringify(storableFields(fields))]),
        updated_at: at,
      });
    if (updated === 0) missing += 1;
  }
  return missing;
}
