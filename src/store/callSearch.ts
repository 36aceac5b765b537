// Calls that an operator looks for: by words that were said, numbers, outcome, or those that go on. Each question looks at a
// bounded number of calls and says how far back it has looked, so it costs the same however many there are.
import type { Knex } from 'knex';
import type { CallSearch } from './port.ts';
import type { CallColumns, EndedColumns } from './rows.ts';

/** Some weeks of a busy line. Older ones are the next page's. */
export const SEARCHED_CALLS_MAX = 20_000;
const WORDS_MAX = 8;
const WORD_CHARS_MAX = 40;
/** Fewer digits are in every number. */
const DIGITS_MIN = 3;
const CALL_SID = /^[A-Z]{2}[0-9a-f]{32}$/;

export type SummaryColumns = CallColumns & EndedColumns & { readonly turn_count: number };

export const SUMMARY_COLUMNS = `c.call_sid, c.direction, c.agent, c.from_number, c.to_number, c.lead_id, c.started_at,
  c.outcome, c.ended_at, c.recording, (select count(*)::int from turns t where t.call_sid = c.call_sid) as turn_count`;

/** Newest first. `with ties`: rows that share the last one's millisecond come with it. */
export async function searchCalls(knex: Knex, search: CallSearch): Promise<readonly SummaryColumns[]> {
  const conditions = [outcomeIs(search), textIs(search)].filter((one) => one !== undefined);
  const where = conditions.length === 0 ? 'true' : conditions.map(({ sql }) => sql).join(' and ');
  const { rows } = await knex.raw<{ readonly rows: readonly SummaryColumns[] }>(
    `select ${SUMMARY_COLUMNS} from (${looked(search)}) c where ${where}
     order by c.started_at desc fetch first (?) rows with ties`,
    [...lookedAt(search), ...conditions.flatMap(({ values }) => values), search.limit],
  );
  return rows;
}

/** The start of the last call that such a search looks at; undefined when it looks at all there are. */
export async function searchedTo(knex: Knex, { before, liveSince }: CallSearch): Promise<Date | undefined> {
  // Of those that go on it looks at all.
  if (liveSince !== undefined) return undefined;
  const { rows } = await knex.raw<{ readonly rows: readonly { readonly started_at: Date }[] }>(
    'select started_at from calls where started_at < ? order by started_at desc offset ? limit 1',
    [before ?? 'infinity', SEARCHED_CALLS_MAX - 1],
  );
  return rows[0]?.started_at;
}

/** A call goes on while where it stands is written down again and again. */
function looked({ liveSince }: CallSearch): string {
  const live = `and ended_at is null
    and exists (select 1 from checkpoints k where k.call_sid = calls.call_sid and not k.ended and k.updated_at > ?)`;
  return `select * from calls where started_at < ? ${liveSince === undefined ? '' : live}
    order by started_at desc limit ${SEARCHED_CALLS_MAX}`;
}

function lookedAt({ before, liveSince }: CallSearch): readonly Value[] {
  return [before ?? 'infinity', ...(liveSince === undefined ? [] : [liveSince])];
}

type Value = string | number | Date;

interface Condition {
  readonly sql: string;
  readonly values: readonly Value[];
}

function outcomeIs({ outcome }: CallSearch): Condition | undefined {
  return outcome === undefined ? undefined : { sql: 'c.outcome = ?', values: [outcome] };
}

/** A call's sid, a part of a number, or words that were said in one exchange, the beginnings of words among them. */
function textIs({ text = '' }: CallSearch): Condition | undefined {
  const wanted = text.trim();
  if (wanted === '') return undefined;
  if (CALL_SID.test(wanted)) return { sql: 'c.call_sid = ?', values: [wanted] };
  const anyOf = [numberHas(wanted), wordsWere(wanted)].filter((one) => one !== undefined);
  // Nothing in it that could be looked for: nothing is found.
  if (anyOf.length === 0) return { sql: 'false', values: [] };
  return {
    sql: `(${anyOf.map(({ sql }) => sql).join(' or ')})`,
    values: anyOf.flatMap(({ values }) => values),
  };
}

function numberHas(text: string): Condition | undefined {
  const digits = text.replace(/\D/g, '');
  if (!/^[+\d\s().-]+$/.test(text) || digits.length < DIGITS_MIN) return undefined;
  return { sql: '(c.from_number like ? or c.to_number like ?)', values: [`%${digits}%`, `%${digits}%`] };
}

function wordsWere(text: string): Condition | undefined {
  const words = (text.match(/[\p{L}\p{N}]+/gu) ?? []).slice(0, WORDS_MAX);
  if (words.length === 0) return undefined;
  const query = words.map((word) => `'${word.slice(0, WORD_CHARS_MAX)}':*`).join(' & ');
  // The very expression of the index `turns_words`.
  return {
    sql: `c.call_sid in (select t.call_sid from turns t
      where to_tsvector('simple', t.caller_text || ' ' || t.heard_text) @@ to_tsquery('simple', ?))`,
    values: [query],
  };
}
