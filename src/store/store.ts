// The store as the rest of the process has it: a writer that never makes anybody wait, and a reader.
import type { Clock } from '../base/clock.ts';
import { commit } from './commit.ts';
import { openDatabase } from './database.ts';
import { migrateLatest } from './migrate.ts';
import type { CallReader, CallWriter } from './port.ts';
import { openReader } from './reader.ts';
import { WriteBehind } from './writeBehind.ts';

export interface StoreOptions {
  /** postgres://..., or undefined for the embedded database. */
  readonly databaseUrl: string | undefined;
  /** Where the embedded database lives. */
  readonly dataDir: string;
  /** Whether to bring the tables up to date first. */
  readonly migrate: boolean;
  /** False: one transaction a row. */
  readonly batching: boolean;
  readonly clock: Clock;
  /** Rows that were accepted and given up: refused by the database, or too many while it was away. */
  readonly onDropped: (rows: number) => void;
  readonly onCommit: (durationMs: number, rows: number) => void;
  /** A failed commit (it is tried again), a refused row, a lost connection. */
  readonly onError: (error: unknown) => void;
}

export interface Store {
  readonly writer: CallWriter;
  readonly reader: CallReader;
  /** Commits what waits, within seconds, and closes the database. */
  close(): Promise<void>;
}

/**
 * Rejects when the embedded database or, with `migrate`, PostgreSQL can't be opened; without it
 * nothing is asked of PostgreSQL yet.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const database = await openDatabase(options);
  try {
    if (options.migrate) await database.withSession(migrateLatest);
  } catch (error) {
    await database.close();
    throw error;
  }
  const writer = new WriteBehind({ ...options, commit: (writes) => commit(database.knex, writes) });
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    try {
      await writer.close();
    } finally {
      await database.close();
    }
  };
  return { writer, reader: openReader(database.knex, options.clock), close: () => (closing ??= close()) };
}
