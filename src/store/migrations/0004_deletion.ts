// What makes a deleted call stay deleted: rows of it may still wait in the memory or in the spool of any instance.
import type { Knex } from 'knex';

/** For whoever deletes: while it is held, nobody is in the middle of adding a row. `src/store/deletion.ts` has it too. */
const ADVISORY_LOCK = 7_476_022;
const TABLES = ['calls', 'turns', 'transcripts', 'checkpoints'] as const;

/**
 * Triggers and not a condition in each statement: they hold for every writer, an instance of the version before included, and
 * cost it no further round trip. Whoever inserts has the lock shared until it commits, and looks at what was deleted only after
 * that (each statement of a function sees what was committed before it): so of two at once, the row comes first and is
 * deleted, or comes second and is refused. What was there before, and what is only updated, is not looked at.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table deleted_calls (
      call_sid text primary key,
      deleted_at timestamptz not null
    );
    create index deleted_calls_deleted_at on deleted_calls (deleted_at);
    create index transcripts_updated_at on transcripts (updated_at);
    create index calls_recorded on calls (started_at) where recording is not null;

    create function turnpike_begin_insert() returns trigger language plpgsql as $body$
    begin
      perform pg_advisory_xact_lock_shared(${ADVISORY_LOCK});
      return null;
    end
    $body$;

    create function turnpike_refuse_deleted() returns trigger language plpgsql as $body$
    begin
      if exists (select 1 from deleted_calls d where d.call_sid = new.call_sid) then
        return null;
      end if;
      return new;
    end
    $body$;
  `);
  for (const table of TABLES) {
    await knex.raw(`
      create trigger turnpike_begin_insert before insert on ${table}
        for each statement execute function turnpike_begin_insert();
      create trigger turnpike_refuse_deleted before insert on ${table}
        for each row execute function turnpike_refuse_deleted();
    `);
  }
}

export async function down(knex: Knex): Promise<void> {
  for (const table of TABLES) {
    await knex.raw(`
      drop trigger turnpike_begin_insert on ${table};
      drop trigger turnpike_refuse_deleted on ${table};
    `);
  }
  await knex.raw(`
    drop function turnpike_begin_insert();
    drop function turnpike_refuse_deleted();
    drop index transcripts_updated_at;
    drop index calls_recorded;
    drop table deleted_calls;
  `);
}
