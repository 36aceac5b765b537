// The real gateway as a child process, as an operator starts it.
import { spawn, type ChildProcess } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { errorText } from '../base/errors.ts';
import { sleep, type Clock } from '../base/clock.ts';

/** A first start of the embedded database takes some seconds, on a busy machine more. */
const READY_MS_MAX = 60_000;
const STOP_MS_MAX = 10_000;
const LOG_LINES_MAX = 5_000;

export interface GatewayProcessOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly clock: Clock;
  /** From `src`, without its extension: `main` unless another is to be held against it. */
  readonly program?: string;
  /** Pins the process to these cores, with Linux' taskset: `1`, `0-3`. */
  readonly cores?: string;
  /** For node itself, before the rest: `--cpu-prof`. */
  readonly nodeArgs?: readonly string[];
}

export interface GatewayProcess {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** The last lines of its log. */
  readonly log: readonly string[];
  /** Resolves with the exit code, when it has ended by itself or was stopped. */
  readonly exited: Promise<number | null>;
  /** Asks it to end, then makes it. Idempotent. */
  stop(): Promise<number | null>;
}

/** Starts a program of this very tree (built or source) on a free port; resolves when it is ready for calls. */
export async function startGateway(options: GatewayProcessOptions): Promise<GatewayProcess> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const log: string[] = [];
  const child = spawnMain(options, port, log);
  const exited = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => resolve(code));
  });
  let ended = false;
  void exited.then(() => {
    ended = true;
  });
  const stop = async (): Promise<number | null> => {
    if (!ended) {
      child.kill('SIGTERM');
      // Live calls would be waited for, and then handed over: the second and the third signal cut that short.
      const hurries = [500, 1_000].map((afterMs) =>
        options.clock.after(afterMs, () => child.kill('SIGTERM')),
      );
      const kill = options.clock.after(STOP_MS_MAX, () => child.kill('SIGKILL'));
      await exited;
      for (const hurry of hurries) hurry.cancel();
      kill.cancel();
    }
    return exited;
  };
  const deadlineMs = options.clock.nowMs() + READY_MS_MAX;
  while (!(await isReady(url))) {
    if (ended || options.clock.nowMs() > deadlineMs) {
      await stop();
      throw new Error(`the gateway did not start:\n${log.slice(-20).join('\n')}`);
    }
    await sleep(options.clock, 50);
  }
  return { url, port, pid: child.pid ?? 0, log, exited, stop };
}

function spawnMain(options: GatewayProcessOptions, port: number, log: string[]): ChildProcess {
  const built = import.meta.url.endsWith('.js');
  const { program = 'main' } = options;
  const file = path.join(import.meta.dirname, '..', `${program}.${built ? 'js' : 'ts'}`);
  const args = built ? ['--enable-source-maps', file] : ['--import', 'tsx', file];
  const command = [
    ...(options.cores === undefined ? [] : ['taskset', '-c', options.cores]),
    process.execPath,
    ...(options.nodeArgs ?? []),
    ...args,
  ];
  const child = spawn(command[0] ?? process.execPath, command.slice(1), {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], PORT: String(port), ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const keep = (chunk: Buffer): void => {
    log.push(
      ...chunk
        .toString('utf8')
        .split('\n')
        .filter((line) => line !== ''),
    );
    log.splice(0, Math.max(0, log.length - LOG_LINES_MAX));
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  child.on('error', (error) => log.push(errorText(error)));
  return child;
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/readyz`)).ok;
  } catch {
    // Not listening yet.
    return false;
  }
}

/** Of this machine alone, free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  return port;
}
