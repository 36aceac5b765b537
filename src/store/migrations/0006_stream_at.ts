// Whose stream is the newer one, when two instances have both had a call and only one of them could write of it.
import type { Knex } from 'knex';

/** When the stream began that the row's holder has, by the database's own clock. Of rows that are there nobody knows. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`alter table checkpoints add column stream_at timestamptz not null default '-infinity'`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('alter table checkpoints drop column stream_at');
}
