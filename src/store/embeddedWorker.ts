// PGlite in a thread of its own, answering the PostgreSQL protocol on a unix socket. It runs on its
// thread's event loop and resolves by microtasks, so on the main thread each burst of writes would be
// a gap in every caller's sound.
import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';

export interface EmbeddedWorkerData {
  readonly databaseDir: string;
  readonly socketPath: string;
}

export type EmbeddedWorkerMessage = 'ready' | 'closed';

if (parentPort === null) throw new Error('embeddedWorker runs in a worker thread');
const port = parentPort;
const { databaseDir, socketPath }: EmbeddedWorkerData = workerData;

const database = await PGlite.create(databaseDir);
// There is one session behind the socket, and two clients at work would bind each other's unnamed
// statements: the pool at the other end has one connection. More are let in because a new one may come
// before the end of the last has been noticed here.
const server = new PGLiteSocketServer({ db: database, path: socketPath, maxConnections: 4 });
await server.start();

/** The one message there is means: close. */
async function close(): Promise<void> {
  await server.stop();
  await database.close();
  port.postMessage('closed' satisfies EmbeddedWorkerMessage);
}

// A failure to close becomes the thread's error, which its owner sees.
port.once('message', () => void close());
port.postMessage('ready' satisfies EmbeddedWorkerMessage);
