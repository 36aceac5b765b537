// Which database, and the pool of connections to it. Both speak the PostgreSQL protocol, so all above
// this file is the same for both.
import knexFactory, { type Knex } from 'knex';
import { openEmbedded } from './embedded.ts';

export interface DatabaseOptions {
  /** postgres://..., or undefined for the embedded one. */
  readonly databaseUrl: string | undefined;
  /** Where the embedded database lives. */
  readonly dataDir: string;
  /** What happened beside a query: the embedded database has died, knex complains. Nothing is thrown for it. */
  readonly onError: (error: unknown) => void;
  /** A statement that takes longer has failed, and its connection with it. */
  readonly queryTimeoutMs?: number;
}

export interface Database {
  readonly knex: Knex;
  /** One connection beside the others; the embedded database has but one, which is then shared. */
  readonly ownConnection: Knex;
  /** For where calls stand: a commit that takes its time must not make a caller wait who is taken up. */
  readonly checkpoints: Knex;
  /** Runs `work` on one connection of its own, with no limit on time: for what is bound to a session. */
  withSession<T>(work: (knex: Knex) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** One for the writer, the rest for whoever reads; a PostgreSQL serves 100 by default, so this is room for many instances. */
const CONNECTIONS_MAX = 5;
const CONNECT_TIMEOUT_MS = 5_000;
/** Our slowest statement, 500 rows, takes some 10 ms: past this the server is not slow but gone. */
const QUERY_TIMEOUT_MS = 10_000;
/** An unused connection is closed, so that a firewall's idle limit never is what closes it. */
const IDLE_MS = 30_000;

/** Opens no connection to PostgreSQL yet; the embedded database is up when this resolves. */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const { databaseUrl, dataDir, onError, queryTimeoutMs = QUERY_TIMEOUT_MS } = options;
  const embedded = databaseUrl === undefined ? await openEmbedded(dataDir, onError) : undefined;
  const where: Knex.PgConnectionConfig = {
    ...(databaseUrl !== undefined && { connectionString: databaseUrl }),
    ...(embedded !== undefined && {
      host: embedded.host,
      port: 5432,
      user: 'postgres',
      database: 'postgres',
    }),
  };
  const connectionsMax = embedded === undefined ? CONNECTIONS_MAX : 1;
  const knex = openKnex(where, { connectionsMax, queryTimeoutMs }, onError);
  const ownConnection =
    embedded === undefined ? openKnex(where, { connectionsMax: 1, queryTimeoutMs }, onError) : knex;
  const checkpoints =
    embedded === undefined ? openKnex(where, { connectionsMax: 2, queryTimeoutMs }, onError) : knex;
  return {
    knex,
    ownConnection,
    checkpoints,
    async withSession(work) {
      const session = openKnex(where, { connectionsMax: 1, queryTimeoutMs: 0 }, onError);
      try {
        return await work(session);
      } finally {
        await session.destroy();
      }
    },
    async close() {
      try {
        await knex.destroy();
        if (ownConnection !== knex) await ownConnection.destroy();
        if (checkpoints !== knex) await checkpoints.destroy();
      } finally {
        await embedded?.close();
      }
    },
  };
}

const ignore = (): void => undefined;

function openKnex(
  where: Knex.PgConnectionConfig,
  { connectionsMax, queryTimeoutMs }: { readonly connectionsMax: number; readonly queryTimeoutMs: number },
  onError: (error: unknown) => void,
): Knex {
  return knexFactory({
    client: 'pg',
    connection: {
      ...where,
      application_name: 'turnpike',
      keepAlive: true,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: queryTimeoutMs,
      statement_timeout: queryTimeoutMs,
    },
    acquireConnectionTimeout: CONNECT_TIMEOUT_MS + queryTimeoutMs,
    pool: { min: 0, max: connectionsMax, idleTimeoutMillis: IDLE_MS, validate: isAtRest },
    // Its warnings are of connections that failed or were lost: the query fails with the same error, or the
    // pool has opened another.
    log: { warn: ignore, deprecate: ignore, debug: ignore, error: onError },
  });
}

/**
 * A connection in the pool that still waits for an answer is one whose query ran into the time limit:
 * the network has swallowed it, and whatever is sent on it next would wait as well. Refused here, it is
 * closed and a new one opened. `readyForQuery` is what pg's Client keeps of the protocol's message of
 * that name.
 */
function isAtRest(connection: unknown): boolean {
  return (
    typeof connection === 'object' &&
    connection !== null &&
    'readyForQuery' in connection &&
    connection.readyForQuery === true
  );
}
