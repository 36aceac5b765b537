// Two whole gateways on one Redis and one PostgreSQL: a call of one is watched and steered at the other.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { watchEvents, type EventFeed } from '../../src/sim/eventFeed.ts';
import { startPostgres, type Postgres } from '../../src/sim/postgres.ts';
import { startRedis, type RedisServer } from '../../src/sim/redis.ts';
import type { LiveEvent } from '../../src/events/event.ts';
import { eventually, GatewayRig, GREETING } from '../helpers/gatewayRig.ts';

const redis = await startRedis();
const postgres = await startPostgres();
if ('missing' in redis) test('two gateways as one', { skip: redis.missing });
else if ('missing' in postgres) test('two gateways as one', { skip: postgres.missing });
else describe('two gateways as one', () => suite(redis, postgres));

function suite(redisServer: RedisServer, database: Postgres): void {
  let a: GatewayRig;
  let b: GatewayRig;
  let feed: EventFeed;
  /** What somebody reads who watches at b. */
  const seenAtB: LiveEvent[] = [];

  before(async () => {
    const env = { REDIS_URL: redisServer.url, DATABASE_URL: await database.newDatabase(), DISABLE: 'warmup' };
    a = await GatewayRig.open({ env });
    // Whoever has a call hears the same providers.
    b = await GatewayRig.open({ env: { ...env, OPENAI_BASE_URL: `${a.providers.url}/v1` } });
    feed = await watchEvents(b.gateway.url, (event) => seenAtB.push(event));
    await eventually(() => connected(a) && connected(b), 'both are connected');
  });
  after(async () => {
    feed?.close();
    await b?.close();
    await a?.close();
    await redisServer.remove();
    await database.remove();
  });

  function connected(rig: GatewayRig): boolean {
    return rig.log.some((line) => line.includes('instances share by Redis'));
  }

  async function post(rig: GatewayRig, path: string, body?: unknown): Promise<Response> {
    const json = body === undefined ? {} : { headers: { 'content-type': 'application/json' } };
    return fetch(`${rig.gateway.url}/v1/calls/${path}`, {
      method: 'POST',
      ...json,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  const at = (callSid: string): LiveEvent[] => seenAtB.filter((event) => event.callSid === callSid);

  /** Each event once, in order, as at a; on a machine where Redis did not get its turn for seconds, less what a counts as lost. */
  async function assertRelayed(callSid: string): Promise<void> {
    const told = [...a.eventsOf(callSid)];
    const lost = Number(/what="shared_events"\} (\d+)/.exec(await a.metrics())?.[1]);
    const heard = at(callSid);
    if (lost === 0) assert.deepEqual(heard, told);
    const left = told.map((event) => JSON.stringify(event));
    for (const event of heard) {
      const place = left.indexOf(JSON.stringify(event));
      assert.ok(place >= 0, `${event.type} came twice, or out of order`);
      left.splice(0, place + 1);
    }
    assert.ok(told.length - heard.length <= lost, 'what did not come is counted');
  }

  test('a call at one is watched at the other, and what is asked there is done', async () => {
    const { call, report } = await a.begin([{ waitForHangUp: 30_000 }]);
    await eventually(() => at(call.callSid).some((event) => event.type === 'agent.said'), 'b hears of it');
    const said = await post(b, `${call.callSid}/say`, { text: 'Here is number seven.' });
    assert.equal(said.status, 202, await said.text());
    await eventually(
      () => a.wordsHeard(call).join(' ').includes('number seven'),
      'the caller hears what was asked for at b',
    );
    assert.equal((await post(b, `${call.callSid}/hangup`)).status, 202);
    await report;
    await eventually(
      () => at(call.callSid).some((event) => event.type === 'call.ended'),
      'b hears of its end',
    );
    await assertRelayed(call.callSid);
    assert.ok(a.log.some((line) => line.includes('acted for another instance')));
    a.assertHeard(call, `${GREETING} Here is number seven.`);
  });

  test('a call that nobody has is nobody’s at both', async () => {
    const answer = await post(b, 'CA-nobody/transfer', { to: '+15550001111' });
    assert.equal(answer.status, 404);
    assert.match(await answer.text(), /not_live/);
  });

  test('a Redis that goes and comes costs a live call nothing, and is told of', async () => {
    const { call, report } = await a.begin([
      { say: 'I would like number four.' },
      { say: 'And now number five.' },
      { say: 'Thank you, goodbye.' },
      { waitForHangUp: 20_000 },
    ]);
    await eventually(() => at(call.callSid).length > 0, 'b hears of it');
    await redisServer.stop();
    const isAway = async (): Promise<boolean> => /^turnpike_redis_away 1$/m.test(await a.metrics());
    await eventually(isAway, 'it is missed');
    const ready = await fetch(`${a.gateway.url}/readyz`);
    assert.deepEqual(
      [ready.status, await ready.json()],
      [200, { ready: true, reasons: [], without: ['redis'] }],
    );
    const refused = await post(b, `${call.callSid}/hangup`);
    assert.equal(refused.status, 503);
    assert.match(await refused.text(), /instances_unreachable/);
    await redisServer.start();
    await eventually(async () => !(await isAway()), 'it is found again');
    const { turns } = await report;
    assert.equal(turns.filter(({ missed }) => missed).length, 0);
    const { outcome } = await a.stored(call.callSid);
    assert.equal(outcome, 'completed');
    assert.match(await a.metrics(), /turnpike_dropped_total\{what="shared_events"\} [1-9]/);
    assert.match(await b.metrics(), /turnpike_remote_actions_total\{outcome="unreachable"\} 1/);
  });
}
