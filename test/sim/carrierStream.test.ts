import assert from 'node:assert/strict';
import test from 'node:test';
import { isRecord } from '../../src/base/json.ts';
import { readWav } from '../../src/audio/wav.ts';
import { decodeMulaw } from '../../src/audio/mulaw.ts';
import type { LineListener } from '../../src/sim/carrierLine.ts';
import { STREAM_SID, VirtualLine, type SentMessage } from '../helpers/virtualLine.ts';

const audio = (durationMs: number, code = 1): Uint8Array => new Uint8Array(durationMs * 8).fill(code);

function mediaOf({ message }: SentMessage): Record<string, unknown> {
  const { media } = message;
  assert.ok(isRecord(media));
  return { ...media };
}

function echoesOf(line: VirtualLine): unknown[] {
  return line.of('mark').map(({ message: { mark } }) => (isRecord(mark) ? mark['name'] : undefined));
}

test('says connected and start, to the letter', () => {
  const line = new VirtualLine().start();
  assert.deepEqual(
    line.sent.map(({ message }) => message),
    [
      { event: 'connected', protocol: 'Call', version: '1.0.0' },
      {
        event: 'start',
        sequenceNumber: '1',
        start: {
          accountSid: 'AC1',
          streamSid: STREAM_SID,
          callSid: 'CA1',
          tracks: ['inbound'],
          mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8_000, channels: 1 },
          customParameters: { token: 'a"b' },
        },
        streamSid: STREAM_SID,
      },
    ],
  );
});

test('sends media every 20 ms, numbered and timed from the start, silence where nobody speaks', async () => {
  const line = new VirtualLine().start();
  let frames = 0;
  line.speakWith(() => ((frames += 1) === 2 ? audio(20, 9) : undefined));
  await line.clock.advance(10_000);
  const media = line.of('media');
  assert.equal(media.length, 500);
  const firstMs = media[0]?.atMs ?? NaN;
  for (const [index, sent] of media.entries()) {
    assert.equal(sent.atMs, firstMs + index * 20);
    assert.deepEqual(sent.message, {
      event: 'media',
      sequenceNumber: String(index + 2),
      media: {
        track: 'inbound',
        chunk: String(index + 1),
        timestamp: String(firstMs + index * 20),
        payload: Buffer.from(audio(20, index === 1 ? 9 : 0xff)).toString('base64'),
      },
      streamSid: STREAM_SID,
    });
  }
});

test('tells of keys and of the end, and closes', async () => {
  const line = new VirtualLine().start();
  await line.clock.advance(20);
  line.press('1#x');
  line.hangUp();
  await line.clock.advance(100);
  assert.deepEqual(
    line.sent.slice(3).map(({ message }) => message),
    [
      {
        event: 'dtmf',
        sequenceNumber: '3',
        dtmf: { track: 'inbound_track', digit: '1' },
        streamSid: STREAM_SID,
      },
      {
        event: 'dtmf',
        sequenceNumber: '4',
        dtmf: { track: 'inbound_track', digit: '#' },
        streamSid: STREAM_SID,
      },
      {
        event: 'stop',
        sequenceNumber: '5',
        stop: { accountSid: 'AC1', callSid: 'CA1' },
        streamSid: STREAM_SID,
      },
    ],
  );
  assert.equal(line.closed, 'closed');
  assert.deepEqual({ by: line.end?.by, code: line.end?.code }, { by: 'call', code: undefined });
  assert.equal(line.clock.pendingTimers, 0);
});

test('plays what comes in real time, tells when, and sends marks back', async () => {
  const line = new VirtualLine().start();
  const heard: number[] = [];
  const arrived: number[] = [];
  const listener: LineListener = {
    onAgentFrame: (atMs) => heard.push(atMs),
    onAgentAudio: (atMs, mulaw) => arrived.push(atMs, mulaw.length),
  };
  const stop = line.listen(listener);
  await line.clock.advance(105);
  line.media(audio(50));
  line.mark('a');
  await line.clock.advance(200);
  stop();
  line.media(audio(20));
  await line.clock.advance(40);
  assert.deepEqual(arrived, [105, 400]);
  const tickMs = line.of('media')[0]?.atMs ?? NaN;
  const firstMs = tickMs + Math.ceil((105 - tickMs) / 20) * 20;
  assert.deepEqual(heard, [firstMs, firstMs + 20, firstMs + 40]);
  assert.deepEqual(echoesOf(line), ['a']);
  assert.equal(line.of('mark')[0]?.atMs, firstMs + 60, 'a mark means that its audio was played');
  assert.deepEqual(line.line.arrivals[0], { atMs: 105, audioMs: 50, bufferedMs: 0 });
});

test('a clear silences the line within a frame and sends the marks back', async () => {
  const line = new VirtualLine().start();
  let frames = 0;
  let cleared = 0;
  line.listen({
    onAgentFrame: () => {
      frames += 1;
    },
    onClear: () => {
      cleared += 1;
    },
  });
  line.media(audio(1_000));
  line.mark('a');
  await line.clock.advance(100);
  line.clear();
  const before = frames;
  await line.clock.advance(200);
  assert.equal(frames, before);
  assert.equal(cleared, 1);
  assert.deepEqual(echoesOf(line), ['a']);
});

test('what Twilio would drop is dropped, and kept with what was wrong about it', async () => {
  const line = new VirtualLine().start();
  let told = 0;
  line.listen({
    onWarning: () => {
      told += 1;
    },
  });
  line.text('hello');
  line.text(`{"event":"media","streamSid":"${STREAM_SID}","media":{"payload":"/w==","x":1}}`);
  line.binary(160);
  line.media(audio(600_000));
  line.media(audio(20));
  assert.deepEqual(
    line.line.warnings.map(({ code, text }) => [code, text.slice(0, 16)]),
    [
      [31_951, 'hello'],
      [31_951, '{"event":"media"'],
      [31_950, ''],
      [31_931, '{"event":"media"'],
    ],
  );
  assert.equal(told, 4);
  assert.ok(line.line.warnings.every(({ text }) => text.length <= 500));
  assert.equal(line.line.arrivals.length, 1);
});

test('records both sides on one time line', async () => {
  const line = new VirtualLine().start();
  await line.clock.advance(1_000);
  line.speakWith((dueMs) => (dueMs <= 1_100 ? audio(20, 3) : undefined));
  line.media(audio(60, 5));
  await line.clock.advance(1_000);
  const { recording } = line.line;
  assert.ok(recording);
  const caller = recording.mulaw('caller');
  const agent = recording.mulaw('agent');
  assert.equal(caller.length, agent.length);
  const firstMs = line.of('media').find(({ atMs }) => atMs > 1_000)?.atMs ?? NaN;
  assert.equal(agent.indexOf(5) / 8, firstMs);
  assert.equal(agent.lastIndexOf(5) / 8, firstMs + 60 - 1 / 8);
  // What is sent at a tick was said in the 20 ms before it.
  assert.equal(caller.indexOf(3) / 8, firstMs - 20);
  const wav = readWav(recording.wav());
  assert.ok(wav.ok);
  assert.equal(wav.sampleRateHz, 8_000);
  assert.deepEqual(wav.channels[0], decodeMulaw(caller));
  assert.deepEqual(wav.channels[1], decodeMulaw(agent));
});

test('a lost mark does not come back, a doubled one comes twice, a late one late', async () => {
  const line = new VirtualLine().start();
  line.line.stream?.faultMarks({ kind: 'lose', count: 1 });
  line.mark('lost');
  line.mark('a');
  line.line.stream?.faultMarks({ kind: 'duplicate', count: 1 });
  line.mark('twice');
  line.line.stream?.faultMarks({ kind: 'delay', count: 1, delayMs: 500 });
  line.mark('late');
  line.mark('b');
  await line.clock.advance(499);
  assert.deepEqual(echoesOf(line), ['a', 'twice', 'twice', 'b']);
  await line.clock.advance(1);
  assert.deepEqual(echoesOf(line), ['a', 'twice', 'twice', 'b', 'late']);
});

test('a stall loses the media of its time, and the timestamps show it', async () => {
  const line = new VirtualLine().start();
  await line.clock.advance(110);
  const before = line.of('media').length;
  line.line.stream?.stallMedia(200, 'lose');
  await line.clock.advance(199);
  assert.equal(line.of('media').length, before);
  await line.clock.advance(40);
  const [last, next] = line.of('media').slice(before - 1);
  assert.ok(last && next);
  assert.equal(Number(mediaOf(next)['chunk']), Number(mediaOf(last)['chunk']) + 1);
  assert.equal(Number(mediaOf(next)['timestamp']), Number(mediaOf(last)['timestamp']) + 220);
  assert.equal(line.line.stream?.unsentFrames, 10);
});

test('a stall that ends in a burst loses nothing', async () => {
  const line = new VirtualLine().start();
  await line.clock.advance(100);
  line.line.stream?.stallMedia(200, 'burst');
  await line.clock.advance(400);
  const media = line.of('media').map(mediaOf);
  assert.deepEqual(
    media.map(({ timestamp }) => Number(timestamp)),
    media.map((_each, index) => Number(media[0]?.['timestamp']) + index * 20),
  );
  assert.deepEqual(
    media.map(({ chunk }) => chunk),
    media.map((_each, index) => String(index + 1)),
  );
  assert.equal(line.line.stream?.unsentFrames, 0);
});

test('jitter makes messages late and never changes their order', async () => {
  const line = new VirtualLine(7).start();
  line.line.stream?.jitter(60);
  await line.clock.advance(2_000);
  line.line.stream?.jitter(0);
  await line.clock.advance(200);
  const media = line.of('media');
  const sequence = media.map(({ message }) => Number(message['sequenceNumber']));
  assert.deepEqual(
    sequence,
    sequence.map((_each, index) => index + 2),
  );
  const lateMs = media.map((sent) => sent.atMs - Number(mediaOf(sent)['timestamp']));
  const worstMs = Math.max(...lateMs);
  assert.ok(worstMs > 30 && worstMs <= 61, `${worstMs} ms at worst (seed 7)`);
  assert.ok(
    lateMs.slice(-5).every((each) => each === 0),
    'it ends',
  );
});

test('what is under way when the network drops the stream is gone', async () => {
  const line = new VirtualLine().start();
  line.line.stream?.jitter(50);
  await line.clock.advance(100);
  const sent = line.sent.length;
  line.line.stream?.drop();
  await line.clock.advance(200);
  assert.equal(line.sent.length, sent);
  assert.equal(line.closed, 'cut');
  assert.deepEqual({ by: line.end?.by, code: line.end?.code }, { by: 'network', code: 31_903 });
});

test('a gateway that does not read loses media, which is counted', async () => {
  const line = new VirtualLine().start();
  line.bufferedBytes = 2 * 1024 * 1024;
  await line.clock.advance(100);
  assert.equal(line.of('media').length, 0);
  assert.equal(line.line.stream?.unsentFrames, 5);
});

test('after the end nothing is taken any more', async () => {
  const line = new VirtualLine().start();
  const { stream } = line.line;
  line.serverCloses();
  line.media(audio(20));
  line.binary(1);
  line.serverCloses();
  await line.clock.advance(100);
  assert.deepEqual(line.line.arrivals, []);
  assert.equal(stream?.lateMessages, 2);
  assert.deepEqual(line.line.warnings, []);
  assert.equal(line.end?.by, 'server');
  assert.equal(line.line.stream, undefined);
  assert.equal(line.line.streams.length, 1);
});
