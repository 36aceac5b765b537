import assert from 'node:assert/strict';
import test from 'node:test';
import { HELD_MAX, REFUSED_MAX } from '../../src/twilio/mediaStream.ts';
import { until } from '../helpers/until.ts';
import { mediaText, openPair, scribe, START, STREAM, type MediaPair } from './mediaPair.ts';

const FRAME = new Uint8Array(160).fill(0x55);
const CONNECTED = '{"event":"connected","protocol":"Call","version":"1.0.0"}';
const STOP = '{"event":"stop","stop":{"callSid":"CA1"}}';

function story(name: string, work: (pair: MediaPair) => Promise<void>, bufferedBytesMax?: number): void {
  test(name, async () => {
    const pair = await openPair(bufferedBytesMax);
    try {
      await work(pair);
    } finally {
      await pair.close();
    }
  });
}

story('tells the start, then the frames, marks and keys in order, then the stop', async (pair) => {
  pair.twilio.send(CONNECTED);
  pair.twilio.send(START);
  const opening = await pair.stream.started;
  assert.ok(opening.kind === 'started');
  assert.deepEqual(opening.start, {
    streamSid: STREAM,
    callSid: 'CA1',
    accountSid: 'AC1',
    customParameters: { token: 'abc' },
  });
  assert.equal(pair.stream.streamSid, STREAM);
  const { listener, told } = scribe();
  pair.stream.listen(listener);
  pair.twilio.send(mediaText(1, FRAME));
  pair.twilio.send('{"event":"mark","mark":{"name":"m"}}');
  pair.twilio.send('{"event":"dtmf","dtmf":{"digit":"5"}}');
  pair.twilio.send('{"event":"news"}');
  pair.twilio.send(STOP);
  pair.twilio.send(mediaText(2, FRAME));
  await until(() => told.includes('ended stop'), 'the stop is told');
  assert.deepEqual(told, ['media 160 at 20', 'mark m', 'dtmf 5', 'ended stop']);
});

story('what came between the start and the listening is told first, in order', async (pair) => {
  pair.twilio.send(CONNECTED);
  pair.twilio.send('junk');
  pair.twilio.send(START);
  pair.twilio.send(mediaText(1, FRAME));
  pair.twilio.send('null');
  pair.twilio.send(mediaText(2, FRAME));
  pair.twilio.send(STOP);
  await pair.stream.started;
  await pair.clock.advance(0);
  await until(() => pair.stream.refusedMessages === 2, 'both bad messages have come');
  const { listener, told } = scribe();
  // The stop may still be on its way.
  pair.stream.listen(listener);
  await until(() => told.at(-1) === 'ended stop', 'the stop is told');
  assert.deepEqual(told, [
    'refused not_json',
    'media 160 at 20',
    'refused bad_shape',
    'media 160 at 40',
    'ended stop',
  ]);
});

story('sends media, marks and clear in the words of Twilio', async (pair) => {
  pair.stream.sendMark('too early');
  pair.twilio.send(START);
  await pair.stream.started;
  pair.stream.sendMedia(FRAME);
  pair.stream.sendMark('m');
  pair.stream.sendClear();
  await until(() => pair.received.length === 3, 'three messages have come');
  assert.deepEqual(
    pair.received.map((text) => JSON.parse(text)),
    [
      { event: 'media', streamSid: STREAM, media: { payload: Buffer.from(FRAME).toString('base64') } },
      { event: 'mark', streamSid: STREAM, mark: { name: 'm' } },
      { event: 'clear', streamSid: STREAM },
    ],
  );
  assert.equal(pair.stream.bufferedBytes, 0);
});

story('a socket that never starts is closed after ten seconds', async (pair) => {
  pair.twilio.send(CONNECTED);
  await pair.clock.advance(9_999);
  assert.equal(pair.twilio.readyState, pair.twilio.OPEN);
  await pair.clock.advance(1);
  assert.deepEqual(await pair.stream.started, { kind: 'ended', reason: 'start_timeout' });
  assert.equal(await pair.closed, 1008);
});

story('a started socket is not closed for being slow to start', async (pair) => {
  pair.twilio.send(START);
  await pair.stream.started;
  await pair.clock.advance(60_000);
  assert.equal(pair.twilio.readyState, pair.twilio.OPEN);
});

story('a socket that closes before its start says so', async (pair) => {
  pair.twilio.close();
  assert.deepEqual(await pair.stream.started, { kind: 'ended', reason: 'closed' });
  assert.equal(pair.clock.pendingTimers, 0);
});

story('messages before the start, binary ones and a second start are refused', async (pair) => {
  pair.twilio.send(mediaText(1, FRAME));
  pair.twilio.send(START);
  await pair.stream.started;
  const { listener, told } = scribe();
  pair.stream.listen(listener);
  pair.twilio.send(START);
  pair.twilio.send(Buffer.from(mediaText(1, FRAME)));
  pair.twilio.send(`{"event":"x","pad":"${'x'.repeat(20_000)}"}`);
  await until(() => told.length === 4, 'all are refused');
  assert.deepEqual(told, [
    'refused before_start',
    'refused second_start',
    'refused binary',
    'refused too_large',
  ]);
  assert.equal(pair.stream.refusedMessages, 4);
});

story('a hundred bad messages end the stream', async (pair) => {
  pair.twilio.send(START);
  await pair.stream.started;
  const { listener, told } = scribe();
  pair.stream.listen(listener);
  for (let i = 0; i < REFUSED_MAX + 10; i += 1) pair.twilio.send('junk');
  assert.equal(await pair.closed, 1008);
  assert.equal(told.filter((text) => text === 'refused not_json').length, REFUSED_MAX);
  assert.equal(told.at(-1), 'ended error');
});

story('bad messages alone never start a stream', async (pair) => {
  for (let i = 0; i < REFUSED_MAX; i += 1) pair.twilio.send('junk');
  assert.deepEqual(await pair.stream.started, { kind: 'ended', reason: 'error' });
  assert.equal(await pair.closed, 1008);
});

story('a stream that nobody listens to is closed', async (pair) => {
  pair.twilio.send(START);
  for (let chunk = 1; chunk <= HELD_MAX; chunk += 1) pair.twilio.send(mediaText(chunk, FRAME));
  assert.equal(await pair.closed, 1011);
});

story('a message over the bound of the socket ends this stream alone', async (pair) => {
  pair.twilio.send(START);
  await pair.stream.started;
  const { listener, told } = scribe();
  pair.stream.listen(listener);
  pair.twilio.on('error', () => undefined);
  pair.twilio.send('x'.repeat(10 * 1024 * 1024));
  assert.equal(await pair.closed, 1009);
  assert.deepEqual(told, ['refused too_large', 'ended error']);
});

story(
  "sound of the agent's own track is passed over, and gaps in the numbering are counted",
  async (pair) => {
    pair.twilio.send(START);
    await pair.stream.started;
    const { listener, told } = scribe();
    pair.stream.listen(listener);
    pair.twilio.send(mediaText(1, FRAME));
    pair.twilio.send(mediaText(2, FRAME, 'outbound'));
    pair.twilio.send(mediaText(2, FRAME));
    pair.twilio.send(mediaText(6, FRAME));
    pair.twilio.send(mediaText(4, FRAME));
    await until(() => told.length === 4, 'all frames have come');
    assert.equal(pair.stream.missedChunks, 3);
  },
);

story(
  'a peer that stops reading is cut',
  async (pair) => {
    pair.twilio.send(START);
    await pair.stream.started;
    const { listener, told } = scribe();
    pair.stream.listen(listener);
    pair.twilio.pause();
    const minute = new Uint8Array(480_000);
    for (let i = 0; i < 200 && told.length === 0; i += 1) {
      pair.stream.sendMedia(minute);
      await pair.clock.advance(0);
    }
    assert.deepEqual(told, ['ended too_slow']);
    pair.stream.sendMedia(FRAME);
    assert.deepEqual(told, ['ended too_slow']);
  },
  64 * 1024,
);

story('our own close is told when the socket is closed', async (pair) => {
  pair.twilio.send(START);
  await pair.stream.started;
  const { listener, told } = scribe();
  pair.stream.listen(listener);
  pair.stream.close(1000, 'done');
  pair.stream.close(1011);
  pair.twilio.send(mediaText(1, FRAME));
  assert.equal(await pair.closed, 1000);
  await until(() => told.length > 0, 'the end is told');
  assert.deepEqual(told, ['ended closed']);
  assert.equal(pair.clock.pendingTimers, 0);
});

story('a peer that does not answer our close is cut after two seconds', async (pair) => {
  pair.twilio.send(START);
  await pair.stream.started;
  const { listener, told } = scribe();
  pair.stream.listen(listener);
  pair.twilio.pause();
  pair.stream.close();
  await pair.clock.advance(1_999);
  assert.deepEqual(told, []);
  await pair.clock.advance(1);
  await until(() => told.length > 0, 'the end is told');
  assert.deepEqual(told, ['ended closed']);
});

story('after a stop the socket is left to Twilio for two seconds', async (pair) => {
  pair.twilio.send(START);
  await pair.stream.started;
  const { listener, told } = scribe();
  pair.stream.listen(listener);
  pair.twilio.send(STOP);
  await until(() => told.length > 0, 'the stop is told');
  assert.equal(pair.twilio.readyState, pair.twilio.OPEN);
  await pair.clock.advance(2_000);
  assert.equal(await pair.closed, 1000);
  assert.deepEqual(told, ['ended stop']);
});

story('one who listens after the end is told of it', async (pair) => {
  pair.twilio.send(START);
  await pair.stream.started;
  pair.twilio.terminate();
  await until(() => pair.clock.pendingTimers === 0, 'the start timer is gone');
  const { listener, told } = scribe();
  await new Promise((resolve) => setImmediate(resolve));
  pair.stream.listen(listener);
  await until(() => told.length > 0, 'the end is told');
  assert.deepEqual(told, ['ended closed']);
});

story('who stands between a stream and its socket is told what came, and what is sent', async (pair) => {
  pair.twilio.send(START);
  pair.twilio.send('junk');
  pair.twilio.send(mediaText(1, FRAME));
  await pair.stream.started;
  await until(() => pair.stream.refusedMessages === 1, 'the bad message has come');
  const news: string[] = [];
  const waiting: (() => void)[] = [];
  const sent: string[] = [];
  await until(() => {
    const soFar = pair.stream.tap({
      onNews: (one, deal) => {
        news.push(one.kind === 'message' ? (one.text ?? 'no text') : one.kind);
        waiting.push(deal);
      },
      onSent: (text) => sent.push(text),
      onUnsent: (why) => sent.push(`unsent, ${why}`),
    });
    assert.equal(soFar.ended, undefined);
    return [...soFar.waiting, ...news].length === 2;
  }, 'what came before is known');
  const { listener, told } = scribe();
  pair.stream.listen(listener);
  pair.twilio.send(mediaText(2, FRAME));
  pair.twilio.send(new Uint8Array([1]));
  await until(() => news.includes('no text'), 'the news has come');
  assert.deepEqual(
    told.filter((one) => one.startsWith('media')).length < 2,
    true,
    'it waits until it is dealt with',
  );
  for (const deal of waiting.splice(0)) deal();
  assert.deepEqual(told, ['refused not_json', 'media 160 at 20', 'media 160 at 40', 'refused binary']);
  pair.stream.sendMark('m');
  await until(() => pair.received.length === 1, 'it is sent');
  assert.deepEqual(sent, pair.received);
  pair.twilio.close();
  await until(() => news.at(-1) === 'closed', 'the end has come');
  pair.stream.sendMark('too late');
  assert.equal(sent.at(-1), 'unsent, closing');
  for (const deal of waiting.splice(0)) deal();
  assert.equal(told.at(-1), 'ended closed');
});
