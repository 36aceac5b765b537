import assert from 'node:assert/strict';
import test from 'node:test';
import { inspect } from 'node:util';
import { SimServer, type HttpHandler } from '../../src/sim/server.ts';
import { twilioRest, TwilioRestError, type NewCall, type TwilioRest } from '../../src/twilio/rest.ts';

const ACCOUNT = `AC${'0'.repeat(32)}`;
const SECRET = 'the-secret-of-the-account';
const CALL: NewCall = {
  to: '+15005550006',
  from: '+15005550001',
  url: 'https://voice.example.com/twilio/voice',
  statusCallback: 'https://voice.example.com/twilio/status',
  ringTimeoutMs: 25_000,
};

async function withTwilio(
  handler: HttpHandler,
  work: (rest: TwilioRest) => Promise<void>,
  requestTimeoutMs = 5_000,
): Promise<void> {
  const server = new SimServer()
    .http(`POST /2010-04-01/Accounts/${ACCOUNT}/Calls.json`, handler)
    .http(`POST /2010-04-01/Accounts/${ACCOUNT}/Calls/CA1.json`, handler);
  const baseUrl = await server.listen();
  try {
    await work(
      twilioRest({ accountSid: ACCOUNT, authToken: SECRET, baseUrl: `${baseUrl}/`, requestTimeoutMs }),
    );
  } finally {
    await server.close();
  }
}

async function failureOf(work: Promise<unknown>): Promise<TwilioRestError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof TwilioRestError, String(error));
  assert.ok(!inspect(error, { depth: 10 }).includes(SECRET), 'the error shows the secret');
  assert.ok(!inspect(error, { depth: 10 }).includes(Buffer.from(`${ACCOUNT}:${SECRET}`).toString('base64')));
  return error;
}

test('places a call with all that Twilio needs to know', async () => {
  let asked: { authorization: string | undefined; form: URLSearchParams } | undefined;
  await withTwilio(
    (request, response, body) => {
      asked = { authorization: request.headers.authorization, form: new URLSearchParams(body.toString()) };
      response.writeHead(201, { 'content-type': 'application/json' }).end('{"sid":"CA1"}');
    },
    async (rest) => {
      const callSid = await rest.createCall({
        ...CALL,
        answeredByCallback: 'https://voice.example.com/twilio/amd',
      });
      assert.equal(callSid, 'CA1');
    },
  );
  assert.ok(asked !== undefined);
  const { authorization, form } = asked;
  assert.equal(authorization, `Basic ${Buffer.from(`${ACCOUNT}:${SECRET}`).toString('base64')}`);
  assert.equal(form.get('To'), CALL.to);
  assert.equal(form.get('From'), CALL.from);
  assert.equal(form.get('Url'), CALL.url);
  assert.equal(form.get('StatusCallback'), CALL.statusCallback);
  assert.deepEqual(form.getAll('StatusCallbackEvent'), ['ringing', 'answered', 'completed']);
  assert.equal(form.get('Timeout'), '25');
  assert.equal(form.get('MachineDetection'), 'DetectMessageEnd');
  assert.equal(form.get('AsyncAmd'), 'true');
});

test('without a callback nobody is asked who answered', async () => {
  let form = new URLSearchParams();
  await withTwilio(
    (_request, response, body) => {
      form = new URLSearchParams(body.toString());
      response.writeHead(201, { 'content-type': 'application/json' }).end('{"sid":"CA1"}');
    },
    async (rest) => assert.equal(await rest.createCall(CALL), 'CA1'),
  );
  assert.equal(form.has('MachineDetection'), false);
});

test('ends a call', async () => {
  let status: string | null = null;
  await withTwilio(
    (_request, response, body) => {
      status = new URLSearchParams(body.toString()).get('Status');
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"sid":"CA1"}');
    },
    async (rest) => rest.completeCall('CA1'),
  );
  assert.equal(status, 'completed');
});

const refusals = [
  [400, 'bad_request'],
  [401, 'auth'],
  [404, 'not_found'],
  [429, 'rate_limit'],
  [503, 'server'],
] as const;

for (const [status, code] of refusals) {
  test(`a status of ${status} means ${code}`, async () => {
    const body = JSON.stringify({ code: 21211, message: 'no such number', status });
    await withTwilio(
      (_request, response) => response.writeHead(status, { 'content-type': 'application/json' }).end(body),
      async (rest) => {
        const error = await failureOf(rest.createCall(CALL));
        assert.deepEqual([error.code, error.status, error.twilioCode], [code, status, 21211]);
      },
    );
  });
}

test('an answer that is not JSON is the fault of the server', async () => {
  await withTwilio(
    (_request, response) => response.writeHead(502).end('<html>'),
    async (rest) => assert.equal((await failureOf(rest.completeCall('CA1'))).code, 'server'),
  );
});

test('an answer without a call is the fault of the server', async () => {
  await withTwilio(
    (_request, response) => response.writeHead(201, { 'content-type': 'application/json' }).end('{}'),
    async (rest) => assert.equal((await failureOf(rest.createCall(CALL))).code, 'server'),
  );
});

test('nobody there, or no answer in time, is unreachable', async () => {
  const nobody = twilioRest({ accountSid: ACCOUNT, authToken: SECRET, baseUrl: 'http://127.0.0.1:9' });
  assert.equal((await failureOf(nobody.createCall(CALL))).code, 'unreachable');
  await withTwilio(
    () => undefined,
    async (rest) => assert.equal((await failureOf(rest.createCall(CALL))).code, 'unreachable'),
    50,
  );
});
