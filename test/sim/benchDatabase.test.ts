// When PostgreSQL cannot be struck, nobody is left on the line and nobody goes on watching.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { WebSocketServer } from 'ws';
import { strikeDatabase, type Struck } from '../../src/sim/benchDatabase.ts';
import { until } from '../helpers/until.ts';

/** A gateway that tells nothing, one caller who stays until the end, and a server that refuses to be shut down. */
async function openStruck() {
  const web = createServer();
  const watchers = new WebSocketServer({ server: web });
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  const seen = { hungUp: 0, watching: () => watchers.clients.size };
  let ended = (): void => undefined;
  const caller = {
    take: () =>
      new Promise((resolve) => {
        ended = () => resolve({ turns: [] });
      }),
  };
  const call = {
    hangUp: () => {
      seen.hungUp += 1;
      ended();
    },
  };
  const struck = {
    stage: { prepare: () => Promise.resolve(caller) },
    house: {
      gateway: { url: `http://127.0.0.1:${(web.address() as AddressInfo).port}` },
      carrier: { placeCall: () => call },
    },
    server: { shutDown: () => Promise.reject(new Error('it goes on')) },
    databaseUrl: '',
  } as unknown as Struck;
  const close = (): void => {
    watchers.close();
    web.close();
  };
  return { struck, seen, close };
}

test('when the database cannot be struck, all hang up and the events are let go', async () => {
  const { struck, seen, close } = await openStruck();
  const options = {
    calls: 1,
    blows: [{ how: 'shut down', ms: 0, turns: 0 }],
    between: { ms: 0, turns: 0 },
  } as const;
  try {
    await assert.rejects(strikeDatabase(struck, options), /it goes on/);
    assert.equal(seen.hungUp, 1);
    await until(() => seen.watching() === 0, 'nobody watches');
  } finally {
    close();
  }
});
