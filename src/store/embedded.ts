// The embedded database as seen from the main thread: a folder that it owns and a socket to connect to.
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startThread } from '../base/thread.ts';
import { copyBlankDatabase } from './blankDatabase.ts';
import type { EmbeddedWorkerData, EmbeddedWorkerMessage } from './embeddedWorker.ts';
import { takeLock } from './lockFile.ts';

export interface Embedded {
  /** The folder of the unix socket, as `host` of a PostgreSQL client (port 5432). */
  readonly host: string;
  close(): Promise<void>;
}

/** sockaddr_un.sun_path holds 104 bytes on macOS and 108 on Linux, with the closing NUL. */
const SOCKET_PATH_CHARS_MAX = 103;
/** The name that every PostgreSQL client looks for in the folder it is told. */
const SOCKET_NAME = '.s.PGSQL.5432';

/**
 * Starts PGlite on `dataDir`/embedded in a worker thread; takes seconds on a new folder when no blank one was made. `onError` is
 * told when the thread dies later on. Throws `FolderInUse` when another process has the folder.
 */
export async function openEmbedded(dataDir: string, onError: (error: unknown) => void): Promise<Embedded> {
  await mkdir(dataDir, { recursive: true });
  const lock = await takeLock(path.join(dataDir, 'embedded.lock'));
  let host: string | undefined;
  try {
    host = await privateFolder();
    const databaseDir = path.join(dataDir, 'embedded');
    await copyBlankDatabase(databaseDir);
    const worker = await startWorker({ databaseDir, socketPath: path.join(host, SOCKET_NAME) }, onError);
    const socketDir = host;
    let closing: Promise<void> | undefined;
    const close = async (): Promise<void> => {
      try {
        await worker.close();
      } finally {
        await rm(socketDir, { recursive: true, force: true });
        await lock.release();
      }
    };
    return { host, close: () => (closing ??= close()) };
  } catch (error) {
    if (host !== undefined) await rm(host, { recursive: true, force: true });
    await lock.release();
    throw error;
  }
}

/**
 * A new folder that only this user may enter: PGlite asks for no password. Not below the data folder,
 * whose path may be too long for a socket and whose file system may not have any.
 */
async function privateFolder(): Promise<string> {
  const name = 'turnpike-';
  const longest = path.join(tmpdir(), `${name}XXXXXX`, SOCKET_NAME);
  const parent = Buffer.byteLength(longest) <= SOCKET_PATH_CHARS_MAX ? tmpdir() : '/tmp';
  const folder = await mkdtemp(path.join(parent, name));
  await chmod(folder, 0o700);
  return folder;
}

async function startWorker(
  data: EmbeddedWorkerData,
  onError: (error: unknown) => void,
): Promise<{ close(): Promise<void> }> {
  const worker = startThread(import.meta.url, 'embeddedWorker', data);
  await new Promise<void>((resolve, reject) => {
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`the embedded database ended at its start (${code})`)));
    worker.once('message', (_ready: EmbeddedWorkerMessage) => resolve());
  });
  worker.removeAllListeners();

  let closing = false;
  worker.on('error', onError);
  const exited = new Promise<void>((resolve) => {
    worker.once('exit', (code) => {
      if (!closing) onError(new Error(`the embedded database has ended (${code})`));
      resolve();
    });
  });
  return {
    async close() {
      closing = true;
      const closed = new Promise<void>((resolve) => worker.once('message', () => resolve()));
      worker.postMessage('close', []);
      await Promise.race([closed, exited]);
      await worker.terminate();
    },
  };
}
