// Brings the database's tables up to what this code expects.
import type { Knex } from 'knex';
import { openDatabase, type DatabaseOptions } from './database.ts';
import { migrationSource } from './migrations.ts';

/** Any number, so long as no other program locks the same one in the same database. */
const ADVISORY_LOCK = 7_476_021;

/** Opens the database that `options` name, migrates it and closes it. Answers the names of what was run. */
export async function migrate(options: DatabaseOptions): Promise<readonly string[]> {
  const database = await openDatabase(options);
  try {
    return await database.withSession(migrateLatest);
  } finally {
    await database.close();
  }
}

/**
 * Runs what is missing, each migration in its own transaction. `knex` must have one connection only,
 * since the lock is the session's: it goes with the process that held it. knex's own lock is a row, which
 * stays behind when a process dies in the middle and then blocks every later start; under the advisory
 * lock that row can only be such a leftover, so it is freed.
 */
export async function migrateLatest(knex: Knex): Promise<readonly string[]> {
  const config = { migrationSource };
  await knex.raw('select pg_advisory_lock(?)', [ADVISORY_LOCK]);
  try {
    await knex.migrate.forceFreeMigrationsLock(config);
    const [, names]: [number, string[]] = await knex.migrate.latest(config);
    return names;
  } finally {
    await knex.raw('select pg_advisory_unlock(?)', [ADVISORY_LOCK]);
  }
}
