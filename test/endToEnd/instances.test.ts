// Two whole gateways on one Redis and one PostgreSQL: a call of one is watched and steered at the other.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { getExpectedTwilioSignature } from 'twilio/lib/webhooks/webhooks.js';
import { WebSocket } from 'ws';
import { watchEvents, type EventFeed } from '../../src/sim/eventFeed.ts';
import { startPostgres, type Postgres } from '../../src/sim/postgres.ts';
import { startRedis, type RedisServer } from '../../src/sim/redis.ts';
import type { LiveEvent } from '../../src/events/event.ts';
import {
  ACCOUNT_SID,
  AGENT_NUMBER,
  AUTH_TOKEN,
  eventually,
  GatewayRig,
  GREETING,
  PUBLIC_URL,
} from '../helpers/gatewayRig.ts';

const STREAM_ORIGIN = 'https://streams.example.com';
const MACHINE = '+15550100777';
const BUSY = '+15550100778';
const redis = await startRedis();
const postgres = await startPostgres();
if ('missing' in redis) test('two gateways as one', { skip: redis.missing });
else if ('missing' in postgres) test('two gateways as one', { skip: postgres.missing });
else describe('two gateways as one', () => suite(redis, postgres));

function suite(redisServer: RedisServer, database: Postgres): void {
  let a: GatewayRig;
  let b: GatewayRig;
  let feed: EventFeed;
  let machine: Promise<unknown> | undefined;
  /** What somebody reads who watches at b. */
  const seenAtB: LiveEvent[] = [];

  before(async () => {
    // Streams go to whatever address the carrier is told: below, to the other one.
    const STREAM_URL = STREAM_ORIGIN.replace('https', 'wss');
    const env = {
      STREAM_URL,
      REDIS_URL: redisServer.url,
      DATABASE_URL: await database.newDatabase(),
      DISABLE: 'warmup',
    };
    a = await GatewayRig.open({ env });
    // Whoever has a call hears the same providers.
    b = await GatewayRig.open({
      env: { ...env, OPENAI_BASE_URL: `${a.providers.url}/v1` },
      callee(call) {
        if (call.identity.to === BUSY) return { kind: 'busy', afterMs: 50 };
        machine = a.caller([{ waitForHangUp: 20_000 }]).then((caller) => caller.take(call));
        return { kind: 'answer', afterMs: 50, answeredBy: 'machine_end_beep', detectionMs: 2_000 };
      },
    });
    // Its calls are its own; what the carrier asks and tells of them comes to the other one.
    b.carrier.route(PUBLIC_URL, a.gateway.url);
    b.carrier.route(STREAM_ORIGIN, b.gateway.url);
    feed = await watchEvents(b.gateway.url, (event) => seenAtB.push(event));
    a.carrier.route(STREAM_ORIGIN, a.gateway.url);
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

  test('a stream that one has announced is taken by the other, once, and the call is that one’s', async () => {
    a.carrier.route(STREAM_ORIGIN, b.gateway.url);
    const { call, report } = await a.begin([
      { say: 'I would like number four.' },
      { say: 'Thank you, goodbye.' },
      { waitForHangUp: 20_000 },
    ]);
    const { turns } = await report;
    a.carrier.route(STREAM_ORIGIN, a.gateway.url);
    assert.equal(turns.filter(({ missed }) => missed).length, 0);
    assert.equal((await b.stored(call.callSid)).outcome, 'completed');
    assert.ok(b.log.some((line) => line.includes('takes a stream that another instance has announced')));
    assert.ok(!a.log.some((line) => line.includes('turn finished') && line.includes(call.callSid)));
    await eventually(
      async () => /^turnpike_calls_active 0$/m.test(await b.metrics()),
      'nobody holds the call any more',
    );
  });

  test('what the carrier tells one of a call is known at the other, which has it', async () => {
    const [{ callSid: answered }, { callSid: unanswered }] = [await b.place(MACHINE), await b.place(BUSY)];
    assert.equal((await a.stored(unanswered)).outcome, 'busy');
    const { outcome, turns } = await a.stored(answered);
    assert.deepEqual(
      [outcome, turns.at(-1)?.heardText.endsWith('Please call us back.')],
      ['voicemail', true],
    );
    await machine;
    const acted = b.log.filter((line) => line.includes('acted for another instance'));
    const ofIt = (callSid: string) => acted.filter((line) => line.includes(callSid)).length;
    assert.deepEqual([ofIt(answered), ofIt(unanswered)], [1, 1]);
  });

  test('a token that is played at both at the same moment is taken by one of them', async () => {
    for (let round = 0; round < 10; round += 1) {
      const callSid = `CA${String(round).padStart(32, '0')}`;
      const token = await announcedAt(a, callSid);
      const codes = await Promise.all([a, b, a, b].map((rig) => playedAt(rig, callSid, token)));
      assert.equal(codes.filter((code) => code === 'taken').length, 1, codes.join(' '));
      assert.equal(
        await announcedAt(a, callSid).catch(() => 'refused'),
        'refused',
        'nor is its webhook again',
      );
    }
    assert.match(await a.metrics(), /what="replay"\} 10/);
    assert.match(await a.metrics(), /what="token"\} [1-9]/);
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
    assert.match(await b.metrics(), /turnpike_remote_actions_total\{outcome="unreachable"\} 1/);
  });
}

/** Asks for the stream of a call as the carrier would, and answers its token. Rejects when that is refused. */
async function announcedAt(rig: GatewayRig, callSid: string): Promise<string> {
  const form = {
    CallSid: callSid,
    AccountSid: ACCOUNT_SID,
    From: '+15550100999',
    To: AGENT_NUMBER,
    Direction: 'inbound',
    CallStatus: 'ringing',
  };
  const signature = getExpectedTwilioSignature(AUTH_TOKEN, `${PUBLIC_URL}/twilio/voice`, form);
  const response = await fetch(`${rig.gateway.url}/twilio/voice`, {
    method: 'POST',
    headers: { 'x-twilio-signature': signature },
    body: new URLSearchParams(form),
  });
  const token = /name="token" value="([^"]+)"/.exec(await response.text())?.[1];
  assert.ok(token !== undefined, `refused with ${response.status}`);
  return token;
}

/** What becomes of a stream with this token: taken (it is sent the agent's voice), or the code that it is closed with. */
async function playedAt(rig: GatewayRig, callSid: string, token: string): Promise<string> {
  const address = `${STREAM_ORIGIN.replace('https', 'wss')}/twilio/media`;
  const headers = { 'x-twilio-signature': getExpectedTwilioSignature(AUTH_TOKEN, address, {}) };
  const socket = new WebSocket(`${rig.gateway.url.replace('http', 'ws')}/twilio/media`, { headers });
  await once(socket, 'open');
  const streamSid = `MZ${callSid.slice(2)}`;
  const start = {
    accountSid: ACCOUNT_SID,
    streamSid,
    callSid,
    mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8_000, channels: 1 },
    customParameters: { token },
  };
  const outcome = new Promise<string>((resolve) => {
    socket.once('message', () => resolve('taken'));
    socket.once('close', (code) => resolve(String(code)));
  });
  socket.send(JSON.stringify({ event: 'start', sequenceNumber: '1', streamSid, start }));
  const became = await outcome;
  socket.send(
    JSON.stringify({
      event: 'stop',
      streamSid,
      sequenceNumber: '2',
      stop: { callSid, accountSid: ACCOUNT_SID },
    }),
  );
  socket.terminate();
  return became;
}
