import assert from 'node:assert/strict';
import { WebSocket } from 'ws';
import type { SoftphoneStream } from '../../src/server/softphone.ts';
import { isRecord } from '../../src/base/json.ts';
import { until } from '../helpers/until.ts';
import { VirtualClock } from '../helpers/virtualClock.ts';
import {
  ACCOUNT,
  closeCode,
  errorCode,
  json,
  PUBLIC,
  served,
  startText,
  tokenIn,
  upgrade,
  UPGRADE_SIGNATURE,
  type Harness,
} from './harness.ts';

const CALLS = '/v1/softphone/calls';

type Stream = SoftphoneStream & { readonly url: string };

async function announced(harness: Harness, body: unknown = {}): Promise<Stream> {
  const response = await harness.api('POST', CALLS, body);
  assert.equal(response.status, 201);
  return json<Stream>(response);
}

/** As a browser does: its protocols, and whose page it is. Answers the status too. */
async function dial(
  harness: Harness,
  protocols: readonly string[],
  origin = harness.server.url,
): Promise<{ readonly socket: WebSocket; readonly status: number }> {
  const url = `${harness.server.url.replace('http', 'ws')}/twilio/media`;
  const socket = new WebSocket(url, [...protocols], { origin });
  const status = await new Promise<number>((resolve, reject) => {
    socket.once('open', () => resolve(101));
    socket.once('unexpected-response', (_request, response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    socket.once('error', reject);
  });
  socket.on('error', () => undefined);
  return { socket, status };
}

function startOf({ token, callSid, accountSid, streamSid }: Stream): string {
  return startText(token, { callSid, accountSid, streamSid });
}

async function refusal(harness: Harness, route: string, body?: unknown): Promise<string> {
  const response = await harness.api('POST', route, body);
  return `${response.status} ${await errorCode(response)}`;
}

served('a browser is given what it needs, and its stream becomes a call like any other', async (harness) => {
  const stream = await announced(harness);
  assert.match(stream.callSid, /^SP[0-9a-f]{32}$/);
  assert.match(stream.streamSid, /^MZ[0-9a-f]{32}$/);
  assert.equal(stream.accountSid, ACCOUNT);
  assert.equal(stream.url, '/twilio/media', 'it came here directly');
  const { socket, status } = await dial(harness, stream.protocols);
  assert.equal(status, 101);
  assert.equal(socket.protocol, 'turnpike.softphone', 'the ticket is not sent back');
  socket.send('{"event":"connected","protocol":"Call","version":"1.0.0"}');
  socket.send(startOf(stream));
  await until(() => harness.calls.opened.length === 1, 'the call is opened');
  const [opened] = harness.calls.opened;
  const info = {
    callSid: stream.callSid,
    accountSid: ACCOUNT,
    direction: 'inbound',
    from: 'softphone',
    to: 'desk',
    leadId: undefined,
    variables: {},
  };
  assert.deepEqual(opened?.info, info);
  assert.equal(opened.stream.streamSid, stream.streamSid);
  assert.deepEqual(harness.calls.prepared, [info]);
  assert.deepEqual(harness.rejected, []);
  const log = harness.log.join('\n');
  for (const secret of [stream.token, stream.protocols[1] ?? '?']) assert.ok(!log.includes(secret));
});

served('a lead and variables are known in the call, as in one that is placed', async (harness) => {
  const lead = { name: 'Ann', phone: '+15005550009', fields: { plan: 'basic', city: 'X' } };
  await harness.api('POST', '/v1/leads', lead);
  await announced(harness, { agent: 'desk', leadId: 'lead-1', variables: { city: 'Y' } });
  const [info] = harness.calls.prepared;
  assert.deepEqual(info?.variables, { name: 'Ann', phone: '+15005550009', plan: 'basic', city: 'Y' });
  assert.equal(info.leadId, 'lead-1');
});

served('a page of the public address is sent to the instance that it asked', async (harness) => {
  const headers = { authorization: 'Bearer the-admin-token', host: new URL(PUBLIC).host };
  // `fetch` does not let a Host be set.
  const { request } = await import('node:http');
  const body = await new Promise<string>((resolve, reject) => {
    const asked = request(`${harness.server.url}${CALLS}`, { method: 'POST', headers }, (answer) => {
      answer.setEncoding('utf8');
      let text = '';
      answer.on('data', (chunk: string) => (text += chunk));
      answer.on('end', () => resolve(text));
    });
    asked.on('error', reject);
    asked.end();
  });
  assert.equal((JSON.parse(body) as Stream).url, 'wss://voice.example.com/twilio/media');
});

served('a ticket is good once, for its call alone, and only from a page of ours', async (harness) => {
  const stream = await announced(harness);
  const other = await announced(harness);
  const [protocol = '', ticket = ''] = stream.protocols;
  const foreign = await dial(harness, stream.protocols, 'https://evil.example.com');
  const altered = await dial(harness, [
    protocol,
    `${ticket.slice(0, -1)}${ticket.endsWith('A') ? 'B' : 'A'}`,
  ]);
  const swapped = await dial(harness, [protocol, ticket.replace(stream.callSid, other.callSid)]);
  const { ticket: events } = await json<{ ticket: string }>(await harness.api('POST', '/v1/events/ticket'));
  const another = await dial(harness, [protocol, `turnpike.ticket.${events}`]);
  const nonsense = await dial(harness, [protocol, 'turnpike.ticket.x']);
  assert.deepEqual(
    [foreign, altered, swapped, another, nonsense].map(({ status }) => status),
    [403, 403, 403, 403, 403],
  );
  assert.deepEqual(harness.rejected, ['auth', 'token', 'token', 'token', 'token']);
  assert.equal((await dial(harness, [protocol])).status, 403, 'the protocol alone opens nothing');
  assert.equal((await dial(harness, stream.protocols, PUBLIC)).status, 101);
  assert.equal((await dial(harness, stream.protocols)).status, 403);
  assert.deepEqual(harness.rejected.slice(5), ['signature', 'token']);
});

served('a ticket of one call does not start another, whose token somebody may know', async (harness) => {
  const stream = await announced(harness);
  const token = tokenIn(await (await harness.webhook('/twilio/voice')).text());
  const { socket } = await dial(harness, stream.protocols);
  socket.send(startText(token));
  assert.equal(await closeCode(socket), 1008);
  assert.deepEqual(harness.rejected, ['token']);
  const carrier = await upgrade(harness, '/twilio/media', { 'x-twilio-signature': UPGRADE_SIGNATURE });
  carrier.socket.send(startText(token));
  await until(() => harness.calls.opened.length === 1, "the carrier's call is opened");
});

served(
  'an announced call holds a place, and nobody else is let in when all are taken',
  async (harness) => {
    const stream = await announced(harness);
    assert.equal(await refusal(harness, CALLS), '503 overload');
    assert.match(await (await harness.webhook('/twilio/voice')).text(), /busy/);
    assert.equal((await dial(harness, stream.protocols)).status, 101);
    assert.deepEqual(harness.rejected, ['overload', 'overload']);
  },
  { callsMax: 1 },
);

served('no call from a browser while draining, or with what is wrong in it', async (harness) => {
  assert.equal(await refusal(harness, CALLS, { to: '+15005550009' }), '422 invalid');
  assert.equal(await refusal(harness, CALLS, { agent: 'another' }), '422 unknown_agent');
  assert.equal(await refusal(harness, CALLS, { leadId: 'nobody' }), '422 unknown_lead');
  assert.equal((await harness.api('POST', CALLS, {}, null)).status, 401);
  harness.server.setDraining();
  assert.equal(await refusal(harness, CALLS), '503 overload');
  assert.deepEqual(harness.calls.prepared, []);
});

const clock = new VirtualClock();

served(
  'a call whose stream does not come within a minute came to nothing',
  async (harness) => {
    const stream = await announced(harness);
    await clock.advance(59_000);
    assert.deepEqual(harness.calls.told, []);
    await clock.advance(2_000);
    assert.deepEqual(harness.calls.told, [`${stream.callSid} never started: completed`]);
    assert.equal((await dial(harness, stream.protocols)).status, 403);
    assert.deepEqual(harness.rejected, ['token']);
    await announced(harness);
  },
  { clock, callsMax: 1 },
);

served('Twilio is never asked about a call that is not its own', async (harness) => {
  const waiting = await announced(harness);
  assert.equal((await harness.api('POST', `/v1/calls/${waiting.callSid}/hangup`)).status, 202);
  assert.deepEqual(harness.calls.told.splice(0), [`${waiting.callSid} never started: canceled`]);
  assert.equal(await refusal(harness, `/v1/calls/${waiting.callSid}/hangup`), '404 not_live');

  const stream = await announced(harness);
  const { socket } = await dial(harness, stream.protocols);
  socket.send(startOf(stream));
  await until(() => harness.calls.opened.length === 1, 'the call is opened');
  const [opened] = harness.calls.opened;
  assert.ok(opened !== undefined);
  harness.calls.start(opened.info);
  const route = `/v1/calls/${stream.callSid}`;
  assert.equal(await refusal(harness, `${route}/transfer`, { to: '+15005550009' }), '409 no_carrier');
  assert.equal((await harness.api('POST', `${route}/hangup`)).status, 202);
  assert.deepEqual(harness.calls.told, ['hang up']);
});

served('a page that has gone ends its call, whatever has become of the stream', async (harness) => {
  const waiting = await announced(harness);
  const hungUp = async (callSid: string): Promise<readonly string[]> => {
    assert.equal((await harness.api('POST', `${CALLS}/${callSid}/hung-up`)).status, 204);
    return harness.calls.told.splice(0);
  };
  const neverStarted = `${waiting.callSid} never started: canceled`;
  assert.deepEqual(await hungUp(waiting.callSid), [neverStarted, `${waiting.callSid} hung up`]);

  const { callSid } = waiting;
  const [info] = harness.calls.prepared;
  assert.ok(info !== undefined);
  harness.calls.start(info);
  assert.deepEqual(await hungUp(callSid), ['hang up', `${callSid} hung up`]);
  harness.calls.live.clear();
  assert.deepEqual(
    await hungUp(callSid),
    [`${callSid} hung up`],
    'it may be lost, or another instance may have it',
  );
  assert.equal(await refusal(harness, `${CALLS}/CA1/hung-up`), '404 not_found');
  assert.equal((await harness.api('POST', `${CALLS}/${callSid}/hung-up`, undefined, null)).status, 401);
  assert.deepEqual(harness.calls.told, []);
});

served('a page is told what comes next when its stream is over', async (harness) => {
  const first = await announced(harness);
  const { callSid, protocols } = first;
  const ask = async (path = `${CALLS}/${callSid}/stream-ended`): Promise<unknown> =>
    json(await harness.api('POST', path));
  harness.calls.next = { kind: 'hangup' };
  assert.deepEqual(await ask(), { next: 'hangup' });
  harness.calls.next = { kind: 'dial', to: '+15005550009' };
  assert.deepEqual(await ask(), { next: 'dial', to: '+15005550009' });
  const [info] = harness.calls.prepared;
  assert.ok(info !== undefined);
  harness.calls.next = { kind: 'elsewhere', info };
  const next = `${CALLS}/${callSid}/stream-ended?overflow=1`;
  assert.deepEqual(await ask(), { next: 'ask', path: next });

  harness.calls.next = { kind: 'connect', info };
  const answer = await ask();
  assert.ok(isRecord(answer) && answer['next'] === 'connect');
  const stream = answer['stream'] as Stream;
  assert.equal(stream.callSid, callSid);
  const { socket: stale } = await dial(harness, protocols);
  stale.send(startOf(first));
  assert.equal(await closeCode(stale), 1008, 'the token before is void');
  const { socket } = await dial(harness, stream.protocols);
  socket.send(startOf(stream));
  await until(() => harness.calls.opened.length === 1, 'it goes on');
  for (let again = 0; again < 2; again += 1) await ask();
  assert.deepEqual(await ask(), { next: 'apologize' });
  assert.equal(await refusal(harness, `${CALLS}/CA1/stream-ended`), '404 not_found');
});

served(
  'without an account the stream names one that nobody has',
  async (harness) => {
    const stream = await announced(harness);
    assert.equal(stream.accountSid, `AC${'0'.repeat(32)}`);
    const { socket } = await dial(harness, stream.protocols);
    socket.send(startOf(stream));
    await until(() => harness.calls.opened.length === 1, 'the call is opened');
  },
  { twilio: { accountSid: undefined, authToken: undefined } },
);
