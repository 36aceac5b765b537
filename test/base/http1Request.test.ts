// What a provider's request over HTTP/1.1 has in common with `fetch`, over real sockets.
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import { HttpPool } from '../../src/base/httpPool.ts';
import { openHttpServer } from '../helpers/httpServer.ts';
import { until } from '../helpers/until.ts';

test('method, path, headers and body arrive, and status, headers and body come back', async (t) => {
  const { pool, url } = await openHttpServer(t, (request, response) => {
    let body = '';
    request.on('data', (piece: Buffer) => (body += piece.toString()));
    request.on('end', () => {
      response.writeHead(418, { 'content-type': 'text/plain', 'x-two': ['a', 'b'] });
      response.end(`${request.method} ${request.url} ${String(request.headers['x-own'])} ${body}`);
    });
  });
  const response = await pool.fetch(`${url}/v1/speech?a=1`, {
    method: 'POST',
    headers: { 'X-Own': 'yes' },
    body: '{"text":"ä"}',
  });
  assert.equal(response.status, 418);
  assert.equal(response.ok, false);
  assert.equal(response.headers.get('x-two'), 'a, b');
  assert.equal(await response.text(), 'POST /v1/speech?a=1 yes {"text":"ä"}');
});

test('the body is read as it comes, and what nobody reads keeps the server waiting', async (t) => {
  let served: ServerResponse | undefined;
  const { pool, url } = await openHttpServer(t, (request, response) => {
    if (request.url === '/other') return response.end('other');
    served = response;
    return response.write('first');
  });
  const reader = (await pool.fetch(url)).body?.getReader();
  assert.equal(Buffer.from((await reader?.read())?.value ?? []).toString(), 'first');
  const chunk = Buffer.alloc(64 * 1_024);
  const chunks = 400;
  for (let written = 0; written < chunks; written += 1) served?.write(chunk);
  served?.end();
  // Many times as long as it takes to read all of it.
  for (let other = 0; other < 50; other += 1) await (await pool.fetch(`${url}/other`)).text();
  assert.ok((served?.writableLength ?? 0) > 0, 'the server still holds what was not read');
  let bytes = 0;
  for (let read = await reader?.read(); read?.done === false; read = await reader?.read())
    bytes += read.value.length;
  assert.equal(bytes, chunks * chunk.length);
});

test('an abort before the answer rejects with its reason, and one in the body ends it with it', async (t) => {
  const { pool, url } = await openHttpServer(t, (request, response) => {
    if (request.url === '/body') response.write('half');
  });
  const reason = new Error('barge-in');
  const before = new AbortController();
  const asked = pool.fetch(url, { signal: before.signal });
  before.abort(reason);
  await assert.rejects(asked, (error) => error === reason);
  const within = new AbortController();
  const response = await pool.fetch(`${url}/body`, { signal: within.signal });
  const reader = response.body?.getReader();
  await reader?.read();
  within.abort(reason);
  await assert.rejects(
    async () => reader?.read(),
    (error) => error === reason,
  );
  await until(() => pool.connectedCount === 0, 'both connections are closed');
});

test('a body that is cut is no whole one', async (t) => {
  const { pool, url } = await openHttpServer(t, (request, response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('half', () => request.socket.destroy());
  });
  const response = await pool.fetch(url);
  await assert.rejects(response.text(), { name: 'TypeError', message: 'terminated' });
});

test('a body that is not wanted any more gives its connection up', async (t) => {
  const { pool, url } = await openHttpServer(t, (_request, response) => response.write('endless'));
  const response = await pool.fetch(url);
  await response.body?.cancel();
  await until(() => pool.connectedCount === 0, 'the connection is closed');
});

test('nothing is read of an answer without a body, and its connection serves the next', async (t) => {
  const { pool, url } = await openHttpServer(t, (_request, response) => response.writeHead(204).end());
  for (let request = 0; request < 2; request += 1) {
    const response = await pool.fetch(url);
    assert.deepEqual([response.status, response.body], [204, null]);
  }
  await until(() => pool.connectedCount === 1, 'one connection serves both');
});

test('a redirection is answered, not followed', async (t) => {
  const { pool, url } = await openHttpServer(t, (request, response) => {
    if (request.url === '/there') response.end('here');
    else response.writeHead(307, { location: '/there' }).end('elsewhere');
  });
  const response = await pool.fetch(url);
  assert.deepEqual([response.status, response.headers.get('location')], [307, '/there']);
  assert.equal(await response.text(), 'elsewhere');
});

test('a server that is not there is a failure with its cause', async () => {
  const pool = new HttpPool();
  await assert.rejects(pool.fetch('http://127.0.0.1:1/'), (error) => {
    assert.ok(error instanceof TypeError && error.cause instanceof Error);
    return 'code' in error.cause && error.cause.code === 'ECONNREFUSED';
  });
  await pool.close();
});
