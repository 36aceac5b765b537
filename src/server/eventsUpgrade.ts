// Live events to whoever watches. A watcher that doesn't read is dropped: no call waits for one.
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import type { WebSocket } from 'ws';
import type { Clock } from '../base/clock.ts';
import { adminAccess, isOwnOrigin } from './auth.ts';
import type { ServerContext } from './context.ts';
import { TICKET_TTL_MS } from './socketTickets.ts';
import type { UpgradeRefusal } from './upgrades.ts';

/** A watcher may be silent for ever; one that doesn't answer a ping within this is gone. */
const PING_EVERY_MS = 30_000;
const TRY_AGAIN_LATER = 1013;

/** For pages in a browser, which can't send the bearer with a WebSocket. */
export function eventTicketRoute(app: FastifyInstance, context: ServerContext): void {
  app.post('/v1/events/ticket', async (_request, reply) =>
    reply.code(201).send({ ticket: context.tickets.mint('events'), expiresInMs: TICKET_TTL_MS }),
  );
}

/** Why this watcher is refused, if it is. `watchers`: how many there are by now. */
export async function eventsRefusal(
  context: ServerContext,
  request: IncomingMessage,
  watchers: () => number,
): Promise<UpgradeRefusal | undefined> {
  const access = adminAccess(request, context.options.adminToken);
  if (access === 'unauthorized' && !(await context.tickets.admits(request, 'events'))) {
    return { status: 401, what: 'auth', message: 'a valid bearer token or ticket is required' };
  }
  if (access === 'not_local' || !isOwnOrigin(request, context.addresses().publicUrl)) {
    return { status: 403, what: 'auth', message: 'only local peers are served' };
  }
  return watchers() >= context.limits.watchersMax
    ? { status: 503, what: 'overload', message: 'no more watchers are taken now' }
    : undefined;
}

/** Sends each event as one message; `?callSid=` narrows them to one call. */
export function serveEvents(context: ServerContext, socket: WebSocket, request: IncomingMessage): void {
  const { options } = context;
  const callSid = new URL(request.url ?? '/', 'http://localhost').searchParams.get('callSid');
  const watch = options.events.watch(callSid === null ? {} : { callSid }, {
    send: (text) => socket.send(text),
    bufferedBytes: () => socket.bufferedAmount,
    onDropped: (reason) => {
      if (reason === 'slow') options.metrics.rejected('too_slow');
      options.logger.warn({ reason, lostEvents: watch?.lostEvents }, 'dropped a watcher of events');
      drop(socket);
    },
  });
  if (watch === undefined) {
    options.metrics.rejected('overload');
    drop(socket);
  }
  const stopPinging = keepAlive(socket, options.clock);
  // A watcher has nothing to say; what it says all the same is bounded by maxPayload and not read.
  socket.on('error', () => socket.terminate());
  socket.on('close', () => {
    watch?.close();
    stopPinging();
  });
}

/** Says why, and doesn't wait for an answer: a peer that doesn't read would not give one. */
function drop(socket: WebSocket): void {
  socket.close(TRY_AGAIN_LATER, 'try again later');
  socket.terminate();
}

function keepAlive(socket: WebSocket, clock: Clock): () => void {
  let alive = true;
  socket.on('pong', () => {
    alive = true;
  });
  const check = (): void => {
    if (!alive) return socket.terminate();
    alive = false;
    socket.ping();
    timer = clock.after(PING_EVERY_MS, check);
  };
  let timer = clock.after(PING_EVERY_MS, check);
  return () => timer.cancel();
}
