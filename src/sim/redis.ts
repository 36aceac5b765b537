// A real Redis out of the installed program, in a temporary folder, with nothing kept on disk: a restart forgets all.
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { freePort } from './gatewayProcess.ts';
import { whenServing } from './serverProcess.ts';

const PASSWORD = 'a-password-that-nobody-may-see';

export interface RedisServer {
  /** redis://... with its password; the same after a restart. */
  readonly url: string;
  /** Ends it and every connection at once, as a crash does. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** It is there and answers nothing until `resume`. */
  pause(): void;
  resume(): void;
  /** Stops it and removes all it had. */
  remove(): Promise<void>;
}

/** Starts a server, or answers why there is none; with CI=true it fails instead. */
export async function startRedis(): Promise<RedisServer | { readonly missing: string }> {
  const program = (process.env['PATH'] ?? '')
    .split(path.delimiter)
    .map((place) => path.join(place, 'redis-server'))
    .find((file) => existsSync(file));
  if (program === undefined) {
    assert.notEqual(process.env['CI'], 'true', 'Redis is not installed, and with CI=true it must be');
    return { missing: 'Redis is not installed (redis-server in PATH)' };
  }
  const folder = mkdtempSync('/tmp/turnpike-redis-');
  const port = await freePort();
  let server: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    server = await startServer(program, folder, port);
  };
  const stop = async (): Promise<void> => {
    const stopping = server;
    server = undefined;
    if (stopping === undefined || stopping.exitCode !== null) return;
    const exited = new Promise((resolve) => stopping.once('exit', resolve));
    stopping.kill('SIGKILL');
    await exited;
  };
  await start();
  return {
    url: `redis://:${PASSWORD}@127.0.0.1:${port}`,
    start,
    stop,
    pause: () => void server?.kill('SIGSTOP'),
    resume: () => void server?.kill('SIGCONT'),
    async remove() {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Resolves when the server says that it takes connections. */
function startServer(program: string, folder: string, port: number): Promise<ChildProcess> {
  const settings = { bind: '127.0.0.1', port: String(port), dir: folder, requirepass: PASSWORD };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  const server = spawn(program, [...args, '--save', '', '--appendonly', 'no'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return whenServing('redis-server', server, server.stdout, 'Ready to accept connections', 'SIGKILL');
}
