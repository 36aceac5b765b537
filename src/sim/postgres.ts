// A real PostgreSQL out of the installed program, in a temporary folder and on a unix socket.
import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { isRecord } from '../base/json.ts';
import { childrenOf, gone, signal, whenServing } from './serverProcess.ts';

export interface Postgres {
  /** postgres://... of an empty database, another one at each call. */
  newDatabase(): Promise<string>;
  /** What a query finds there, asked by PostgreSQL's own client and by nothing of ours. */
  rows(databaseUrl: string, query: string): readonly Readonly<Record<string, unknown>>[];
  /** Ends every connection at once, as a crash or a failover does. */
  stop(): Promise<void>;
  /** As an operator stops it: connections are closed, and all it has is written down first. */
  shutDown(): Promise<void>;
  /** SIGKILL for all of its processes, whatever they are at. Off Linux for the first of them alone. */
  kill(): Promise<void>;
  /** It is there and answers nothing until `resume`. */
  pause(): void;
  resume(): void;
  /** On what it had, at the same address. */
  start(): Promise<void>;
  /** Stops it and removes all it had. */
  remove(): Promise<void>;
}

const ANSWER_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Starts a server, or answers why there is none: then a suite skips and says so, but with CI=true it
 * fails, so that a suite is never skipped unseen. `settings` as for `-c`, over what is set here.
 */
export async function startPostgres(
  settings: readonly string[] = [],
): Promise<Postgres | { readonly missing: string }> {
  const bin = findBin();
  if (bin === undefined) {
    assert.notEqual(process.env['CI'], 'true', 'PostgreSQL is not installed, and with CI=true it must be');
    return {
      missing: 'PostgreSQL is not installed (initdb and postgres, in PATH or /usr/lib/postgresql/*/bin)',
    };
  }
  const folder = mkdtempSync('/tmp/turnpike-pg-');
  const user = serverUser();
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
  const dataDir = path.join(folder, 'data');
  const initdb = spawnSync(
    path.join(bin, 'initdb'),
    ['-D', dataDir, '-U', 'test', '-A', 'trust', '-E', 'UTF8', '--no-locale', '--no-sync'],
    { ...user, cwd: folder, encoding: 'utf8' },
  );
  assert.equal(initdb.status, 0, `initdb: ${initdb.stderr}`);

  let server: ChildProcess | undefined;
  let databases = 0;
  const start = async (): Promise<void> => {
    server = await startServer(path.join(bin, 'postgres'), dataDir, folder, settings, user);
  };
  const end = async (how: (stopping: ChildProcess) => Promise<void> | void): Promise<void> => {
    const stopping = server;
    server = undefined;
    if (stopping === undefined || stopping.exitCode !== null || stopping.signalCode !== null) return;
    const exited = new Promise((resolve) => stopping.once('exit', resolve));
    await how(stopping);
    await exited;
  };
  // Immediate shutdown: connections are cut and nothing is tidied up.
  const stop = (): Promise<void> => end((stopping) => void stopping.kill('SIGQUIT'));
  const resume = (): void => signalAll(server, 'SIGCONT');
  await start();
  return {
    start,
    stop,
    shutDown: () => end((stopping) => void stopping.kill('SIGINT')),
    kill: () => end(killAll),
    pause: () => signalAll(server, 'SIGSTOP'),
    resume,
    rows(databaseUrl, query) {
      const asked = `select coalesce(json_agg(found), '[]') from (${query}) as found`;
      const psql = spawnSync(path.join(bin, 'psql'), ['-XAt', '-c', asked, databaseUrl], {
        encoding: 'utf8',
        maxBuffer: ANSWER_BYTES_MAX,
      });
      assert.equal(psql.status, 0, `psql: ${psql.stderr}`);
      const rows: unknown = JSON.parse(psql.stdout);
      return Array.isArray(rows) ? rows.filter(isRecord) : [];
    },
    newDatabase() {
      const name = `test_${(databases += 1)}`;
      const created = spawnSync(path.join(bin, 'createdb'), ['-h', folder, '-U', 'test', name], {
        encoding: 'utf8',
      });
      assert.equal(created.status, 0, `createdb: ${created.stderr}`);
      return Promise.resolve(`postgres://test@localhost/${name}?host=${encodeURIComponent(folder)}`);
    },
    async remove() {
      resume();
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function signalAll(server: ChildProcess | undefined, name: NodeJS.Signals): void {
  if (server?.pid === undefined) return;
  for (const pid of [server.pid, ...childrenOf(server.pid)]) signal(pid, name);
}

/** The first process starts no more others once it stands still. A server does not start again beside one that is left. */
async function killAll(server: ChildProcess): Promise<void> {
  server.kill('SIGSTOP');
  const others = childrenOf(server.pid ?? 0);
  for (const pid of others) signal(pid, 'SIGKILL');
  server.kill('SIGKILL');
  await Promise.all(others.map(gone));
}

function findBin(): string | undefined {
  const debian = '/usr/lib/postgresql';
  const installed = existsSync(debian) ? readdirSync(debian) : [];
  const newestFirst = installed.toSorted((a, b) => Number(b) - Number(a));
  const places = [
    ...newestFirst.map((version) => path.join(debian, version, 'bin')),
    ...(process.env['PATH'] ?? '').split(path.delimiter),
  ];
  return places.find((place) =>
    ['initdb', 'postgres', 'createdb', 'psql'].every((program) => existsSync(path.join(place, program))),
  );
}

/** The server refuses to run as root: then it runs as `postgres`, else as `nobody`. */
function serverUser(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    const [uid, gid] = ['-u', '-g'].map((flag) => spawnSync('id', [flag, name], { encoding: 'utf8' }));
    if (uid?.status === 0 && gid?.status === 0) return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  }
  return assert.fail('root can run no PostgreSQL, and there is neither a user postgres nor nobody');
}

/** Resolves when the server says that it takes connections. */
function startServer(
  program: string,
  dataDir: string,
  socketDir: string,
  asked: readonly string[],
  user: { readonly uid: number; readonly gid: number } | undefined,
): Promise<ChildProcess> {
  const settings = [
    'listen_addresses=',
    `unix_socket_directories=${socketDir}`,
    'fsync=off',
    'lc_messages=C',
    ...asked,
  ];
  const server = spawn(program, ['-D', dataDir, ...settings.flatMap((setting) => ['-c', setting])], {
    ...user,
    cwd: socketDir,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  return whenServing('postgres', server, server.stderr, 'ready to accept connections', 'SIGQUIT');
}
