import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { CarrierRoutes } from '../../src/sim/carrierRoutes.ts';
import { VirtualClock } from '../helpers/virtualClock.ts';

const PUBLIC = 'https://voice.example.com';

interface Instance {
  readonly url: string;
  ready: boolean;
  asked: number;
}

async function openInstance(t: TestContext): Promise<Instance> {
  const server: Server = createServer((_request, response) => {
    instance.asked += 1;
    response.writeHead(instance.ready ? 200 : 503).end();
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const instance: Instance = { url: `http://127.0.0.1:${port}`, ready: true, asked: 0 };
  return instance;
}

test('an address that nobody has routed is dialled as it is, one that was where it leads, sockets as well', async () => {
  const routes = new CarrierRoutes(new VirtualClock());
  assert.deepEqual(await routes.candidates(`${PUBLIC}/twilio/voice`), [`${PUBLIC}/twilio/voice`]);
  routes.set(PUBLIC, ['http://127.0.0.1:1']);
  assert.deepEqual(await routes.candidates(`${PUBLIC}/twilio/voice?a=1`), [
    'http://127.0.0.1:1/twilio/voice?a=1',
  ]);
  assert.equal(routes.first('wss://voice.example.com/twilio/media'), 'ws://127.0.0.1:1/twilio/media');
});

test('of several instances the ready ones come first, in turn, and those that are not last', async (t) => {
  const clock = new VirtualClock();
  const routes = new CarrierRoutes(clock);
  const [one, two, three] = [await openInstance(t), await openInstance(t), await openInstance(t)];
  three.ready = false;
  routes.set(PUBLIC, [one.url, two.url, three.url]);
  const firsts = new Set<string>();
  for (let i = 0; i < 6; i += 1) {
    const order = await routes.candidates(`${PUBLIC}/x`);
    assert.equal(order.length, 3);
    assert.equal(order.at(-1), `${three.url}/x`);
    firsts.add(order[0] ?? '');
  }
  assert.deepEqual(firsts, new Set([`${one.url}/x`, `${two.url}/x`]));
});

test('a balancer learns of an instance that drains only when it looks again', async (t) => {
  const clock = new VirtualClock();
  const routes = new CarrierRoutes(clock);
  const one = await openInstance(t);
  routes.set(PUBLIC, [one.url, 'http://127.0.0.1:1']);
  const first = async (): Promise<string | undefined> => (await routes.candidates(`${PUBLIC}/x`))[0];
  assert.equal(await first(), `${one.url}/x`);
  one.ready = false;
  await clock.advance(400);
  assert.equal(await first(), `${one.url}/x`);
  assert.equal(one.asked, 1);
  await clock.advance(200);
  const firsts = new Set([await first(), await first()]);
  assert.equal(one.asked, 2);
  assert.equal(firsts.size, 2, 'none is better than the other');
});
