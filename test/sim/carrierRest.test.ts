import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import twilio from 'twilio';
import { systemClock } from '../../src/base/clock.ts';
import { isRecord } from '../../src/base/json.ts';
import { seededRandom } from '../../src/base/random.ts';
import { Carrier } from '../../src/sim/carrier.ts';
import type { Answer } from '../../src/sim/carrierOutgoing.ts';
import { serveCarrierRest } from '../../src/sim/carrierRest.ts';
import { SimServer } from '../../src/sim/server.ts';
import {
  ACCOUNT_SID,
  AUTH_TOKEN,
  connectTwiml,
  PUBLIC_URL,
  StandInGateway,
} from '../helpers/standInGateway.ts';
import { until } from '../helpers/until.ts';

const NEW_CALL = { to: '+15550001', from: '+15550002', url: `${PUBLIC_URL}/twilio/voice` };

async function opened(
  context: TestContext,
  answer: Answer = { kind: 'answer', afterMs: 10, detectionMs: 10 },
) {
  const gateway = new StandInGateway();
  const server = new SimServer();
  const carrier = new Carrier({
    clock: systemClock,
    random: seededRandom(1),
    accountSid: ACCOUNT_SID,
    authToken: AUTH_TOKEN,
    voiceUrl: NEW_CALL.url,
    publicUrl: PUBLIC_URL,
    dialUrl: await gateway.listen(),
    callee: () => answer,
  });
  serveCarrierRest(server, carrier);
  const origin = await server.listen();
  context.after(async () => {
    await carrier.close();
    await server.close();
    await gateway.close();
  });
  gateway.answer('/twilio/voice', connectTwiml());
  return { gateway, carrier, origin, client: clientOf(origin) };
}

/** Twilio's own client, sent to the simulated carrier. */
function clientOf(origin: string, authToken = AUTH_TOKEN) {
  const httpClient = new twilio.RequestClient({ timeout: 5_000 });
  const send = httpClient.request.bind(httpClient);
  httpClient.request = (options) =>
    send({ ...options, uri: options.uri.replace('https://api.twilio.com', origin) });
  return twilio(ACCOUNT_SID, authToken, { httpClient });
}

function statusesOf(gateway: StandInGateway): (string | undefined)[] {
  return [...gateway.forms('/twilio/status')]
    .sort((a, b) => Number(a['SequenceNumber']) - Number(b['SequenceNumber']))
    .map((form) => form['CallStatus']);
}

test('an outgoing call rings, is answered, and fetches its TwiML', async (context) => {
  const { gateway, carrier, client } = await opened(context);
  const created = await client.calls.create({
    ...NEW_CALL,
    statusCallback: `${PUBLIC_URL}/twilio/status`,
    statusCallbackEvent: ['initiated', 'ringing', 'answered', 'completed'],
  });
  assert.match(created.sid, /^CA[0-9a-f]{32}$/);
  assert.equal(created.status, 'queued');
  const session = await gateway.session();
  const call = carrier.find(created.sid);
  assert.ok(call);
  const [voice] = gateway.forms('/twilio/voice');
  assert.equal(voice?.['Direction'], 'outbound-api');
  assert.equal(voice['CallStatus'], 'in-progress');
  assert.equal(voice['To'], NEW_CALL.to);
  assert.equal((await client.calls(created.sid).fetch()).status, 'in-progress');
  await client.calls(created.sid).update({ status: 'completed' });
  assert.equal((await call.ended).by, 'rest');
  await until(() => session.of('stop').length === 1, 'the stream is told');
  await carrier.idle();
  assert.deepEqual(statusesOf(gateway), ['initiated', 'ringing', 'in-progress', 'completed']);
  assert.ok(gateway.webhooks.every(({ signed }) => signed));
});

test('a call that streams is given other TwiML at once, and its action is not asked', async (context) => {
  const { gateway, carrier, client } = await opened(context);
  const { sid } = await client.calls.create({ ...NEW_CALL, timeout: 10 });
  const session = await gateway.session();
  await client.calls(sid).update({ twiml: '<Response><Dial>+15559999</Dial></Response>' });
  const end = await carrier.find(sid)?.ended;
  assert.deepEqual({ by: end?.by, to: end?.transferredTo }, { by: 'dial', to: '+15559999' });
  await until(() => session.closeCode === 1000, 'the stream closes');
  assert.equal(session.of('stop').length, 1);
  assert.deepEqual(gateway.forms('/twilio/stream-ended'), []);
});

test('a call may be sent to another address', async (context) => {
  const { gateway, carrier, client } = await opened(context);
  gateway.answer('/twilio/other', '<Response><Hangup/></Response>');
  const { sid } = await client.calls.create({
    to: NEW_CALL.to,
    from: NEW_CALL.from,
    twiml: '<Response><Pause length="60"/></Response>',
  });
  await until(() => carrier.find(sid)?.status === 'in-progress', 'it is answered');
  await client.calls(sid).update({ url: `${PUBLIC_URL}/twilio/other`, method: 'POST' });
  assert.equal((await carrier.find(sid)?.ended)?.by, 'verb');
  assert.equal(gateway.forms('/twilio/other').length, 1);
});

test('machine detection in the background tells its verdict while the call goes on', async (context) => {
  const { gateway, client } = await opened(context, {
    kind: 'answer',
    afterMs: 10,
    answeredBy: 'machine_end_beep',
    detectionMs: 30,
  });
  await client.calls.create({
    ...NEW_CALL,
    machineDetection: 'DetectMessageEnd',
    asyncAmd: 'true',
    asyncAmdStatusCallback: `${PUBLIC_URL}/twilio/amd`,
  });
  await gateway.session();
  await until(() => gateway.forms('/twilio/amd').length === 1, 'the verdict comes');
  const [form] = gateway.forms('/twilio/amd');
  assert.equal(form?.['AnsweredBy'], 'machine_end_beep');
  assert.equal(form['MachineDetectionDuration'], '30');
  assert.equal(gateway.forms('/twilio/voice')[0]?.['AnsweredBy'], undefined);
});

test('machine detection in the foreground holds the TwiML back and comes with the webhook', async (context) => {
  const { gateway, client } = await opened(context);
  await client.calls.create({ ...NEW_CALL, machineDetection: 'Enable' });
  await gateway.session();
  assert.equal(gateway.forms('/twilio/voice')[0]?.['AnsweredBy'], 'human');
});

const fruitless: readonly [Answer, string][] = [
  [{ kind: 'busy', afterMs: 5 }, 'busy'],
  [{ kind: 'failed', afterMs: 5 }, 'failed'],
  [{ kind: 'no-answer' }, 'no-answer'],
  [{ kind: 'answer', afterMs: 60_000 }, 'no-answer'],
];
for (const [answer, status] of fruitless) {
  test(`${JSON.stringify(answer)} ends as ${status}`, async (context) => {
    const { gateway, carrier, client } = await opened(context, answer);
    const { sid } = await client.calls.create({
      ...NEW_CALL,
      timeout: 1,
      statusCallback: `${PUBLIC_URL}/twilio/status`,
    });
    const end = await carrier.find(sid)?.ended;
    assert.deepEqual({ by: end?.by, status: end?.status }, { by: 'unanswered', status });
    await carrier.idle();
    assert.deepEqual(statusesOf(gateway), [status], 'completed alone is told by default');
    assert.deepEqual(gateway.forms('/twilio/voice'), []);
  });
}

test('a call that rings can be cancelled', async (context) => {
  const { carrier, client } = await opened(context, { kind: 'no-answer' });
  const { sid } = await client.calls.create(NEW_CALL);
  await client.calls(sid).update({ status: 'canceled' });
  assert.equal((await carrier.find(sid)?.ended)?.status, 'canceled');
});

async function refused(attempt: Promise<unknown>, status: number, code: number): Promise<void> {
  await assert.rejects(attempt, (error: unknown) => {
    assert.ok(isRecord(error));
    assert.deepEqual([error['status'], error['code']], [status, code]);
    assert.equal(error['moreInfo'], `https://www.twilio.com/docs/errors/${code}`);
    return true;
  });
}

test('refuses what Twilio would, with its numbers', async (context) => {
  const { carrier, client, origin } = await opened(context, { kind: 'no-answer' });
  const { sid } = await client.calls.create(NEW_CALL);
  await refused(clientOf(origin, 'wrong').calls.create(NEW_CALL), 401, 20_003);
  await refused(client.calls.create({ ...NEW_CALL, to: 'nobody' }), 400, 21_211);
  await refused(client.calls.create({ ...NEW_CALL, from: '' }), 400, 21_213);
  await refused(client.calls.create({ to: NEW_CALL.to, from: NEW_CALL.from }), 400, 21_205);
  await refused(client.calls.create({ ...NEW_CALL, url: 'nowhere' }), 400, 21_205);
  const long = `<Response>${' '.repeat(4_000)}</Response>`;
  await refused(client.calls.create({ to: NEW_CALL.to, from: NEW_CALL.from, twiml: long }), 400, 21_205);
  await refused(client.calls(`CA${'f'.repeat(32)}`).update({ status: 'completed' }), 404, 20_404);
  await refused(client.calls(sid).update({ twiml: '<Response/>' }), 400, 21_220);
  await refused(client.calls(sid).update({}), 400, 21_205);
  carrier.find(sid)?.hangUp();
  await refused(client.calls(sid).update({ status: 'completed' }), 404, 20_404);
  const other = await fetch(`${origin}/2010-04-01/Accounts/AC9/Calls.json`, {
    headers: { authorization: `Basic ${Buffer.from(`${ACCOUNT_SID}:${AUTH_TOKEN}`).toString('base64')}` },
  });
  assert.equal(other.status, 404);
});
