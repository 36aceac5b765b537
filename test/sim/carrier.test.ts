import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { isRecord } from '../../src/base/json.ts';
import { seededRandom } from '../../src/base/random.ts';
import { decodeMulaw, encodeMulaw } from '../../src/audio/mulaw.ts';
import { readWav } from '../../src/audio/wav.ts';
import { prepareCaller } from '../../src/sim/caller.ts';
import { Carrier, type CarrierOptions } from '../../src/sim/carrier.ts';
import type { CarrierCall } from '../../src/sim/carrierCall.ts';
import {
  ACCOUNT_SID,
  AUTH_TOKEN,
  connectTwiml,
  PUBLIC_URL,
  StandInGateway,
} from '../helpers/standInGateway.ts';
import { until } from '../helpers/until.ts';

const PARTIES = { from: '+14155550100', to: '+442079460000' };
const audio = (durationMs: number, code = 1): Uint8Array => new Uint8Array(durationMs * 8).fill(code);

async function opened(context: TestContext, options: Partial<CarrierOptions> = {}) {
  const gateway = new StandInGateway();
  const dialUrl = await gateway.listen();
  const carrier = new Carrier({
    clock: systemClock,
    random: seededRandom(1),
    accountSid: ACCOUNT_SID,
    authToken: AUTH_TOKEN,
    voiceUrl: `${PUBLIC_URL}/twilio/voice`,
    publicUrl: PUBLIC_URL,
    dialUrl,
    ...options,
  });
  context.after(async () => {
    await carrier.close();
    await gateway.close();
  });
  gateway.answer('/twilio/voice', connectTwiml());
  return { gateway, carrier };
}

function codesOf(call: CarrierCall): number[] {
  return call.errors.map(({ code }) => code);
}

test('an incoming call asks for TwiML, signed, with all that Twilio sends', async (context) => {
  const { gateway, carrier } = await opened(context);
  gateway.answer('/twilio/voice', '<Response><Reject reason="busy"/></Response>');
  const call = carrier.placeCall(PARTIES);
  const end = await call.ended;
  assert.deepEqual({ by: end.by, status: end.status }, { by: 'verb', status: 'busy' });
  const [webhook] = gateway.webhooks;
  assert.ok(webhook?.signed);
  const { form } = webhook;
  assert.match(form['CallSid'] ?? '', /^CA[0-9a-f]{32}$/);
  for (const [name, value] of Object.entries({
    AccountSid: ACCOUNT_SID,
    ApiVersion: '2010-04-01',
    CallStatus: 'ringing',
    Called: PARTIES.to,
    Caller: PARTIES.from,
    Direction: 'inbound',
    From: PARTIES.from,
    To: PARTIES.to,
    FromCountry: 'US',
    ToCountry: '',
  })) {
    assert.equal(form[name], value, name);
  }
  assert.equal(carrier.requests.length, 1);
  assert.equal(carrier.requests[0]?.status, 200);
});

test('a call is streamed: signed upgrade, parameters, sound both ways, marks, the end', async (context) => {
  const { gateway, carrier } = await opened(context, { statusUrl: `${PUBLIC_URL}/twilio/status` });
  const call = carrier.placeCall(PARTIES);
  call.speakWith(() => audio(20, 7));
  const session = await gateway.session();
  assert.ok(session.signed);
  const { start } = session.of('start')[0] ?? {};
  assert.ok(isRecord(start));
  assert.deepEqual(start['customParameters'], { token: 'a&b' });
  assert.equal(start['callSid'], call.callSid);
  await until(() => session.of('media').length > 2, 'media comes');
  const { media } = session.of('media')[0] ?? {};
  assert.ok(isRecord(media));
  assert.deepEqual(Buffer.from(String(media['payload']), 'base64'), Buffer.from(audio(20, 7)));
  session.media(audio(100, 5));
  session.mark('end');
  await until(() => session.echoes.includes('end'), 'the mark comes back');
  const played = call.playedMulaw().filter((code) => code === 5);
  assert.equal(played.length, 800);
  const wav = readWav(call.recordingWav());
  assert.ok(wav.ok);
  assert.deepEqual(wav.channels[1], decodeMulaw(call.playedMulaw()));
  call.press('1');
  call.hangUp();
  await until(() => session.closeCode !== undefined, 'the socket closes');
  assert.equal(session.closeCode, 1000);
  assert.deepEqual(
    session.messages.slice(-2).map(({ event }) => event),
    ['dtmf', 'stop'],
  );
  assert.deepEqual({ by: call.end?.by, status: call.status }, { by: 'caller', status: 'completed' });
  await carrier.idle();
  const [status] = gateway.webhooks.filter(({ path }) => path === '/twilio/status');
  assert.ok(status?.signed);
  assert.equal(status.form['CallStatus'], 'completed');
  assert.equal(status.form['CallbackSource'], 'call-progress-events');
  assert.equal(status.form['SequenceNumber'], '0');
  assert.match(status.form['Timestamp'] ?? '', /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000$/);
  assert.match(status.form['CallDuration'] ?? '', /^\d+$/);
  assert.deepEqual(call.errors, []);
  assert.deepEqual(call.warnings, []);
  assert.deepEqual(gateway.forms('/twilio/stream-ended'), [], 'nobody is asked after the end');
});

test('a stream that the gateway closes is followed by the action, and that may transfer', async (context) => {
  const { gateway, carrier } = await opened(context);
  gateway.answer('/twilio/stream-ended', '<Response><Dial>+15550001</Dial></Response>');
  const call = carrier.placeCall(PARTIES);
  const session = await gateway.session();
  session.socket.close(1000);
  const end = await call.ended;
  assert.equal(end.by, 'dial');
  assert.equal(end.transferredTo, '+15550001');
  const [form] = gateway.forms('/twilio/stream-ended');
  assert.equal(form?.['CallStatus'], 'in-progress');
  assert.equal(form['CallSid'], call.callSid);
  assert.ok(gateway.webhooks.every(({ signed }) => signed));
  assert.deepEqual(codesOf(call), [31_921]);
});

test('a stream that is lost may be connected again, as a new one', async (context) => {
  const { gateway, carrier } = await opened(context);
  gateway.answer('/twilio/stream-ended', connectTwiml());
  const call = carrier.placeCall(PARTIES);
  const first = await gateway.session();
  call.dropStream();
  const second = await gateway.session(1);
  assert.notEqual(second.streamSid, first.streamSid);
  assert.equal(second.of('start')[0]?.['sequenceNumber'], '1');
  assert.equal(first.closeCode, 1006);
  second.socket.terminate();
  const third = await gateway.session(2);
  third.media(audio(20, 5));
  await until(() => call.playedMulaw().includes(5), 'the new stream plays');
  call.hangUp();
  assert.deepEqual(
    call.line.streams.map(({ end }) => end?.by),
    ['network', 'server', 'call'],
  );
  assert.deepEqual(codesOf(call), [31_903, 31_903]);
});

test('without an action the next verb runs, and with none left the call ends', async (context) => {
  const { gateway, carrier } = await opened(context);
  gateway.answer('/twilio/voice', connectTwiml({ action: '', after: '<Say>ab</Say><Play>x</Play>' }));
  const call = carrier.placeCall(PARTIES);
  (await gateway.session()).socket.close(1000);
  const end = await call.ended;
  assert.equal(end.by, 'twimlEnd');
  assert.deepEqual(
    call.said.map(({ text }) => text),
    ['ab'],
  );
  assert.equal(call.ignoredPlays, 1);
});

test('an upgrade that is refused falls through to the action', async (context) => {
  const { gateway, carrier } = await opened(context);
  gateway.answer(
    '/twilio/voice',
    '<Response><Connect action="/twilio/stream-ended"><Stream url="/nowhere"/></Connect></Response>',
  );
  gateway.answer('/twilio/stream-ended', '<Response><Hangup/></Response>');
  const call = carrier.placeCall(PARTIES);
  assert.equal((await call.ended).by, 'verb');
  assert.deepEqual(codesOf(call), [31_920]);
  assert.equal(gateway.forms('/twilio/stream-ended').length, 1);
});

test('nobody listening at the stream address is a refused connection', async (context) => {
  const { gateway, carrier } = await opened(context);
  gateway.answer(
    '/twilio/voice',
    '<Response><Connect><Stream url="wss://elsewhere.example.com/media"/></Connect></Response>',
  );
  carrier.route('https://elsewhere.example.com', 'http://127.0.0.1:1');
  const call = carrier.placeCall(PARTIES);
  assert.equal((await call.ended).by, 'twimlEnd');
  assert.deepEqual(codesOf(call), [31_902]);
});

test("the stream's own callback hears of its beginning, its failure and its end", async (context) => {
  const { gateway, carrier } = await opened(context);
  const url = `${PUBLIC_URL}/twilio/stream-status`;
  gateway.answer(
    '/twilio/voice',
    `<Response><Connect><Stream url="wss://voice.example.com/twilio/media" name="s" statusCallback="${url}"/></Connect></Response>`,
  );
  const call = carrier.placeCall(PARTIES);
  const session = await gateway.session();
  session.socket.close(4_000, 'why not');
  await call.ended;
  await carrier.idle();
  const forms = gateway.forms('/twilio/stream-status');
  assert.equal(forms.length, 3);
  assert.deepEqual(
    new Set(forms.map((form) => form['StreamEvent'])),
    new Set(['stream-started', 'stream-error', 'stream-stopped']),
  );
  for (const form of forms) {
    assert.equal(form['StreamSid'], session.streamSid);
    assert.equal(form['StreamName'], 's');
  }
  const failed = forms.find((form) => form['StreamEvent'] === 'stream-error');
  assert.match(failed?.['StreamError'] ?? '', /^31921: .*4000 'why not'/);
});

test('a redirect is followed, relative to the document it is in', async (context) => {
  const { gateway, carrier } = await opened(context);
  gateway.answer('/twilio/voice', '<Response><Redirect method="POST">next?a=1</Redirect></Response>');
  gateway.answer('/twilio/next?a=1', '<Response><Hangup/></Response>');
  const call = carrier.placeCall(PARTIES);
  assert.equal((await call.ended).by, 'verb');
  assert.deepEqual(
    gateway.webhooks.map(({ path, signed }) => [path, signed]),
    [
      ['/twilio/voice', true],
      ['/twilio/next?a=1', true],
    ],
  );
});

test('a call that is sent round in circles ends', async (context) => {
  const { gateway, carrier } = await opened(context);
  gateway.answer('/twilio/voice', '<Response><Redirect>/twilio/voice</Redirect></Response>');
  const call = carrier.placeCall(PARTIES);
  assert.equal((await call.ended).by, 'error');
  assert.equal(gateway.webhooks.length, 200);
});

test('a call whose streams are lost is connected again as often as it takes', async (context) => {
  const { gateway, carrier } = await opened(context);
  const streams = 210;
  gateway.onMessage = (session, { event }) => {
    if (event === 'start') session.socket.terminate();
  };
  gateway.answers.set('/twilio/stream-ended', () => ({
    body: gateway.sessions.length < streams ? connectTwiml() : '<Response><Hangup/></Response>',
  }));
  const call = carrier.placeCall(PARTIES);
  assert.equal((await call.ended).by, 'verb');
  assert.equal(gateway.sessions.length, streams);
});

const failing: readonly [string, { status?: number; contentType?: string; body: string }, number][] = [
  ['a status that is no success', { status: 503, body: '' }, 11_200],
  ['a redirect by status', { status: 302, body: '' }, 11_200],
  ['an answer that is not XML', { contentType: 'application/json', body: '{}' }, 12_300],
  ['an answer that is not TwiML', { body: '<html/>' }, 12_100],
  ['an answer that is too long', { body: `<Response>${' '.repeat(70_000)}</Response>` }, 11_750],
];
for (const [what, answer, code] of failing) {
  test(`${what} ends the call with ${code}`, async (context) => {
    const { gateway, carrier } = await opened(context);
    gateway.answers.set('/twilio/voice', () => answer);
    const call = carrier.placeCall(PARTIES);
    const end = await call.ended;
    assert.deepEqual({ by: end.by, status: end.status }, { by: 'error', status: 'failed' });
    assert.deepEqual(codesOf(call), [code]);
  });
}

test('a gateway that is not there is reported, and its fallback asked', async (context) => {
  const { gateway, carrier } = await opened(context, {
    voiceUrl: 'https://dead.example.com/voice',
    fallbackUrl: `${PUBLIC_URL}/twilio/fallback`,
  });
  carrier.route('https://dead.example.com', 'http://127.0.0.1:1');
  gateway.answer('/twilio/fallback', '<Response><Reject/></Response>');
  const call = carrier.placeCall(PARTIES);
  assert.equal((await call.ended).status, 'failed');
  assert.deepEqual(codesOf(call), [11_205]);
  assert.equal(gateway.forms('/twilio/fallback')[0]?.['ErrorCode'], '11205');
});

test('what the gateway says wrongly is a warning, and the call lives', async (context) => {
  const { gateway, carrier } = await opened(context);
  const call = carrier.placeCall(PARTIES);
  const session = await gateway.session();
  session.socket.send('nonsense');
  session.socket.send(Buffer.from([1, 2, 3]));
  session.send({ event: 'media', media: { payload: 'AAAA', track: 'outbound' } });
  session.mark('alive');
  await until(() => session.echoes.includes('alive'), 'the mark comes back');
  assert.deepEqual(
    call.warnings.map(({ code }) => code),
    [31_951, 31_950, 31_951],
  );
  assert.match(call.warnings[2]?.text ?? '', /outbound/);
  call.hangUp();
});

test('faults that a call is given reach its stream', async (context) => {
  const { gateway, carrier } = await opened(context);
  const call = carrier.placeCall(PARTIES);
  const session = await gateway.session();
  call.faultMarks({ kind: 'duplicate', count: 1 });
  session.mark('twice');
  await until(() => session.echoes.length === 2, 'the mark comes back twice');
  call.jitter(5);
  call.stallMedia(60_000);
  await until(() => (call.line.stream?.unsentFrames ?? 0) > 1, 'media is lost');
  assert.deepEqual(carrier.calls, [call]);
  assert.ok(carrier.tickLateMsMax >= 0);
  call.hangUp();
  assert.equal(call.arrivals.length, 0);
});

test('closing the carrier breaks everything off at once', async (context) => {
  const { gateway, carrier } = await opened(context);
  const call = carrier.placeCall(PARTIES);
  const session = await gateway.session();
  // A webhook that is never answered would hold it for 15 s.
  const hanging = carrier.placeCall(PARTIES);
  await carrier.close();
  assert.equal((await call.ended).by, 'carrier');
  assert.equal((await hanging.ended).by, 'carrier');
  await until(() => session.closeCode === 1006, 'the socket is cut');
});

test('a caller with a script goes through a real call', async (context) => {
  const { gateway, carrier } = await opened(context);
  const hum = encodeMulaw(Int16Array.from({ length: 1_600 }, (_unused, i) => (i % 8 < 4 ? 3_000 : -3_000)));
  gateway.onMessage = (session, { event }) => {
    if (event !== 'start' && event !== 'dtmf') return;
    session.media(hum);
    session.mark('said');
  };
  const caller = await prepareCaller({
    voice: { say: () => Promise.reject(new Error('nothing is said')) },
    random: seededRandom(1),
    steps: [{ press: '5' }, { listen: true }, { hangUp: true }],
    silenceMs: 100,
  });
  const call = carrier.placeCall(PARTIES);
  const report = await caller.take(call);
  assert.equal(call.end?.by, 'caller');
  assert.equal(report.completed, true);
  assert.deepEqual(
    report.turns.map(({ kind, missed }) => [kind, missed]),
    [
      ['greeting', false],
      ['press', false],
    ],
  );
  const [greeting, pressed] = report.turns;
  assert.ok((pressed?.endOfSpeechAtMs ?? NaN) >= (greeting?.firstReplyHeardAtMs ?? NaN) + 200 + 100);
  assert.deepEqual(
    call.gaps.map(({ kind }) => kind),
    ['marked'],
  );
});
