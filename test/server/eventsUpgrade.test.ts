import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { LiveEvent } from '../../src/events/event.ts';
import { until } from '../helpers/until.ts';
import { VirtualClock } from '../helpers/virtualClock.ts';
import { ADMIN_TOKEN, closeCode, served, textOf, upgrade } from './harness.ts';

const BEARER = { authorization: `Bearer ${ADMIN_TOKEN}` };

function ended(callSid: string): LiveEvent {
  return { type: 'call.ended', callSid, at: 1, outcome: 'completed', durationMs: 5 };
}

served('a watcher gets each event as one message, of all calls or of one', async (harness) => {
  const all = await upgrade(harness, '/v1/events', BEARER);
  const one = await upgrade(harness, '/v1/events?callSid=CA2', BEARER);
  const toAll: unknown[] = [];
  const toOne: unknown[] = [];
  all.socket.on('message', (data) => toAll.push(JSON.parse(textOf(data))));
  one.socket.on('message', (data) => toOne.push(JSON.parse(textOf(data))));
  harness.publish(ended('CA1'));
  harness.publish(ended('CA2'));
  await until(() => toAll.length === 2 && toOne.length === 1, 'the events have come');
  assert.deepEqual(toAll, [ended('CA1'), ended('CA2')]);
  assert.deepEqual(toOne, [ended('CA2')]);
  all.socket.close();
  await until(() => harness.watchers() === 1, 'the watcher is forgotten');
  harness.publish(ended('CA1'));
});

served('without the token, or from a page of somebody else, nobody watches', async (harness) => {
  const { status: missing } = await upgrade(harness, '/v1/events');
  const { status: wrong } = await upgrade(harness, '/v1/events', { authorization: 'Bearer x' });
  const { status: foreign } = await upgrade(harness, '/v1/events', {
    ...BEARER,
    origin: 'https://evil.example',
  });
  assert.deepEqual([missing, wrong, foreign], [401, 401, 403]);
  assert.deepEqual(harness.rejected, ['auth', 'auth', 'auth']);
});

served(
  'without a token a local peer watches',
  async (harness) => assert.equal((await upgrade(harness, '/v1/events')).status, 101),
  { adminToken: undefined },
);

served(
  'more watchers than are taken are refused',
  async (harness) => {
    assert.equal((await upgrade(harness, '/v1/events', BEARER)).status, 101);
    assert.equal((await upgrade(harness, '/v1/events', BEARER)).status, 503);
    assert.deepEqual(harness.rejected, ['overload']);
  },
  { limits: { watchersMax: 1 } },
);

served('a watcher that does not read is dropped', async (harness) => {
  const { socket } = await upgrade(harness, '/v1/events', BEARER);
  socket.pause();
  const event = { ...ended('CA1'), outcome: 'x'.repeat(20_000) };
  for (let i = 0; i < 10_000 && harness.rejected.length === 0; i += 1) {
    harness.publish(event);
    if (i % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual(harness.rejected, ['too_slow']);
  await until(() => harness.watchers() === 0, 'the watcher is forgotten');
  socket.terminate();
});

served(
  'a watcher whom the bus does not take is sent away',
  async (harness) => {
    const { socket } = await upgrade(harness, '/v1/events', BEARER);
    assert.ok([1006, 1013, -1].includes(await closeCode(socket)));
    assert.deepEqual(harness.rejected, ['overload']);
  },
  { events: { watch: () => undefined } },
);

served('a watcher that talks too much is cut, and others are not', async (harness) => {
  const loud = await upgrade(harness, '/v1/events', BEARER);
  const calm = await upgrade(harness, '/v1/events', BEARER);
  loud.socket.send('x'.repeat(10_000));
  assert.ok([1006, 1009].includes(await closeCode(loud.socket)));
  assert.equal(calm.socket.readyState, calm.socket.OPEN);
});

const clock = new VirtualClock();
served(
  'a watcher that answers pings stays, and one that does not is gone after two',
  async (harness) => {
    const lively = await upgrade(harness, '/v1/events', BEARER);
    const dead = await upgrade(harness, '/v1/events', BEARER);
    dead.socket.pause();
    let pings = 0;
    lively.socket.on('ping', () => {
      pings += 1;
    });
    await clock.advance(30_000);
    await until(() => pings === 1, 'the ping has come');
    // Frames keep their order: when our own ping is answered, our pong has been read.
    lively.socket.ping();
    await once(lively.socket, 'pong');
    await clock.advance(30_000);
    await until(() => harness.watchers() === 1, 'the dead one is forgotten');
    assert.equal(lively.socket.readyState, lively.socket.OPEN);
    dead.socket.terminate();
    lively.socket.terminate();
    await until(() => harness.watchers() === 0, 'the lively one is gone');
  },
  { clock },
);
