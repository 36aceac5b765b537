import assert from 'node:assert/strict';
import { constants, type ServerHttp2Stream } from 'node:http2';
import test from 'node:test';
import { STREAMS_MAX } from '../../src/base/http2Sessions.ts';
import { HttpPool } from '../../src/base/httpPool.ts';
import { CERTIFICATE, openHttp2Server, openHttps1Server, type TlsServer } from '../helpers/tlsServer.ts';
import { until } from '../helpers/until.ts';

/** Echoes a body; `/open` says a word and leaves the rest to the test. */
async function setUp(
  run: (rig: {
    readonly server: TlsServer;
    readonly pool: HttpPool;
    readonly open: ServerHttp2Stream[];
  }) => Promise<void>,
): Promise<void> {
  const open: ServerHttp2Stream[] = [];
  const server = await openHttp2Server((stream, path) => {
    if (path === '/never') return;
    if (path === '/empty') {
      stream.respond({ ':status': 204 }, { endStream: true });
      return;
    }
    stream.respond({
      ':status': path === '/missing' ? 404 : 200,
      'content-type': 'text/plain',
      'x-two': ['a', 'b'],
    });
    if (path === '/open') {
      open.push(stream);
      stream.write('one ');
    } else stream.pipe(stream);
  });
  const pool = new HttpPool({ ca: CERTIFICATE });
  try {
    await run({ server, pool, open });
  } finally {
    await pool.close();
    await server.close();
  }
}

const posted = (body: string): RequestInit => ({ method: 'POST', headers: { 'x-key': 'k' }, body });

test('requests at the same time share one connection, and are answered as fetch answers', () =>
  setUp(async ({ server, pool }) => {
    await (await pool.fetch(`${server.origin}/`, posted('first'))).text();
    const texts = await Promise.all(
      ['a', 'b', 'ü'.repeat(400_000)].map(async (body) =>
        (await pool.fetch(`${server.origin}/`, posted(body))).text(),
      ),
    );
    assert.deepEqual(
      texts.map((text) => text.length),
      [1, 1, 400_000],
    );
    assert.deepEqual([server.sessions.length, pool.connectedCount], [1, 1]);
    const missing = await pool.fetch(`${server.origin}/missing`);
    assert.deepEqual(
      [
        missing.status,
        missing.ok,
        missing.headers.get('content-type'),
        missing.headers.get('x-two'),
        await missing.text(),
      ],
      [404, false, 'text/plain', 'a, b', ''],
    );
    const empty = await pool.fetch(`${server.origin}/empty`);
    assert.deepEqual([empty.status, await empty.text()], [204, '']);
  }));

test('a body comes while it is written, and one that is given up costs no connection', () =>
  setUp(async ({ server, pool, open }) => {
    const stop = new AbortController();
    const response = await pool.fetch(`${server.origin}/open`, { signal: stop.signal });
    const reader = response.body?.getReader();
    assert.equal(Buffer.from((await reader?.read())?.value ?? []).toString(), 'one ');
    stop.abort(new Error('not wanted'));
    await assert.rejects(async () => reader?.read(), /not wanted/);
    const cancelled = await pool.fetch(`${server.origin}/open`);
    await cancelled.body?.cancel();
    await until(() => server.ended.length === 2, 'both were told');
    assert.deepEqual(server.ended, [constants.NGHTTP2_CANCEL, constants.NGHTTP2_CANCEL]);
    const early = pool.fetch(`${server.origin}/never`, { signal: AbortSignal.timeout(50) });
    await assert.rejects(early, { name: 'TimeoutError' });
    assert.equal(await (await pool.fetch(`${server.origin}/`, posted('still'))).text(), 'still');
    assert.deepEqual([server.sessions.length, open.length], [1, 2]);
  }));

test('a server that goes away may end what it has begun; what follows has another connection', () =>
  setUp(async ({ server, pool, open }) => {
    const response = await pool.fetch(`${server.origin}/open`);
    server.sessions[0]?.goaway(constants.NGHTTP2_NO_ERROR);
    await until(() => pool.connectedCount === 0, 'the pool was told');
    assert.equal(await (await pool.fetch(`${server.origin}/`, posted('new'))).text(), 'new');
    assert.equal(server.sessions.length, 2);
    open[0]?.end('two');
    assert.equal(await response.text(), 'one two');
  }));

test('an answer that breaks off fails, and the next has a new connection', () =>
  setUp(async ({ server, pool }) => {
    const cut = await pool.fetch(`${server.origin}/open`);
    server.sessions[0]?.destroy();
    await assert.rejects(cut.text(), { message: 'terminated' });
    await until(() => pool.connectedCount === 0, 'the pool saw it');
    assert.equal(await (await pool.fetch(`${server.origin}/`, posted('new'))).text(), 'new');
  }));

test('a repeatable request is sent once more when its connection dies before an answer', async () => {
  let asked = 0;
  const server = await openHttp2Server((stream) => {
    asked += 1;
    if (asked === 2) {
      stream.session?.destroy();
      return;
    }
    stream.respond({ ':status': 200 });
    stream.end('ok');
  });
  const pool = new HttpPool({ ca: CERTIFICATE });
  assert.equal(await (await pool.fetch(server.origin)).text(), 'ok');
  assert.equal(await (await pool.repeatableFetch(server.origin, posted('{}'))).text(), 'ok');
  assert.equal(asked, 3);
  await pool.close();
  await server.close();
});

test('a request that the server resets is not sent again: its connection lives', async () => {
  let asked = 0;
  const server = await openHttp2Server((stream) => {
    asked += 1;
    if (asked === 2) {
      stream.close(constants.NGHTTP2_INTERNAL_ERROR);
      return;
    }
    stream.respond({ ':status': 200 });
    stream.end('ok');
  });
  const pool = new HttpPool({ ca: CERTIFICATE });
  assert.equal(await (await pool.fetch(server.origin)).text(), 'ok');
  await assert.rejects(pool.repeatableFetch(server.origin, posted('{}')), { message: 'fetch failed' });
  assert.equal(asked, 2);
  assert.equal(pool.connectedCount, 1);
  await pool.close();
  await server.close();
});

test('many requests at once, before there is a connection, are spread as later ones are', () =>
  setUp(async ({ server, pool, open }) => {
    const stop = new AbortController();
    const all = Array.from({ length: 2 * STREAMS_MAX + 1 }, () =>
      pool.fetch(`${server.origin}/open`, { signal: stop.signal }),
    );
    await Promise.all(all);
    assert.deepEqual([open.length, server.sessions.length], [2 * STREAMS_MAX + 1, 3]);
    stop.abort(new Error('enough'));
  }));

test('a pool that is closed opens nothing more', async () => {
  const server = await openHttp2Server((stream) => stream.respond({ ':status': 204 }, { endStream: true }));
  const pool = new HttpPool({ ca: CERTIFICATE });
  await pool.close();
  await assert.rejects(pool.fetch(server.origin), (error) => {
    assert.ok(error instanceof TypeError && error.cause instanceof Error);
    return error.cause.message === 'the pool is closed';
  });
  assert.equal(server.sessions.length, 0);
  await server.close();
});

test('so many requests share a connection, and the next opens another', () =>
  setUp(async ({ server, pool, open }) => {
    await (await pool.fetch(`${server.origin}/`, posted('first'))).text();
    const responses = [];
    for (let request = 0; request <= STREAMS_MAX; request += 1) {
      responses.push(await pool.fetch(`${server.origin}/open`));
    }
    assert.equal(server.sessions.length, 2);
    for (const stream of open) stream.end('two');
    for (const response of responses) assert.equal(await response.text(), 'one two');
  }));

test('a server with HTTP/1.1 alone is spoken to in that, and kept connections are used again', async () => {
  const versions: string[] = [];
  const server = await openHttps1Server((request, response) => {
    versions.push(request.httpVersion);
    response.end('ok');
  });
  const pool = new HttpPool({ ca: CERTIFICATE });
  for (let request = 0; request < 3; request += 1)
    assert.equal(await (await pool.fetch(server.origin)).text(), 'ok');
  assert.deepEqual([versions, pool.connectedCount], [['1.1', '1.1', '1.1'], 1]);
  await pool.close();
  await server.close();
});

test('a certificate that nobody vouches for is refused', () =>
  setUp(async ({ server }) => {
    const pool = new HttpPool();
    await assert.rejects(pool.fetch(server.origin), (error: TypeError) => {
      assert.match((error.cause as Error).message, /certificate/);
      return error.message === 'fetch failed';
    });
    await pool.close();
  }));
