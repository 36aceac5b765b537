// How long callers waited lately, from the turns that are stored.
import type { FastifyInstance } from 'fastify';
import { checked, latencyQuery } from './apiSchemas.ts';
import type { ServerContext } from './context.ts';
import { fromStore } from './storeAnswer.ts';

/** So many points make a picture; an hour's are a minute each. */
const SLOTS = 60;
const MINUTE_MS = 60_000;

export function latencyRoute(app: FastifyInstance, context: ServerContext): void {
  const { reader, clock } = context.options;

  app.get('/v1/latency', async (request) => {
    const { minutes } = checked(latencyQuery, request.query);
    const until = new Date(clock.wallMs());
    const since = new Date(until.getTime() - minutes * MINUTE_MS);
    const slotMs = (minutes * MINUTE_MS) / SLOTS;
    return { since, until, slotMs, ...(await fromStore(context, reader.latency({ since, slotMs }))) };
  });
}
