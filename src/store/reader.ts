// Reading what was kept: for the admin API, the console and readiness.
import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import type { Clock } from '../base/clock.ts';
import { searchCalls, searchedTo, SUMMARY_COLUMNS, type SummaryColumns } from './callSearch.ts';
import { latencyOf } from './latency.ts';
import { LeadConflict } from './leadConflict.ts';
import type { CallReader, Lead, LeadInput, TranscriptTurn, TurnRow } from './port.ts';
import { leadOf, summaryOf, transcriptText, turnOf, type LeadColumns, type TurnColumns } from './rows.ts';
import { storableFields, storableText } from './text.ts';

interface Rows<Row> {
  readonly rows: readonly Row[];
}

/** The server refuses larger pages; here it is an assertion. */
export const PAGE_ROWS_MAX = 500;
/** A call of five hours with a turn every four seconds; more is no conversation. */
const CALL_TURNS_MAX = 5_000;
/** Readiness is asked every few seconds: an answer later than this is none. */
const PING_MS = 2_000;
const UNIQUE_VIOLATION = '23505';
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * Pages end `with ties`: rows that share the last one's millisecond come with it, so a page may be a
 * little longer than asked for, and paging on by time loses none.
 */
export function openReader(knex: Knex, clock: Clock): CallReader {
  return {
    async calls(search) {
      assertPage(search.limit);
      return (await searchCalls(knex, search)).map(summaryOf);
    },

    searchedTo: (search) => searchedTo(knex, search),

    latency: (window) => latencyOf(knex, window),

    async call(callSid) {
      const sid = storableText(callSid);
      const summaries = await knex.raw<Rows<SummaryColumns>>(
        `select ${SUMMARY_COLUMNS} from calls c where c.call_sid = ?`,
        [sid],
      );
      const [summary] = summaries.rows;
      if (summary === undefined) return undefined;
      const turns = await knex<TurnColumns>('turns')
        .where({ call_sid: sid })
        .orderBy([{ column: 'part' }, { column: 'index' }])
        .limit(CALL_TURNS_MAX);
      const kept = await knex.raw<Rows<{ readonly turns: Record<string, TranscriptTurn> }>>(
        'select turns from transcripts where call_sid = ?',
        [sid],
      );
      return {
        ...summaryOf(summary),
        turns: numbered(turns.map(turnOf)),
        transcript: transcriptText(kept.rows[0]?.turns ?? {}),
      };
    },

    async isOver(callSid) {
      const sid = storableText(callSid);
      const { rows } = await knex.raw<Rows<unknown>>(
        `select 1 from calls where call_sid = ? and ended_at is not null
         union all select 1 from deleted_calls where call_sid = ? limit 1`,
        [sid, sid],
      );
      return rows.length > 0;
    },

    async leads({ limit, before }) {
      assertPage(limit);
      const { rows } = await knex.raw<Rows<LeadColumns>>(
        'select * from leads where created_at < ? order by created_at desc fetch first (?) rows with ties',
        [before ?? 'infinity', limit],
      );
      return rows.map(leadOf);
    },

    async lead(id) {
      if (!UUID.test(id)) return undefined;
      const { rows } = await knex.raw<Rows<LeadColumns>>('select * from leads where id = ?', [id]);
      return firstLead(rows);
    },

    async createLead({ name, phone, fields }) {
      const now = new Date(clock.wallMs());
      const { rows } = await orConflict(phone, () =>
        knex.raw<Rows<LeadColumns>>(
          `insert into leads (name, phone, fields, created_at, updated_at)
           values (?, ?, ?::jsonb, ?, ?) returning *`,
          [storableText(name), storableText(phone), JSON.stringify(storableFields(fields)), now, now],
        ),
      );
      const lead = firstLead(rows);
      assert(lead !== undefined, 'an insert that succeeded returns its row');
      return lead;
    },

    async updateLead(id, change) {
      if (!UUID.test(id)) return undefined;
      const { rows } = await orConflict(change.phone ?? '', () =>
        knex.raw<Rows<LeadColumns>>(
          `update leads set name = coalesce(?, name), phone = coalesce(?, phone),
             fields = fields || ?::jsonb, updated_at = ? where id = ? returning *`,
          [
            textOrNull(change.name),
            textOrNull(change.phone),
            JSON.stringify(storableFields(change.fields ?? {})),
            new Date(clock.wallMs()),
            id,
          ],
        ),
      );
      return firstLead(rows);
    },

    async deleteLead(id) {
      return UUID.test(id) && (await knex('leads').where({ id }).delete()) > 0;
    },

    async ping() {
      await knex.raw('select 1').timeout(PING_MS);
    },
  };
}

/** Two instances may have numbered turns alike, when the second could not know of the first one's last: then by their order. */
function numbered(turns: readonly TurnRow[]): readonly TurnRow[] {
  const isUnique = new Set(turns.map(({ index }) => index)).size === turns.length;
  return isUnique ? turns : turns.map((turn, index) => ({ ...turn, index }));
}

function assertPage(limit: number): void {
  assert(Number.isInteger(limit) && limit >= 1 && limit <= PAGE_ROWS_MAX, `a page of ${limit} rows`);
}

function firstLead(rows: readonly LeadColumns[]): Lead | undefined {
  const [row] = rows;
  return row === undefined ? undefined : leadOf(row);
}

function textOrNull(text: LeadInput['name'] | undefined): string | null {
  return text === undefined ? null : storableText(text);
}

async function orConflict<T>(phone: string, statement: () => PromiseLike<T>): Promise<T> {
  try {
    return await statement();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === UNIQUE_VIOLATION) {
      throw new LeadConflict(`another lead has the phone number ${phone}`, { cause: error });
    }
    throw error;
  }
}
