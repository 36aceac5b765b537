// The web console: files that the build has made, for anybody (they hold nothing; what they ask for is guarded).
import { fastifyStatic } from '@fastify/static';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { access } from 'node:fs/promises';
import path from 'node:path';
import { errorBody } from './apiError.ts';

/** Names of these have a hash of what is in them. */
const HASHED = `${path.sep}assets${path.sep}`;
const YEAR_S = 31_536_000;
const NOT_BUILT = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Turnpike</title>
<h1>The console is not built</h1>
<p>Run <code>npm run build</code>, then load this page again. The API answers without it.</p>
</html>
`;

/** `folder` is the build's; it may come while the server runs. Registered below `/console`. */
export async function consoleRoutes(app: FastifyInstance, folder: string): Promise<void> {
  app.addHook('onRequest', async (request, reply) => {
    void reply.headers({
      'content-security-policy': consolePolicy(request),
      'permissions-policy': 'camera=(), geolocation=(), microphone=(self)',
      'cross-origin-opener-policy': 'same-origin',
      'cache-control': 'no-cache',
    });
  });
  app.setNotFoundHandler(async (_request, reply) => {
    if (await isBuilt(folder)) return reply.code(404).send(errorBody('not_found', 'no such file'));
    return reply.code(503).type('text/html').send(NOT_BUILT);
  });
  // A place relative to this one, which is right behind a proxy that strips a path as well.
  app.get('', async (_request, reply) => reply.code(308).header('location', 'console/').send());
  await app.register(fastifyStatic, {
    root: folder,
    prefix: '/',
    decorateReply: false,
    cacheControl: false,
    dotfiles: 'ignore',
    setHeaders(reply, file) {
      if (!file.includes(HASHED)) return;
      void reply.header('cache-control', `public, max-age=${YEAR_S}, immutable`);
    },
  });
}

/** Scripts, styles, workers and sockets of this very server alone. `blob:` is a recording that was fetched. */
function consolePolicy({ headers: { host = '' } }: FastifyRequest): string {
  // 'self' covers sockets in browsers of today; older ones want them by name.
  const sockets = /^[\w.:[\]-]+$/.test(host) ? ` ws://${host} wss://${host}` : '';
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "font-src 'self'",
    `connect-src 'self'${sockets}`,
    'media-src blob:',
    "worker-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

async function isBuilt(folder: string): Promise<boolean> {
  return access(path.join(folder, 'index.html')).then(
    () => true,
    () => false,
  );
}
