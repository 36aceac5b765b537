// A real server's process: started, and watched until it says that it takes connections.
import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { sleep, systemClock } from '../base/clock.ts';

const LOG_CHARS_MAX = 10_000;
/** What was killed is gone in no time, unless the machine is very busy. */
const GONE_MS_MAX = 10_000;

/**
 * Resolves with the process when `says` stands in what it writes to `output`; rejects with the end of that when it ends
 * before. It does not outlive this process: then it gets `ending`.
 */
export function whenServing(
  name: string,
  server: ChildProcess,
  output: Readable,
  says: string,
  ending: NodeJS.Signals,
): Promise<ChildProcess> {
  const killServer = (): void => {
    server.kill(ending);
    // One that was made to stand still hears of it only then.
    server.kill('SIGCONT');
  };
  process.once('exit', killServer);
  return new Promise((resolve, reject) => {
    let log = '';
    server.once('error', reject);
    server.once('exit', (code) => {
      process.off('exit', killServer);
      reject(new Error(`${name} ended (${code}): ${log}`));
    });
    output.setEncoding('utf8').on('data', (text: string) => {
      log = (log + text).slice(-LOG_CHARS_MAX);
      if (log.includes(says)) resolve(server);
    });
  });
}

/** The processes that this one has started and that live; none where there is no /proc. */
export function childrenOf(pid: number): readonly number[] {
  return processes().filter((other) => statusOf(other)?.parent === pid);
}

/** To a process that may have ended by now. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** Resolves when it has ended, whether or not anybody has asked how. */
export async function gone(pid: number): Promise<void> {
  const deadlineMs = systemClock.nowMs() + GONE_MS_MAX;
  while ((statusOf(pid)?.state ?? 'Z') !== 'Z') {
    if (systemClock.nowMs() > deadlineMs) throw new Error(`the process ${pid} does not end`);
    await sleep(systemClock, 10);
  }
}

function processes(): readonly number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

/** proc(5): state and parent are fields 3 and 4. The name, field 2, may contain anything. */
function statusOf(pid: number): { readonly state: string; readonly parent: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state = '', parent = ''] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state, parent: Number(parent) };
  } catch {
    // It has ended.
    return undefined;
  }
}
