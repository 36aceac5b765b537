// The migrations in their order. Imported one by one and not found by reading a folder, so that they
// are the same set, under the same names, from the sources and from the build.
import type { Knex } from 'knex';
import * as callsTurnsLeads from './migrations/0001_calls_turns_leads.ts';
import * as transcripts from './migrations/0002_transcripts.ts';
import * as checkpoints from './migrations/0003_checkpoints.ts';
import * as deletion from './migrations/0004_deletion.ts';
import * as words from './migrations/0005_words.ts';
import * as streamAt from './migrations/0006_stream_at.ts';

interface NamedMigration extends Knex.Migration {
  /** Stands in the database's table of what was run: never changed afterwards. */
  readonly name: string;
}

const migrations: readonly NamedMigration[] = [
  { name: '0001_calls_turns_leads', ...callsTurnsLeads },
  { name: '0002_transcripts', ...transcripts },
  { name: '0003_checkpoints', ...checkpoints },
  { name: '0004_deletion', ...deletion },
  { name: '0005_words', ...words },
  { name: '0006_stream_at', ...streamAt },
];

export const migrationSource: Knex.MigrationSource<NamedMigration> = {
  getMigrations: () => Promise.resolve([...migrations]),
  getMigrationName: (migration) => migration.name,
  getMigration: (migration) => Promise.resolve(migration),
};
