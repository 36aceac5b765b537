// A real server's process: started, and watched until it says that it takes connections.
import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';

const LOG_CHARS_MAX = 10_000;

/**
 * Resolves with the process when `says` stands in what it writes to `output`; rejects with the end of that when it ends
 * before. It does not outlive this process: then it gets `signal`.
 */
export function whenServing(
  name: string,
  server: ChildProcess,
  output: Readable,
  says: string,
  signal: NodeJS.Signals,
): Promise<ChildProcess> {
  const killServer = (): void => void server.kill(signal);
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
