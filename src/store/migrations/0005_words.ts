// Looking for calls by what was said in them, and for those that go on.
import type { Knex } from 'knex';

/** Words as they were said, of any language: no stemming. `callSearch.ts` asks by the same expression. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create index turns_words on turns using gin (to_tsvector('simple', caller_text || ' ' || heard_text));
    create index calls_open on calls (started_at desc) where ended_at is null;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop index calls_open; drop index turns_words;');
}
