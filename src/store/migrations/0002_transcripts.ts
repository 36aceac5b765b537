// A call's transcript as it stands, beside the turns that are written when they are over.
import type { Knex } from 'knex';

/**
 * A table of its own, so that who keeps it never waits for the rows of a commit, nor they for it. `turns` is an
 * object by the turn's number: an update carries what is new alone, and an instance that takes a call over adds to it.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table transcripts (
      call_sid text primary key,
      turns jsonb not null default '{}',
      updated_at timestamptz not null
    );
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table transcripts;');
}
