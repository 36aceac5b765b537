// WebSocket upgrades: which path, who may, and a proper refusal for everybody else.
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { errorText } from '../base/errors.ts';
import { errorBody } from './apiError.ts';
import { EVENTS_PATH, MEDIA_PATH, type ServerContext } from './context.ts';
import { eventsRefusal, serveEvents } from './eventsUpgrade.ts';
import { mediaRefusal, serveMedia } from './mediaUpgrade.ts';
import type { RejectedWhat } from './options.ts';
import { chosenProtocol } from './socketTickets.ts';

/** Why an upgrade is refused. */
export interface UpgradeRefusal {
  readonly status: 400 | 401 | 403 | 404 | 429 | 503;
  readonly what: RejectedWhat;
  readonly message: string;
}

const REASONS: Readonly<Record<UpgradeRefusal['status'], string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  429: 'Too Many Requests',
  503: 'Service Unavailable',
};

const GOING_AWAY = 1001;
/** A watcher has nothing to say. */
const WATCHER_MESSAGE_BYTES_MAX = 4 * 1024;

export interface Upgrades {
  /** Closes every socket with 1001, and cuts those that don't answer within `closeTimeoutMs`. */
  close(): Promise<void>;
}

export function acceptUpgrades(server: Server, context: ServerContext): Upgrades {
  const media = socketServer(context, context.limits.messageBytesMax);
  const watchers = socketServer(context, WATCHER_MESSAGE_BYTES_MAX);

  // Nothing of what a client sends is read while others are asked about its ticket: it waits in the socket.
  async function accept(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const path = (request.url ?? '').split('?', 1)[0];
    if (path === MEDIA_PATH) {
      const refusal = await mediaRefusal(context, request);
      if (refusal !== undefined) return refuse(context, socket, orTooOften(context, request, refusal));
      media.handleUpgrade(request, socket, head, (opened) => serveMedia(context, opened, request));
    } else if (path === EVENTS_PATH) {
      const refusal = await eventsRefusal(context, request, () => watchers.clients.size);
      if (refusal !== undefined) return refuse(context, socket, orTooOften(context, request, refusal));
      watchers.handleUpgrade(request, socket, head, (opened) => serveEvents(context, opened, request));
    } else refuse(context, socket, { status: 404, what: 'path', message: 'no such route' });
  }
  server.on('upgrade', (request, socket, head) => {
    // Nobody else listens yet, and an error without a listener would end the process.
    socket.on('error', () => socket.destroy());
    accept(request, socket, head).catch((error: unknown) => {
      context.options.logger.error({ error: errorText(error) }, 'an upgrade failed');
      socket.destroy();
    });
  });

  return {
    async close() {
      // From here on a handshake is answered with 503.
      media.close();
      watchers.close();
      const open = [...media.clients, ...watchers.clients];
      await Promise.all(open.map((socket) => closeSocket(socket, context)));
    },
  };
}

function socketServer(context: ServerContext, messageBytesMax: number): WebSocketServer {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: true,
    maxPayload: messageBytesMax,
    perMessageDeflate: false,
    handleProtocols: chosenProtocol,
  });
  server.on('wsClientError', (_error, socket) => {
    refuse(context, socket, { status: 400, what: 'request', message: 'not a WebSocket handshake' });
  });
  return server;
}

/** The refusal, or, for an address that was refused too often for what it lacks, that. */
function orTooOften(
  context: ServerContext,
  request: IncomingMessage,
  refusal: UpgradeRefusal,
): UpgradeRefusal {
  const lacking = refusal.status === 401 || refusal.status === 403;
  if (!lacking || context.rates.refused(request) === undefined) return refusal;
  return { status: 429, what: 'address', message: 'too often: try again later' };
}

function refuse(context: ServerContext, socket: Duplex, refusal: UpgradeRefusal): void {
  context.options.metrics.rejected(refusal.what);
  const body = JSON.stringify(errorBody(refusal.what, refusal.message));
  const challenge = refusal.status === 401 ? 'WWW-Authenticate: Bearer\r\n' : '';
  socket.end(
    `HTTP/1.1 ${refusal.status} ${REASONS[refusal.status]}\r\nConnection: close\r\n${challenge}` +
      `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}

function closeSocket(socket: WebSocket, context: ServerContext): Promise<void> {
  return new Promise((resolve) => {
    const timer = context.options.clock.after(context.limits.closeTimeoutMs, () => socket.terminate());
    socket.once('close', () => {
      timer.cancel();
      resolve();
    });
    socket.close(GOING_AWAY, 'shutting down');
  });
}
