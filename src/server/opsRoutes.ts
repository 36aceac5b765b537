// What an orchestrator and a scraper ask.
import type { FastifyInstance } from 'fastify';
import type { ServerContext } from './context.ts';

/** `/healthz`: the process answers. `/readyz`: it takes new calls. Both without a token: they say nothing of calls. */
export function healthRoutes(app: FastifyInstance, context: ServerContext): void {
  app.get('/healthz', async () => ({ status: 'ok' }));
  app.get('/readyz', async (_request, reply) => {
    const { ready, reasons, without = [] } = context.options.readiness();
    const all = new Set([...reasons, ...context.admission.refusals]);
    const answer = {
      ready: ready && all.size === 0,
      reasons: [...all],
      ...(without.length > 0 && { without }),
    };
    return reply.code(answer.ready ? 200 : 503).send(answer);
  });
}

/** Prometheus text, or OpenMetrics with exemplars to those who take it. */
export function metricsRoute(app: FastifyInstance, context: ServerContext): void {
  app.get('/metrics', async (request, reply) => {
    const { contentType, body } = await context.options.metrics.render(request.headers.accept);
    return reply.header('content-type', contentType).send(body);
  });
}
