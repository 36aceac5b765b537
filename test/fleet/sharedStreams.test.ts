// Streams and limits that instances share, on a real Redis: each stream is taken once, wherever and however often it is tried.
import assert from 'node:assert/strict';
import { after, afterEach, describe, test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import type { CallInfo } from '../../src/call/port.ts';
import { EventBus } from '../../src/events/bus.ts';
import { openFleet, type Fleet } from '../../src/fleet/fleet.ts';
import { startRedis, type RedisServer } from '../../src/sim/redis.ts';
import { until } from '../helpers/until.ts';

const redis = await startRedis();
if ('missing' in redis) test('streams on one Redis', { skip: redis.missing });
else describe('streams on one Redis', () => suite(redis));

const PATIENCE_MS = 15_000;

function suite(server: RedisServer): void {
  const open: Fleet[] = [];
  let calls = 0;

  async function instance(): Promise<Fleet> {
    const fleet = openFleet({
      redisUrl: server.url,
      instance: `instance-${open.length}`,
      bus: new EventBus({ clock: systemClock, background: true }),
      clock: systemClock,
      logger: silentLogger,
    });
    open.push(fleet);
    await until(() => fleet.up, 'it is connected', PATIENCE_MS);
    return fleet;
  }

  function newCall(): CallInfo {
    calls += 1;
    return {
      callSid: `CA${calls}`,
      accountSid: 'AC1',
      direction: 'outbound',
      from: '+15005550001',
      to: '+15005550006',
      leadId: undefined,
      variables: { name: 'Ann', note: 'line\none' },
    };
  }

  const announced = (info: CallInfo, token: string, once?: string) =>
    ({ token, once, kind: 'new', info, durationMs: 60_000 }) as const;

  afterEach(async () => {
    for (const fleet of open.splice(0)) await fleet.close();
  });
  after(() => server.remove());

  test('a stream that one has announced is taken by another, with all that is known of the call, once', async () => {
    const [a, b, c] = [await instance(), await instance(), await instance()];
    const info = newCall();
    const released: string[] = [];
    a.streams.onTaken((callSid) => released.push(callSid));
    await a.others.ask('CA-none', { kind: 'hangup' }); // what is subscribed to is by now
    a.streams.announce(announced(info, 'token-1'));
    assert.deepEqual(await a.streams.find(info.callSid), info, 'behind its announcement');
    assert.deepEqual(await b.streams.find(info.callSid), info);
    assert.deepEqual(await b.streams.claim('token-1', info.callSid), {
      kind: 'ok',
      stream: { kind: 'new', info },
    });
    b.streams.taken(info.callSid);
    assert.deepEqual(await c.streams.claim('token-1', info.callSid), { kind: 'used' });
    assert.equal(await a.streams.claimOwn('token-1', info.callSid, undefined), 'used');
    await until(() => released.length > 0, 'the first is told', PATIENCE_MS);
    assert.deepEqual(released, [info.callSid]);
  });

  test('tried at all at the same moment, a stream is one instance’s', async () => {
    const [a, b, c] = [await instance(), await instance(), await instance()];
    for (let round = 0; round < 100; round += 1) {
      const info = newCall();
      a.streams.announce(announced(info, `round-${round}`));
      const tries = [
        a.streams.claimOwn(`round-${round}`, info.callSid, undefined),
        ...[b, c, b, c].map(async (each) => (await each.streams.claim(`round-${round}`, info.callSid)).kind),
      ];
      const outcomes = await Promise.all(tries);
      assert.equal(outcomes.filter((outcome) => outcome === 'ok').length, 1, outcomes.join(' '));
    }
  });

  test('what nobody has announced is nobody’s, and a later token voids an earlier one', async () => {
    const [a, b] = [await instance(), await instance()];
    const info = newCall();
    assert.deepEqual(await b.streams.claim('made-up', info.callSid), { kind: 'unknown' });
    a.streams.announce(announced(info, 'first'));
    a.streams.announce(announced(info, 'second'));
    assert.deepEqual(await a.streams.find(info.callSid), info, 'behind its announcements');
    assert.deepEqual(await b.streams.claim('first', info.callSid), { kind: 'void' });
    assert.deepEqual(await b.streams.claim('made-up', info.callSid), { kind: 'void' });
    assert.equal((await b.streams.claim('second', info.callSid)).kind, 'ok');
    assert.deepEqual(await b.streams.claim('second', 'CA-another'), { kind: 'unknown' });
  });

  test('a webhook that is played again at another instance begins no second stream', async () => {
    const [a, b] = [await instance(), await instance()];
    const info = newCall();
    a.streams.announce(announced(info, 'of-a', 'the-signature'));
    assert.equal(await a.streams.claimOwn('of-a', info.callSid, 'the-signature'), 'ok');
    b.streams.announce(announced(info, 'of-b', 'the-signature'));
    assert.equal(await b.streams.claimOwn('of-b', info.callSid, 'the-signature'), 'used');
  });

  test('without Redis nothing is claimed of others; what was taken meanwhile is claimed when it is back', async () => {
    const [a, b] = [await instance(), await instance()];
    const info = newCall();
    server.pause();
    await assert.rejects(a.streams.claimOwn('own', info.callSid, undefined));
    await assert.rejects(b.streams.claim('own', info.callSid));
    server.resume();
    await until(() => a.up && b.up, 'it is back', PATIENCE_MS);
    // As somebody would who has seen the token, and what is announced of it.
    a.streams.announce(announced(info, 'own'));
    let outcome = '';
    const tried = async (): Promise<void> =>
      void (outcome = (await b.streams.claim('own', info.callSid)).kind);
    await a.others.ask('CA-none', { kind: 'hangup' });
    await tried();
    assert.equal(outcome, 'used');
  });

  test('a ticket is spent once at all instances; without Redis that cannot be known', async () => {
    const [a, b] = [await instance(), await instance()];
    const tries = [a, b, a, b].map((each) => each.tickets.claim('nonce'));
    const outcomes = await Promise.all(tries);
    assert.equal(outcomes.filter((claimed) => claimed).length, 1, outcomes.join(' '));
    assert.equal(await b.tickets.claim('another'), true);
    server.pause();
    await assert.rejects(a.tickets.claim('a-third'));
    server.resume();
  });

  test('what one has let pass counts at the other', async () => {
    const [a, b] = [await instance(), await instance()];
    const heard: [string, string, number][] = [];
    b.limits.listen((...news) => heard.push(news));
    a.limits.listen(() => assert.fail('its own it knows'));
    await a.others.ask('CA-none', { kind: 'hangup' });
    await b.others.ask('CA-none', { kind: 'hangup' });
    for (let i = 0; i < 5; i += 1) a.limits.taken('number', '+15005550006');
    a.limits.taken('refused', '203.0.113.9');
    await until(() => heard.length >= 2, 'it is told', PATIENCE_MS);
    assert.deepEqual(heard, [
      ['number', '+15005550006', 5],
      ['refused', '203.0.113.9', 1],
    ]);
  });
}
