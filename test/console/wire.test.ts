import assert from 'node:assert/strict';
import test from 'node:test';
import { KEYS, readMessage, StreamWriter } from '../../src/console/softphone/wire.ts';
import {
  formatClear,
  formatMark,
  formatMedia,
  parseAnyInbound,
  parseInbound,
} from '../../src/twilio/frame.ts';

const IDENTITY = { accountSid: 'AC1', callSid: 'SP1', streamSid: 'MZ1', token: 'a.b' };
const FRAME = Uint8Array.from({ length: 160 }, (_unused, i) => (i * 37) & 0xff);

test('what the page says is what the gateway reads of Twilio', () => {
  const writer = new StreamWriter(IDENTITY);
  const messages = [
    writer.connected(),
    writer.start(),
    writer.media(FRAME),
    writer.mark('a "mark"'),
    writer.media(FRAME),
    writer.key('#'),
    writer.stop(),
  ];
  const frames = messages.map((text) => {
    const result = parseInbound(text);
    assert.ok(result.ok, text);
    // The short way and the long way read the same.
    assert.deepEqual(parseAnyInbound(text), result);
    return result.frame;
  });
  const mulaw = Buffer.from(FRAME);
  assert.deepEqual(frames, [
    { kind: 'connected' },
    {
      kind: 'start',
      start: { accountSid: 'AC1', callSid: 'SP1', streamSid: 'MZ1', customParameters: { token: 'a.b' } },
    },
    { kind: 'media', track: 'inbound', chunk: 1, timestampMs: 0, mulaw },
    { kind: 'mark', name: 'a "mark"' },
    { kind: 'media', track: 'inbound', chunk: 2, timestampMs: 20, mulaw },
    { kind: 'dtmf', digit: '#' },
    { kind: 'stop' },
  ]);
});

test('messages are numbered from 1 behind `connected`, and numbers are text', () => {
  const writer = new StreamWriter(IDENTITY);
  const said = [
    writer.connected(),
    writer.start(),
    writer.media(FRAME),
    writer.key('1'),
    writer.media(FRAME),
  ];
  const numbers = said.map((text) => (JSON.parse(text) as { sequenceNumber?: unknown }).sequenceNumber);
  assert.deepEqual(numbers, [undefined, '1', '2', '3', '4']);
});

test('media is spelt exactly as Twilio spells it, so that the gateway takes the short way', () => {
  const writer = new StreamWriter({ ...IDENTITY, streamSid: `MZ${'0a'.repeat(16)}` });
  writer.start();
  const payload = Buffer.from(FRAME).toString('base64');
  assert.equal(
    writer.media(FRAME),
    `{"event":"media","sequenceNumber":"2","media":{"track":"inbound","chunk":"1","timestamp":"0","payload":"${payload}"},"streamSid":"MZ${'0a'.repeat(16)}"}`,
  );
});

test('every key is one that the gateway knows', () => {
  const writer = new StreamWriter(IDENTITY);
  for (const digit of KEYS) {
    assert.deepEqual(parseInbound(writer.key(digit)), { ok: true, frame: { kind: 'dtmf', digit } });
  }
});

test('what the gateway says is read, for this stream alone', () => {
  assert.deepEqual(readMessage(formatMedia('MZ1', FRAME), 'MZ1'), { kind: 'media', mulaw: FRAME });
  assert.deepEqual(readMessage(formatMark('MZ1', 'end "1"'), 'MZ1'), { kind: 'mark', name: 'end "1"' });
  assert.deepEqual(readMessage(formatClear('MZ1'), 'MZ1'), { kind: 'clear' });
  assert.equal(readMessage(formatClear('MZ2'), 'MZ1'), undefined);
});

for (const text of [
  '',
  'junk',
  'null',
  '[]',
  '{"streamSid":"MZ1"}',
  '{"streamSid":"MZ1","event":"mark","mark":{}}',
  '{"streamSid":"MZ1","event":"media","media":{"payload":7}}',
  '{"streamSid":"MZ1","event":"media","media":{"payload":"%%%"}}',
  '{"streamSid":"MZ1","event":"start"}',
]) {
  test(`${text === '' ? 'nothing' : text} is no message of the gateway's`, () => {
    assert.equal(readMessage(text, 'MZ1'), undefined);
  });
}
