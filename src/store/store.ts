// The store as the rest of the process has it: a writer that never makes anybody wait, and a reader.
import path from 'node:path';
import type { Clock } from '../base/clock.ts';
import { Checkpoints } from './checkpoints.ts';
import { commit } from './commit.ts';
import { secretText } from '../base/random.ts';
import { openDatabase } from './database.ts';
import { migrateLatest } from './migrate.ts';
import type { CallCheckpoints, CallEraser, CallReader, CallWriter, TranscriptWriter } from './port.ts';
import type { CallFiles } from './recordingFolder.ts';
import { openReader } from './reader.ts';
import { Retention, type DeletedWhat, type DeletedWhy, type RetentionLimits } from './retention.ts';
import type { Spool } from './spool.ts';
import { openSpoolIn } from './spoolFolder.ts';
import { Transcripts, upsertTranscripts } from './transcripts.ts';
import { WriteBehind } from './writeBehind.ts';

export interface StoreOptions extends RetentionLimits, Pick<CallFiles, 'tapeFolders'> {
  /** postgres://..., or undefined for the embedded database. */
  readonly databaseUrl: string | undefined;
  /** Where the embedded database lives. */
  readonly dataDir: string;
  /** Whether to bring the tables up to date first. */
  readonly migrate: boolean;
  /** False: one transaction a row. */
  readonly batching: boolean;
  /** Who this process is among those on the database; by chance unless told. */
  readonly instance?: string;
  readonly clock: Clock;
  /** Rows that were accepted and given up: refused by the database, or too many while it was away. */
  readonly onDropped: (rows: number) => void;
  readonly onCommit: (durationMs: number, rows: number) => void;
  /** Transcripts were brought up to date, of so many calls. */
  readonly onTranscripts?: (durationMs: number, calls: number) => void;
  readonly onDeleted?: (what: DeletedWhat, why: DeletedWhy, count: number) => void;
  /** A failed commit (it is tried again), a refused row, a lost connection. */
  readonly onError: (error: unknown) => void;
}

export interface Store {
  readonly writer: CallWriter;
  readonly transcripts: TranscriptWriter;
  readonly checkpoints: CallCheckpoints;
  readonly reader: CallReader;
  readonly eraser: CallEraser;
  /** Rows on disk before they are in the database. */
  readonly spool: Pick<Spool, 'bytes' | 'writable' | 'full'>;
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
  const { dataDir, clock, onDropped, onError } = options;
  const { spool, release } = await openSpoolIn(path.join(dataDir, 'spool'), {
    clock,
    onLost: onDropped,
    onError,
  });
  const writer = new WriteBehind({ ...options, spool, commit: (writes) => commit(database.knex, writes) });
  const transcripts = new Transcripts({
    ...options,
    upsert: (news) => upsertTranscripts(database.ownConnection, news, new Date(options.clock.wallMs())),
    gathering: options.batching,
    onKept: options.onTranscripts ?? ((): void => undefined),
  });
  const checkpoints = new Checkpoints({
    knex: database.checkpoints,
    instance: options.instance ?? secretText(8),
    clock,
    onError,
  });
  const retention = new Retention({
    ...options,
    knex: database.knex,
    flush: (timeoutMs) => writer.flush(timeoutMs),
    renewSpool: () => writer.renewSpool(),
    onDeleted: options.onDeleted ?? ((): void => undefined),
  });
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    try {
      await Promise.all([writer.close(), transcripts.close(), checkpoints.close(), retention.close()]);
    } finally {
      await release();
      await database.close();
    }
  };
  const reader = openReader(database.knex, options.clock);
  return {
    writer,
    transcripts,
    checkpoints,
    reader,
    eraser: retention,
    spool,
    close: () => (closing ??= close()),
  };
}
