// A plain HTTP server on loopback for the length of a test, and a pool to ask it with.
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { HttpPool } from '../../src/base/httpPool.ts';

export async function openHttpServer(
  t: TestContext,
  listener: RequestListener,
): Promise<{ readonly pool: HttpPool; readonly url: string }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const pool = new HttpPool();
  t.after(async () => {
    await pool.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { pool, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}
