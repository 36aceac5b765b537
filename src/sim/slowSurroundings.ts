// Loaded into a gateway's process before the gateway (`node --import`): the disk under its speech cache, and whoever
// watches its events, take the time that this module's address says: `?diskMs=20&watchersMs=10`. For benches alone.
import fs from 'node:fs/promises';
import { Server, type IncomingMessage } from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import type { Socket } from 'node:net';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { sleep, systemClock } from '../base/clock.ts';

const SPEECH_FOLDER = `${path.sep}speech${path.sep}`;

export interface Slowness {
  /** Before each read of a file of the speech cache. */
  readonly diskMs: number;
  /** How long what is sent to a watcher of events lies in the process: as over a line that takes so long. */
  readonly watchersMs: number;
}

/** For node: what loads it, with these delays. */
export function slowSurroundings({ diskMs, watchersMs }: Slowness): readonly string[] {
  const url = pathToFileURL(import.meta.filename);
  url.search = `diskMs=${diskMs}&watchersMs=${watchersMs}`;
  // From source it is TypeScript, which node has to be taught first.
  const loader = url.pathname.endsWith('.ts') ? ['--import', 'tsx'] : [];
  return [...loader, '--import', url.href];
}

/** For who was loaded that way. */
function slowDown({ diskMs, watchersMs }: Slowness): void {
  const read = fs.readFile as (...args: unknown[]) => Promise<unknown>;
  const slowRead = async (...args: unknown[]): Promise<unknown> => {
    if (String(args[0]).includes(SPEECH_FOLDER)) await sleep(systemClock, diskMs);
    return read(...args);
  };
  Object.assign(fs, { readFile: slowRead });
  syncBuiltinESMExports();

  const { prototype } = Server;
  const emit = Reflect.get(prototype, 'emit') as (...args: unknown[]) => boolean;
  prototype.emit = function slowEmit(this: Server, event: string | symbol, ...args: unknown[]) {
    const [request, socket] = args as [IncomingMessage, Socket];
    if (event === 'upgrade' && request.url?.startsWith('/v1/events') === true) holdBack(socket, watchersMs);
    return emit.apply(this, [event, ...args]);
  };
}

/** What is written waits, all of it together, for so long before the system gets it. */
function holdBack(socket: Socket, delayMs: number): void {
  const write = Reflect.get(socket, 'write') as (...args: unknown[]) => boolean;
  let held = false;
  socket.write = (...args: unknown[]): boolean => {
    if (!held) {
      held = true;
      socket.cork();
      systemClock.after(delayMs, () => {
        held = false;
        socket.uncork();
      });
    }
    return write.apply(socket, args);
  };
}

const asked = new URL(import.meta.url).searchParams;
if (asked.has('diskMs')) {
  slowDown({ diskMs: Number(asked.get('diskMs')), watchersMs: Number(asked.get('watchersMs')) });
}
