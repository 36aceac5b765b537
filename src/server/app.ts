// The HTTP side: routes joined, bodies bounded, every error in one form, one header set.
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Socket } from 'node:net';
import { errorText } from '../base/errors.ts';
import { answerRefusal, ApiError, errorBody } from './apiError.ts';
import { callRoutes } from './callRoutes.ts';
import { consoleRoutes } from './consoleRoutes.ts';
import type { ServerContext } from './context.ts';
import { eventTicketRoute } from './eventsUpgrade.ts';
import { latencyRoute } from './latencyRoute.ts';
import { leadRoutes } from './leadRoutes.ts';
import { metricsRoute, healthRoutes } from './opsRoutes.ts';
import { openApi } from './openapi.ts';
import { adminAccess, isOwnOrigin } from './auth.ts';
import { recordingRoute } from './recordingRoute.ts';
import { softphoneRoutes } from './softphoneRoutes.ts';
import { twilioRoutes } from './twilioRoutes.ts';

const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cache-control': 'no-store',
} as const;

const HEADER_BYTES_MAX = 16 * 1024;

export function buildApp(context: ServerContext): FastifyInstance {
  const { limits } = context;
  const app = fastify({
    logger: false,
    bodyLimit: limits.bodyBytesMax,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionTimeout: limits.unreadTimeoutMs,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    exposeHeadRoutes: false,
    http: {
      headersTimeout: limits.headersTimeoutMs,
      connectionsCheckingInterval: limits.timeoutCheckMs,
      maxHeaderSize: HEADER_BYTES_MAX,
    },
    clientErrorHandler: (error, socket) => onClientError(context, error, socket),
    frameworkErrors: (_error, _request, reply: FastifyReply) => {
      context.options.metrics.rejected('request');
      void reply.code(400).send(errorBody('bad_request', 'not a valid request'));
    },
  });
  app.server.maxConnections = limits.connectionsMax;
  // Also told of kept connections that stood idle: nothing waits in these.
  app.server.on('timeout', (socket) => {
    if (socket.writableLength > 0) context.options.metrics.rejected('too_slow');
    socket.destroy();
  });
  app.removeAllContentTypeParsers();
  app.setErrorHandler((error, request, reply) => answerError(context, error, request, reply));
  app.setNotFoundHandler((_request, reply) => reply.code(404).send(errorBody('not_found', 'no such route')));
  app.addHook('onRequest', async (_request, reply) => {
    void reply.headers(SECURITY_HEADERS);
  });
  app.addHook('onResponse', async (request, reply) => {
    const { url: route } = request.routeOptions;
    const { method } = request;
    const { statusCode: status, elapsedTime: durationMs } = reply;
    context.options.logger.debug({ method, route, status, durationMs }, 'answered a request');
  });
  void app.register(async (scope) => healthRoutes(scope, context));
  void app.register(async (scope) => twilioRoutes(scope, context));
  void app.register(async (scope) => adminRoutes(scope, context));
  const { consoleDir } = context.options;
  void app.register(async (scope) => consoleRoutes(scope, consoleDir), { prefix: '/console' });
  return app;
}

/** What the admin token guards. */
function adminRoutes(app: FastifyInstance, context: ServerContext): void {
  const { adminToken, metrics } = context.options;
  app.addHook('onRequest', async (request, reply) => {
    const access = adminAccess(request.raw, adminToken);
    // Whoever needs no bearer may be a page of somebody else's in a browser on this machine.
    const foreign = adminToken === undefined && !isOwnOrigin(request.raw, context.addresses().publicUrl);
    if (access === 'granted' && !foreign) return;
    metrics.rejected('auth');
    if (access !== 'unauthorized') throw new ApiError(403, 'forbidden', 'only local peers are served');
    void reply.header('www-authenticate', 'Bearer');
    throw new ApiError(401, 'unauthorized', 'a valid bearer token is required');
  });
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    // Many clients name a type on an empty body.
    if (body.length === 0) done(null, undefined);
    else void parseJson(request, String(body), done);
  });
  metricsRoute(app, context);
  callRoutes(app, context);
  recordingRoute(app, context);
  leadRoutes(app, context);
  latencyRoute(app, context);
  eventTicketRoute(app, context);
  softphoneRoutes(app, context);
  app.get('/v1/openapi.json', async () => openApi(context.addresses().publicUrl));
}

/** Answers in the one form; what is not meant for the outside stays in the log. */
function answerError(
  context: ServerContext,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  if (answerRefusal(error, reply, context.options.metrics)) return reply;
  const { url: route } = request.routeOptions;
  context.options.logger.error({ route, error: errorText(error) }, 'a request failed');
  return reply.code(500).send(errorBody('internal', 'something went wrong here'));
}

/** Bytes that are no request, or a request that did not arrive in time. */
function onClientError(
  context: ServerContext,
  error: Error & { readonly code?: string },
  socket: Socket,
): void {
  // The peer went away, which is its right.
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  context.options.metrics.rejected('request');
  const [status, code] = CLIENT_FAILURES[error.code ?? ''] ?? ['400 Bad Request', 'bad_request'];
  const body = JSON.stringify(errorBody(code, status.slice(4).toLowerCase()));
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}

const CLIENT_FAILURES: Readonly<Record<string, readonly [status: string, code: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'request_timeout'],
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'headers_too_large'],
};
