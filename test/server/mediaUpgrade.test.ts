import assert from 'node:assert/strict';
import { until } from '../helpers/until.ts';
import {
  CALL,
  closeCode,
  mediaSocket,
  raw,
  served,
  startText,
  textOf,
  STREAM,
  tokenIn,
  upgrade,
  UPGRADE_SIGNATURE,
  type Harness,
} from './harness.ts';

const SIGNED = { 'x-twilio-signature': UPGRADE_SIGNATURE };
const FRAME = Buffer.alloc(160, 0x55);

async function announcedToken(harness: Harness): Promise<string> {
  return tokenIn(await (await harness.webhook('/twilio/voice')).text());
}

served('a stream with the right token is handed to the calls, and lives', async (harness) => {
  const token = await announcedToken(harness);
  const socket = await mediaSocket(harness);
  socket.send('{"event":"connected","protocol":"Call","version":"1.0.0"}');
  socket.send(startText(token));
  await until(() => harness.calls.opened.length === 1, 'the call is opened');
  const [opened] = harness.calls.opened;
  assert.ok(opened !== undefined);
  assert.equal(opened.info.callSid, CALL);
  assert.equal(opened.resumed, false);
  assert.equal(opened.stream.streamSid, STREAM);
  const received = new Promise((resolve) => socket.once('message', (data) => resolve(textOf(data))));
  opened.stream.sendMedia(FRAME);
  const payload = FRAME.toString('base64');
  assert.equal(await received, `{"event":"media","streamSid":"${STREAM}","media":{"payload":"${payload}"}}`);
  assert.deepEqual(harness.rejected, []);
});

served('an upgrade without a signature, with a wrong one or to nowhere is refused', async (harness) => {
  const { status: missing } = await upgrade(harness, '/twilio/media');
  const { status: wrong } = await upgrade(harness, '/twilio/media', {
    'x-twilio-signature': UPGRADE_SIGNATURE.replace(/^./, (letter) => (letter === 'A' ? 'B' : 'A')),
  });
  const { status: nowhere } = await upgrade(harness, '/twilio/other', SIGNED);
  const { status: health } = await upgrade(harness, '/healthz');
  assert.deepEqual([missing, wrong, nowhere, health], [403, 403, 404, 404]);
  assert.deepEqual(harness.rejected, ['signature', 'signature', 'path', 'path']);
});

served(
  'without an account no page in a browser here opens a stream, whatever name it has for this machine',
  async (harness) => {
    const own = new URL(harness.server.url).host;
    for (const headers of [
      { host: 'evil.example:8080', origin: 'http://evil.example:8080' },
      { host: 'evil.example:8080' },
      { host: own, origin: 'https://evil.example' },
    ])
      assert.equal((await upgrade(harness, '/twilio/media', headers)).status, 403, JSON.stringify(headers));
    assert.deepEqual(harness.rejected, ['auth', 'auth', 'auth']);
  },
  { twilio: { accountSid: undefined, authToken: undefined } },
);

served(
  'without an account a local peer needs no signature, and a forwarded one is refused',
  async (harness) => {
    const local = await upgrade(harness, '/twilio/media');
    const forwarded = await upgrade(harness, '/twilio/media', { 'x-forwarded-for': '203.0.113.9' });
    assert.deepEqual([local.status, forwarded.status], [101, 403]);
    assert.deepEqual(harness.rejected, ['auth']);
  },
  { twilio: { accountSid: undefined, authToken: undefined } },
);

served('what is no WebSocket handshake is refused', async (harness) => {
  const answer = await raw(
    harness,
    `GET /twilio/media HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nx-twilio-signature: ${UPGRADE_SIGNATURE}\r\n\r\n`,
  );
  assert.match(answer, /^HTTP\/1\.1 400 /);
  assert.deepEqual(harness.rejected, ['request']);
});

served(
  'more sockets than calls are taken are refused, and a socket that goes makes room',
  async (harness) => {
    const first = await mediaSocket(harness);
    const second = await upgrade(harness, '/twilio/media', SIGNED);
    assert.equal(second.status, 503);
    first.close();
    await closeCode(first);
    await until(
      () => harness.log.some((line) => line.includes('before its stream started')),
      'the first is gone',
    );
    assert.equal((await upgrade(harness, '/twilio/media', SIGNED)).status, 101);
    harness.calls.activeCount = 1;
    assert.equal((await upgrade(harness, '/twilio/media', SIGNED)).status, 503);
    assert.deepEqual(harness.rejected, ['overload', 'overload']);
  },
  { callsMax: 1 },
);

served(
  'a call that is resumed gets its stream although every place is taken',
  async (harness) => {
    harness.calls.activeCount = 1;
    const twiml = await (await harness.webhook('/twilio/stream-ended')).text();
    const socket = await mediaSocket(harness);
    socket.send(startText(tokenIn(twiml)));
    await until(() => harness.calls.opened.length === 1, 'the call is opened');
    assert.equal(harness.calls.opened[0]?.resumed, true, 'it had a stream before');
  },
  { callsMax: 1 },
);

served(
  'a wrong, missing, foreign or spent token closes the socket, and the right one still works',
  async (harness) => {
    const token = await announcedToken(harness);
    const foreign = tokenIn(await (await harness.webhook('/twilio/voice', { CallSid: 'CA2' })).text());
    const bad = [
      startText('wrong'),
      startText(token, { customParameters: {} }),
      startText(foreign),
      startText(token, { accountSid: 'AC9' }),
    ];
    for (const text of bad) {
      const socket = await mediaSocket(harness);
      socket.send(text);
      assert.equal(await closeCode(socket), 1008);
    }
    const right = await mediaSocket(harness);
    right.send(startText(token));
    await until(() => harness.calls.opened.length === 1, 'the call is opened');
    const again = await mediaSocket(harness);
    again.send(startText(token));
    assert.equal(await closeCode(again), 1008);
    assert.equal(right.readyState, right.OPEN);
    assert.deepEqual(harness.rejected, ['token', 'token', 'token', 'token', 'token']);
    assert.ok(!harness.log.join('\n').includes(token));
  },
);

served('a stream of a call that nobody announced is refused', async (harness) => {
  const socket = await mediaSocket(harness);
  socket.send(startText('whatever', { callSid: 'CA-unknown' }));
  assert.equal(await closeCode(socket), 1008);
  assert.deepEqual(harness.rejected, ['unknown_call']);
});

served(
  'a socket that never starts is closed in time and counted, with its bad messages',
  async (harness) => {
    const socket = await mediaSocket(harness);
    socket.send('{"event":"connected"}');
    socket.send('junk');
    assert.equal(await closeCode(socket), 1008);
    await until(() => harness.rejected.length === 2, 'both are counted');
    assert.deepEqual(harness.rejected, ['message', 'start_timeout']);
  },
  { limits: { startWithinMs: 100 } },
);

served('junk of every kind leaves the process and other calls untouched', async (harness) => {
  const token = await announcedToken(harness);
  const good = await mediaSocket(harness);
  good.send(startText(token));
  await until(() => harness.calls.opened.length === 1, 'the call is opened');
  const marks: string[] = [];
  harness.calls.opened[0]?.stream.listen({
    onMedia: () => undefined,
    onMark: (name) => marks.push(name),
    onDtmf: () => undefined,
    onEnded: () => undefined,
    onRefused: () => undefined,
  });
  const junk = await mediaSocket(harness);
  const pieces = [
    '',
    'junk',
    'null',
    '[]',
    '7',
    '['.repeat(16_000),
    '{"__proto__":{"event":"start"}}',
    '{"event":{}}',
    '{"event":"media","media":{"payload":{}}}',
  ];
  for (const piece of pieces) junk.send(piece);
  junk.send(Buffer.from([0xff, 0x00]));
  junk.send('x'.repeat(10 * 1024 * 1024));
  assert.equal(await closeCode(junk), 1009);
  await until(() => harness.rejected.length === pieces.length + 2, 'all junk is counted');
  assert.deepEqual(new Set(harness.rejected), new Set(['message']));
  good.send('{"event":"mark","mark":{"name":"still here"}}');
  await until(() => marks.length === 1, 'the other call lives');
});

served('text that is not UTF-8 closes its socket', async (harness) => {
  const socket = await mediaSocket(harness);
  socket.send(Buffer.from([0xc3, 0x28]), { binary: false });
  assert.equal(await closeCode(socket), 1007);
});

served('a call that cannot be opened closes its stream and nothing else', async (harness) => {
  harness.calls.openFails = true;
  const token = await announcedToken(harness);
  const socket = await mediaSocket(harness);
  socket.send(startText(token));
  assert.equal(await closeCode(socket), 1011);
  assert.ok(harness.log.some((line) => line.includes('could not be opened')));
  assert.equal((await fetch(`${harness.server.url}/healthz`)).status, 200);
});

served('closing the server closes every socket', async (harness) => {
  const token = await announcedToken(harness);
  const started = await mediaSocket(harness);
  started.send(startText(token));
  await until(() => harness.calls.opened.length === 1, 'the call is opened');
  const waiting = await mediaSocket(harness);
  const codes = Promise.all([closeCode(started), closeCode(waiting)]);
  await harness.server.close();
  assert.deepEqual(await codes, [1001, 1001]);
});
