// Two instances on a real Redis, which is killed, paused and restarted: what reaches the other one, and what it costs.
import assert from 'node:assert/strict';
import { after, afterEach, describe, test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger, type LogFields, type Logger } from '../../src/base/logger.ts';
import { EventBus } from '../../src/events/bus.ts';
import type { LiveEvent } from '../../src/events/event.ts';
import { openFleet, type Fleet } from '../../src/fleet/fleet.ts';
import type { ActionOutcome, CallAction } from '../../src/fleet/port.ts';
import { startRedis, type RedisServer } from '../../src/sim/redis.ts';
import { until } from '../helpers/until.ts';

const redis = await startRedis();
if ('missing' in redis) test('instances on one Redis', { skip: redis.missing });
else describe('instances on one Redis', () => suite(redis));

const PATIENCE_MS = 15_000;

interface Instance {
  readonly fleet: Fleet;
  readonly bus: EventBus;
  /** What it was asked to do. */
  readonly asked: { readonly callSid: string; readonly action: CallAction }[];
  /** What a watcher of it has read. */
  readonly seen: Partial<LiveEvent>[];
  readonly log: string[];
}

function suite(server: RedisServer): void {
  const open = new Set<Instance>();
  let names = 0;

  async function instance(calls: Readonly<Record<string, ActionOutcome>> = {}): Promise<Instance> {
    const log: string[] = [];
    let fleet: Fleet | undefined;
    const bus = new EventBus({
      clock: systemClock,
      background: true,
      onWatched: (watched) => fleet?.watched(watched),
    });
    fleet = openFleet({
      redisUrl: server.url,
      instance: `instance-${(names += 1)}`,
      bus,
      clock: systemClock,
      logger: noting(log),
    });
    const made: Instance = { fleet, bus, asked: [], seen: [], log };
    fleet.others.serve(async (callSid, action) => {
      made.asked.push({ callSid, action });
      return calls[callSid] ?? { kind: 'not_live' };
    });
    open.add(made);
    await until(() => made.fleet.up, 'it is connected', PATIENCE_MS);
    return made;
  }

  /** Resolves when what is published elsewhere is heard here. */
  async function watch(at: Instance, from: Instance, callSid?: string): Promise<void> {
    at.bus.watch(callSid === undefined ? {} : { callSid }, {
      send: (text) => void at.seen.push(JSON.parse(text)),
      bufferedBytes: () => 0,
      onDropped: () => undefined,
    });
    await heardFrom(at, from, callSid);
  }

  async function heardFrom(at: Instance, from: Instance, callSid = 'CA-probe'): Promise<void> {
    while (!at.seen.some((event) => event.type === 'turn.started')) {
      from.fleet.publish({ type: 'turn.started', callSid, at: 0, turn: 0, callerText: '' });
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    // Those that are still on their way.
    await new Promise((resolve) => setTimeout(resolve, 50));
    at.seen.length = 0;
  }

  const said = (number: number, callSid = 'CA1'): LiveEvent => ({
    type: 'agent.said',
    callSid,
    at: 1,
    turn: number,
    text: `Line\nnumber "${number}", ß`,
  });

  afterEach(async () => {
    for (const made of open) {
      made.bus.close();
      await made.fleet.close();
    }
    open.clear();
  });
  after(() => server.remove());

  test('an event of one is read once by the watchers of both, in its order, to the letter', async () => {
    const [a, b] = [await instance(), await instance()];
    await watch(b, a);
    a.bus.watch(
      {},
      {
        send: (text) => void a.seen.push(JSON.parse(text)),
        bufferedBytes: () => 0,
        onDropped: () => undefined,
      },
    );
    const told = Array.from({ length: 200 }, (_unused, number) => said(number));
    for (const event of told) a.fleet.publish(event);
    await until(() => b.seen.length >= told.length, 'all have come', PATIENCE_MS);
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.deepEqual(b.seen, told);
    assert.deepEqual(a.seen, told);
    assert.equal(a.fleet.lostEvents, 0);
  });

  test('a watcher of one call is told of no other, wherever it is', async () => {
    const [a, b] = [await instance(), await instance()];
    await watch(b, a, 'CA2');
    for (const callSid of ['CA1', 'CA2', 'CA3']) a.fleet.publish(said(1, callSid));
    await until(() => b.seen.length > 0, 'one has come', PATIENCE_MS);
    assert.deepEqual(b.seen, [said(1, 'CA2')]);
  });

  test('an instance without watchers hears nothing, and one whose last watcher has gone no more', async () => {
    const [a, b] = [await instance(), await instance()];
    const relayed: unknown[] = [];
    const heard = (): readonly unknown[] => relayed;
    const relay = b.bus.relay.bind(b.bus);
    b.bus.relay = (event): void => {
      relayed.push(event);
      relay(event);
    };
    a.fleet.publish(said(1));
    const watching = b.bus.watch(
      {},
      { send: () => undefined, bufferedBytes: () => 0, onDropped: () => undefined },
    );
    while (heard().length === 0) {
      a.fleet.publish(said(2));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    watching?.close();
    // A command that comes after the unsubscription has been seen to.
    await a.fleet.others.ask('CA-none', { kind: 'hangup' });
    relayed.length = 0;
    a.fleet.publish(said(3));
    await a.fleet.others.ask('CA-none', { kind: 'hangup' });
    assert.deepEqual(relayed, []);
  });

  test('what is asked of a call is done by the one that has it, and its refusal is told as it is', async () => {
    const refusal = { kind: 'refused', status: 429, code: 'too_many_lines', message: 'enough' } as const;
    const a = await instance();
    const b = await instance({ CA1: { kind: 'done' }, CA2: refusal });
    const c = await instance();
    assert.deepEqual(await a.fleet.others.ask('CA1', { kind: 'say', text: 'Hello.' }), { kind: 'done' });
    assert.deepEqual(await a.fleet.others.ask('CA2', { kind: 'hangup' }), refusal);
    const answered = { kind: 'answeredBy', answeredBy: 'machine_end_beep' } as const;
    const over = { kind: 'over', status: 'no-answer' } as const;
    for (const news of [answered, over])
      assert.deepEqual(await a.fleet.others.ask('CA1', news), { kind: 'done' });
    assert.deepEqual(b.asked, [
      { callSid: 'CA1', action: { kind: 'say', text: 'Hello.' } },
      { callSid: 'CA2', action: { kind: 'hangup' } },
      { callSid: 'CA1', action: answered },
      { callSid: 'CA1', action: over },
    ]);
    await until(() => c.asked.length === 4, 'the third was asked too, and is nobody that was waited for');
    assert.equal(a.asked.length, 0, 'it has looked for itself before');
  });

  test('a call that nobody has is said to be nobody’s when all have said so, without a wait', async () => {
    const [a] = [await instance(), await instance(), await instance()];
    assert.deepEqual(await a.fleet.others.ask('CA9', { kind: 'hangup' }), { kind: 'not_live' });
    assert.deepEqual(await a.fleet.others.ask('x'.repeat(65), { kind: 'hangup' }), { kind: 'not_live' });
  });

  test('one that does not answer is waited for only so long', async () => {
    const [a, b] = [await instance(), await instance()];
    b.fleet.others.serve(() => new Promise(() => undefined));
    const beganAtMs = performance.now();
    assert.deepEqual(await a.fleet.others.ask('CA1', { kind: 'hangup' }), { kind: 'no_answer' });
    assert.ok(performance.now() - beganAtMs > 3_000);
  });

  test('messages that are none of ours change nothing', async () => {
    const [a, b] = [await instance(), await instance({ CA1: { kind: 'done' } })];
    await watch(b, a);
    const { Redis } = await import('ioredis');
    const stranger = new Redis(server.url);
    const junk = [
      '',
      '{',
      'null',
      '{"id":1}',
      `x\n{\n"y"\n{"type":1,"callSid":"CA1"}`,
      'x'.repeat(2_000_000),
    ];
    const channels = ['events', 'asks', 'answers:instance-1'];
    for (const channel of channels) {
      for (const text of junk) await stranger.publish(`turnpike:0:${channel}`, text);
    }
    stranger.disconnect();
    assert.deepEqual(await a.fleet.others.ask('CA1', { kind: 'hangup' }), { kind: 'done' });
    assert.deepEqual(b.seen, []);
  });

  test('a Redis that is killed costs nobody a wait; it is found again by itself, and no event comes twice', async () => {
    const [a, b] = [await instance({ CA1: { kind: 'done' } }), await instance()];
    await watch(b, a);
    await server.stop();
    await until(() => !a.fleet.up && !b.fleet.up, 'it is missed', PATIENCE_MS);
    const beganAtMs = performance.now();
    for (let number = 0; number < 1_000; number += 1) a.fleet.publish(said(number));
    assert.deepEqual(await b.fleet.others.ask('CA1', { kind: 'hangup' }), { kind: 'unreachable' });
    assert.ok(performance.now() - beganAtMs < 1_000);
    assert.ok(a.fleet.lostEvents >= 1_000);
    await server.start();
    await until(() => a.fleet.up && b.fleet.up, 'it is found again', PATIENCE_MS);
    await heardFrom(b, a);
    for (let number = 0; number < 100; number += 1) a.fleet.publish(said(number));
    await until(() => b.seen.length >= 100, 'they come again', PATIENCE_MS);
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(b.seen.length, 100);
    assert.deepEqual(await b.fleet.others.ask('CA1', { kind: 'hangup' }), { kind: 'done' });
    assert.ok(a.log.some((line) => line.includes('Redis does not answer')));
    assert.ok(a.log.some((line) => line.includes('Redis answers again')));
    assert.ok(!a.log.some((line) => line.includes('nobody-may-see')), 'the password is not in the log');
  });

  test('a Redis that hangs costs nobody a wait either, and what waits for it is bounded', async () => {
    const [a, b] = [await instance(), await instance()];
    await watch(b, a);
    server.pause();
    const beganAtMs = performance.now();
    for (let number = 0; number < 5_000; number += 1) a.fleet.publish(said(number));
    assert.ok(performance.now() - beganAtMs < 1_000, 'telling is no waiting');
    await until(() => !a.fleet.up, 'it is missed', PATIENCE_MS);
    assert.ok(a.fleet.lostEvents >= 5_000 - 64, `${a.fleet.lostEvents} are counted`);
    server.resume();
    await until(() => a.fleet.up && b.fleet.up, 'it is found again', PATIENCE_MS);
    await heardFrom(b, a);
  });
}

function noting(log: string[]): Logger {
  const note = (fields: LogFields, message: string): void =>
    void log.push(`${message} ${JSON.stringify(fields)}`);
  return { ...silentLogger, info: note, warn: note, error: note };
}
