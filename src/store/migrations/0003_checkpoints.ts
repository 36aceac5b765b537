// Where a call stands, for the instance that takes it up when its own is gone.
import type { Knex } from 'knex';

/**
 * A row a call: who has it, and what another one has to know to go on. Only the holder's news are taken, so two instances
 * never both go on with a call. Turns get the `part` of the call that they belong to: when two instances have numbered
 * turns alike, because the database was away in between, neither overwrites the other's.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table checkpoints (
      call_sid text primary key,
      holder text not null,
      ended boolean not null default false,
      snapshot jsonb not null,
      updated_at timestamptz not null
    );
    create index checkpoints_updated_at on checkpoints (updated_at);

    alter table turns add column part bigint not null default 0;
    alter table turns drop constraint turns_pkey;
    alter table turns add primary key (call_sid, part, index);
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop table checkpoints;
    delete from turns where part <> 0;
    alter table turns drop constraint turns_pkey;
    alter table turns drop column part;
    alter table turns add primary key (call_sid, index);
  `);
}
