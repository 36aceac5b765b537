import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { createServer as createTcpServer, type Server as TcpServer, type Socket } from 'node:net';
import test from 'node:test';
import { HttpPool } from '../../src/base/httpPool.ts';
import { until } from '../helpers/until.ts';

/** Answers each request with the number of the connection it came on. */
async function numberingServer(): Promise<{ origin: string; sockets: Socket[]; close: () => Promise<void> }> {
  const sockets: Socket[] = [];
  const server: Server = createServer((request, response) => {
    const answer = (): unknown => response.end(String(sockets.indexOf(request.socket)));
    if (request.url === '/slow') setImmediate(() => setImmediate(answer));
    else if (request.url !== '/never') answer();
  });
  server.on('connection', (socket) => sockets.push(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${portOf(server)}`,
    sockets,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function textFrom(pool: HttpPool, url: string): Promise<string> {
  return await (await pool.fetch(url)).text();
}

test('one connection serves one request after another', async () => {
  const server = await numberingServer();
  const pool = new HttpPool();
  for (let request = 0; request < 3; request += 1) assert.equal(await textFrom(pool, server.origin), '0');
  assert.equal(pool.connectedCount, 1);
  await pool.close();
  await server.close();
});

test('an open connection is taken before one that would have to be opened', async () => {
  const server = await numberingServer();
  const pool = new HttpPool();
  await Promise.all([1, 2].map(() => textFrom(pool, `${server.origin}/slow`)));
  assert.equal(pool.connectedCount, 2);
  server.sockets[0]?.end();
  await until(() => pool.connectedCount === 1, 'the pool sees that one was closed');
  assert.equal(await textFrom(pool, server.origin), '1');
  assert.equal(server.sockets.length, 2);
  await pool.close();
  await server.close();
});

test('above the bound a request waits for a busy connection', async () => {
  const server = await numberingServer();
  const pool = new HttpPool({ connectionsMax: 2 });
  const answers = await Promise.all([1, 2, 3, 4, 5].map(() => textFrom(pool, `${server.origin}/slow`)));
  assert.deepEqual([...new Set(answers)].sort(), ['0', '1']);
  await pool.close();
  await server.close();
});

/** Serves `servesMax` requests a connection, and cuts it at the next one. */
async function cuttingServer(
  servesMax: number,
): Promise<{ origin: string; asked: () => number; close: () => Promise<void> }> {
  let asked = 0;
  const server = createTcpServer((socket) => {
    let served = 0;
    socket.on('error', () => socket.destroy());
    socket.on('data', () => {
      asked += 1;
      served += 1;
      if (served > servesMax) socket.destroy();
      else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${portOf(server)}`,
    asked: () => asked,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

test('a repeatable request is sent once more when a kept connection dies under it', async () => {
  const server = await cuttingServer(1);
  const pool = new HttpPool();
  assert.equal(await textFrom(pool, server.origin), 'ok');
  const response = await pool.repeatableFetch(server.origin, { method: 'POST', body: '{}' });
  assert.equal(await response.text(), 'ok');
  assert.equal(server.asked(), 3);
  await pool.close();
  await server.close();
});

test('any other request is not, and neither is one on a new connection', async () => {
  const server = await cuttingServer(1);
  const pool = new HttpPool();
  assert.equal(await textFrom(pool, server.origin), 'ok');
  await assert.rejects(pool.fetch(server.origin, { method: 'POST', body: '{}' }));
  assert.equal(server.asked(), 2);
  await pool.close();
  await server.close();

  const dead = await cuttingServer(0);
  const deadPool = new HttpPool();
  await assert.rejects(deadPool.repeatableFetch(dead.origin, { method: 'POST', body: '{}' }));
  assert.equal(dead.asked(), 1);
  await assert.rejects(deadPool.repeatableFetch('http://127.0.0.1:1/'));
  await deadPool.close();
  await dead.close();
});

test('closing cuts what is under way, once', async () => {
  const server = await numberingServer();
  const pool = new HttpPool();
  const cut = assert.rejects(pool.fetch(`${server.origin}/never`));
  await until(() => server.sockets.length === 1, 'the request is under way');
  await Promise.all([pool.close(), pool.close()]);
  await cut;
  assert.equal(pool.connectedCount, 0);
  await server.close();
});

function portOf(server: TcpServer): number {
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return address.port;
}
