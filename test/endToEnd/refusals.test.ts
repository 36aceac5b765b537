import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, suite, test } from 'node:test';
import { getExpectedTwilioSignature } from 'twilio/lib/webhooks/webhooks.js';
import { WebSocket } from 'ws';
import type { CallerReport } from '../../src/sim/caller.ts';
import type { CarrierCall } from '../../src/sim/carrierCall.ts';
import {
  ACCOUNT_SID,
  AGENT_NUMBER,
  API_KEY,
  AUTH_TOKEN,
  CALLER_NUMBER,
  eventually,
  GatewayRig,
  PUBLIC_URL,
} from '../helpers/gatewayRig.ts';

const MEDIA_URL = `${PUBLIC_URL.replace('https', 'wss')}/twilio/media`;
const MEGABYTES_10 = 10 * 1024 * 1024;

let rig: GatewayRig;
/** Somebody talks with the agent all the while. */
let other: { readonly call: CarrierCall; readonly report: Promise<CallerReport> };
const tokens: string[] = [];
const errorBodies: string[] = [];

before(async () => {
  rig = await GatewayRig.open({
    limits: { startWithinMs: 2_000, requestTimeoutMs: 1_500, headersTimeoutMs: 1_000, timeoutCheckMs: 100 },
  });
  other = await rig.begin([
    { say: 'I would like an appointment.' },
    { say: 'And do you have parking?' },
    { say: 'Thank you, goodbye.' },
    { waitForHangUp: 20_000 },
  ]);
});
after(() => rig.close());

function voiceForm(callSid: string): Record<string, string> {
  return {
    CallSid: callSid,
    AccountSid: ACCOUNT_SID,
    From: CALLER_NUMBER,
    To: AGENT_NUMBER,
    Direction: 'inbound',
    CallStatus: 'ringing',
  };
}

async function webhook(form: Record<string, string>, signature?: string): Promise<Response> {
  return fetch(`${rig.gateway.url}/twilio/voice`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'x-twilio-signature':
        signature ?? getExpectedTwilioSignature(AUTH_TOKEN, `${PUBLIC_URL}/twilio/voice`, form),
    },
    body: new URLSearchParams(form),
  });
}

/** Announces a call and answers the token that its stream has to bring. */
async function announced(callSid: string): Promise<string> {
  const response = await webhook(voiceForm(callSid));
  const token = /name="token" value="([^"]+)"/.exec(await response.text())?.[1] ?? '';
  assert.notEqual(token, '');
  tokens.push(token);
  return token;
}

function dial(signature = getExpectedTwilioSignature(AUTH_TOKEN, MEDIA_URL, {})): WebSocket {
  const url = `${rig.gateway.url.replace('http', 'ws')}/twilio/media`;
  return new WebSocket(url, { headers: { 'x-twilio-signature': signature }, perMessageDeflate: false });
}

/** A stream that has sent its start. */
async function started(callSid: string, token: string): Promise<WebSocket> {
  const socket = dial();
  await once(socket, 'open');
  socket.send(
    JSON.stringify({
      event: 'start',
      sequenceNumber: '1',
      streamSid: `MZ${callSid.slice(2)}`,
      start: {
        accountSid: ACCOUNT_SID,
        streamSid: `MZ${callSid.slice(2)}`,
        callSid,
        tracks: ['inbound'],
        mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8_000, channels: 1 },
        customParameters: { token },
      },
    }),
  );
  return socket;
}

async function closeCode(socket: WebSocket): Promise<number> {
  const [code] = (await once(socket, 'close')) as [number];
  return code;
}

/** The agent speaks on the stream. */
async function firstMessage(socket: WebSocket): Promise<string> {
  const closed = once(socket, 'close').then(([code]) => assert.fail(`closed with ${String(code)}`));
  const [message] = (await Promise.race([once(socket, 'message'), closed])) as [Buffer];
  closed.catch(() => undefined);
  return message.toString();
}

async function refusals(what: string): Promise<number> {
  const line = new RegExp(`^turnpike_rejected_total\\{what="${what}"\\} (\\d+)$`, 'm');
  return Number(line.exec(await rig.metrics())?.[1] ?? 0);
}

function sidOf(digit: string): string {
  return `CA${digit.repeat(32)}`;
}

suite('what is refused while another call goes on', { concurrency: true }, () => {
  test('a webhook with a wrong signature is answered with 403', async () => {
    const response = await webhook(voiceForm(sidOf('1')), 'bm90IGEgc2lnbmF0dXJl');
    errorBodies.push(await response.text());
    assert.equal(response.status, 403);
    assert.ok((await refusals('signature')) >= 1);
  });

  test('an upgrade with a wrong signature is answered with 403', async () => {
    const socket = dial('bm90IGEgc2lnbmF0dXJl');
    const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode: number }];
    socket.on('error', () => undefined);
    socket.terminate();
    assert.equal(response.statusCode, 403);
  });

  test('a stream with a wrong token is closed, and the right one still opens the call', async () => {
    const token = await announced(sidOf('2'));
    const wrong = `${token.slice(0, -2)}${token.endsWith('AA') ? 'BB' : 'AA'}`;
    assert.equal(await closeCode(await started(sidOf('2'), wrong)), 1008);
    const right = await started(sidOf('2'), token);
    assert.match(await firstMessage(right), /"event":"media"/);
    right.close();
  });

  test('a token opens one stream, and only that of its call', async () => {
    const token = await announced(sidOf('3'));
    await announced(sidOf('4'));
    assert.equal(await closeCode(await started(sidOf('4'), token)), 1008, "another call's");
    const first = await started(sidOf('3'), token);
    await firstMessage(first);
    assert.equal(await closeCode(await started(sidOf('3'), token)), 1008, 'a second time');
    assert.equal(first.readyState, first.OPEN);
    first.close();
  });

  test('a stream of a call that nobody announced is closed', async () => {
    assert.equal(await closeCode(await started(sidOf('5'), 'what.ever')), 1008);
    assert.ok((await refusals('unknown_call')) >= 1);
  });

  test('a socket on which no stream starts is closed', async () => {
    const socket = dial();
    assert.equal(await closeCode(socket), 1008);
    assert.ok((await refusals('start_timeout')) >= 1);
  });

  test('junk on a live stream is counted and passed over', async () => {
    const refusedBefore = await refusals('message');
    const socket = await started(sidOf('6'), await announced(sidOf('6')));
    await firstMessage(socket);
    const junk = [
      'not json',
      'null',
      '[]',
      '"media"',
      '{"event":7}',
      `${'['.repeat(5_000)}${']'.repeat(5_000)}`,
      '{"event":"media"}',
      '{"event":"media","media":{"payload":5}}',
      '{"event":"media","media":{"payload":"!!!","track":"inbound","chunk":"1","timestamp":"-1"}}',
      '{"event":"mark","mark":null}',
      '{"event":"start","start":{"callSid":"CA1"}}',
      '{"__proto__":{"event":"stop"}}',
      '{"event":"media","media":{"__proto__":{"payload":"////"}}}',
      'x'.repeat(60_000),
    ];
    for (const text of junk) socket.send(text);
    socket.send(Buffer.from([0, 1, 2, 255]));
    socket.send('{"event":"something-new","more":{}}');
    await eventually(
      async () => (await refusals('message')) >= refusedBefore + junk.length,
      'the junk is counted',
    );
    assert.equal(socket.readyState, socket.OPEN, 'the call goes on');
    socket.close();
  });

  test('a message of 10 MB ends its own stream alone', async () => {
    const socket = await started(sidOf('7'), await announced(sidOf('7')));
    await firstMessage(socket);
    socket.on('error', () => undefined);
    socket.send('y'.repeat(MEGABYTES_10));
    const code = await closeCode(socket);
    assert.ok(code === 1009 || code === 1006, String(code));
  });

  test('a body of 10 MB is refused, on the webhook and on the API', async () => {
    const body = 'z'.repeat(MEGABYTES_10);
    for (const [route, type] of [
      ['/twilio/voice', 'application/x-www-form-urlencoded'],
      ['/v1/calls', 'application/json'],
    ] as const) {
      const status = await fetch(rig.gateway.url + route, {
        method: 'POST',
        headers: { 'content-type': type, 'x-twilio-signature': 'any' },
        body,
      }).then(
        async (response) => {
          errorBodies.push(await response.text());
          return response.status;
        },
        // It may close the connection before all of the body is sent.
        () => 413,
      );
      assert.equal(status, 413, route);
    }
  });

  test('a request that is never finished is answered with 408 and closed', async () => {
    const { port } = new URL(rig.gateway.url);
    const socket = connect(Number(port), '127.0.0.1');
    let answer = '';
    socket.setEncoding('utf8').on('data', (text: string) => (answer += text));
    socket.write(
      'POST /twilio/voice HTTP/1.1\r\nHost: x\r\nX-Twilio-Signature: any\r\n' +
        'Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nCallSid=',
    );
    await once(socket, 'close');
    errorBodies.push(answer);
    assert.match(answer, /^HTTP\/1\.1 408 /);
  });

  test('what is no HTTP is answered with 400 and closed', async () => {
    const { port } = new URL(rig.gateway.url);
    const socket = connect(Number(port), '127.0.0.1');
    let answer = '';
    socket.setEncoding('utf8').on('data', (text: string) => (answer += text));
    socket.write('\u0016\u0003\u0001 hello\r\n\r\n');
    await once(socket, 'close');
    assert.match(answer, /^HTTP\/1\.1 400 /);
  });
});

test('the other call has noticed nothing', async () => {
  const report = await other.report;
  assert.deepEqual([report.missedTurns, report.agentStayed], [0, false]);
  assert.deepEqual(other.call.warnings, []);
  const stored = await rig.stored(other.call.callSid);
  assert.deepEqual(
    stored.turns.map((turn) => turn.callerText),
    ['', 'I would like an appointment.', 'And do you have parking?', 'Thank you, goodbye.'],
  );
});

test('nothing secret stands in the log or in an error', () => {
  const written = [...rig.log, ...errorBodies].join('\n');
  assert.match(written, /refused a media stream/);
  const secrets = [
    AUTH_TOKEN,
    API_KEY,
    ...tokens,
    ...tokens.map((token) => token.slice(token.indexOf('.') + 1)),
  ];
  const numbers = [CALLER_NUMBER, AGENT_NUMBER].map((number) => number.slice(1));
  const words = ['appointment', 'parking', 'goodbye', 'I can help', 'lovely day', 'Robin'];
  for (const secret of [...secrets, ...numbers, ...words]) {
    assert.ok(!written.toLowerCase().includes(secret.toLowerCase()), secret);
  }
});
