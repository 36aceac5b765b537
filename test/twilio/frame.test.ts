import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import {
  formatClear,
  formatMark,
  formatMedia,
  MARK_NAME_CHARS_MAX,
  MESSAGE_CHARS_MAX,
  parseAnyInbound,
  parseInbound,
  PARAMETERS_MAX,
  PAYLOAD_BYTES_MAX,
  type FrameFailure,
  type InboundFrame,
} from '../../src/twilio/frame.ts';

const STREAM = `MZ${'0a'.repeat(16)}`;
const CALL = `CA${'1b'.repeat(16)}`;
const ACCOUNT = `AC${'2c'.repeat(16)}`;
const SOUND = Buffer.from(Uint8Array.from({ length: 160 }, (_unused, index) => (index * 73) & 255));

function mediaText(media: Record<string, unknown> = {}): string {
  return JSON.stringify({
    event: 'media',
    sequenceNumber: '3',
    media: { track: 'inbound', chunk: '2', timestamp: '20', payload: SOUND.toString('base64'), ...media },
    streamSid: STREAM,
  });
}

function startText(start: Record<string, unknown> = {}): string {
  return JSON.stringify({
    event: 'start',
    sequenceNumber: '1',
    start: {
      accountSid: ACCOUNT,
      streamSid: STREAM,
      callSid: CALL,
      tracks: ['inbound'],
      mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
      customParameters: { token: 'abc' },
      ...start,
    },
    streamSid: STREAM,
  });
}

function accepted(text: string): InboundFrame {
  const result = parseInbound(text);
  assert.ok(result.ok, result.ok ? '' : result.failure);
  return result.frame;
}

function refused(text: string): FrameFailure {
  const result = parseInbound(text);
  assert.ok(!result.ok, 'was accepted');
  return result.failure;
}

test('a media message gives its sound, chunk and time', () => {
  assert.deepEqual(accepted(mediaText()), {
    kind: 'media',
    track: 'inbound',
    chunk: 2,
    timestampMs: 20,
    mulaw: SOUND,
  });
});

test('a start gives the sids and the parameters, and its absence of parameters is none', () => {
  const start = { streamSid: STREAM, callSid: CALL, accountSid: ACCOUNT, customParameters: { token: 'abc' } };
  assert.deepEqual(accepted(startText()), { kind: 'start', start });
  const bare = accepted(startText({ customParameters: undefined }));
  assert.deepEqual(bare, { kind: 'start', start: { ...start, customParameters: {} } });
});

test('the other kinds of message are told apart', () => {
  assert.deepEqual(accepted('{"event":"connected","protocol":"Call","version":"1.0.0"}'), {
    kind: 'connected',
  });
  assert.deepEqual(accepted(`{"event":"mark","streamSid":"${STREAM}","mark":{"name":"r-1"}}`), {
    kind: 'mark',
    name: 'r-1',
  });
  assert.deepEqual(accepted('{"event":"dtmf","dtmf":{"track":"inbound_track","digit":"#"}}'), {
    kind: 'dtmf',
    digit: '#',
  });
  assert.deepEqual(accepted(`{"event":"stop","stop":{"callSid":"${CALL}"}}`), { kind: 'stop' });
});

test('a kind that this code is too old for is passed over, not refused', () => {
  assert.deepEqual(accepted('{"event":"weather","sun":true}'), { kind: 'ignored', event: 'weather' });
  assert.deepEqual(accepted(`{"event":"${'x'.repeat(500)}"}`), { kind: 'ignored', event: 'x'.repeat(64) });
});

const refusals: readonly [what: string, text: string, failure: FrameFailure][] = [
  ['nothing', '', 'not_json'],
  ['half a message', mediaText().slice(0, -1), 'not_json'],
  ['a message with something behind it', `${mediaText()}x`, 'not_json'],
  ['null', 'null', 'bad_shape'],
  ['a number', '7', 'bad_shape'],
  ['an array', '[{"event":"stop"}]', 'bad_shape'],
  ['an object without an event', '{}', 'bad_shape'],
  ['an event that is no text', '{"event":7}', 'bad_shape'],
  ['an event that stands in the prototype', '{"__proto__":{"event":"stop"}}', 'bad_shape'],
  ['deep nesting', '['.repeat(8_000), 'not_json'],
  ['deep nesting that is whole', '['.repeat(8_000) + ']'.repeat(8_000), 'bad_shape'],
  [
    'a message that is too long',
    JSON.stringify({ event: 'x', pad: 'x'.repeat(MESSAGE_CHARS_MAX) }),
    'too_large',
  ],
  ['media without media', '{"event":"media"}', 'bad_shape'],
  ['media that is an array', '{"event":"media","media":[]}', 'bad_shape'],
  ['media on a third track', mediaText({ track: 'both' }), 'bad_shape'],
  ['a chunk that is a number', mediaText({ chunk: 2 }), 'bad_shape'],
  ['a chunk that is empty', mediaText({ chunk: '' }), 'bad_shape'],
  ['a time below zero', mediaText({ timestamp: '-20' }), 'bad_shape'],
  ['a time with an exponent', mediaText({ timestamp: '1e3' }), 'bad_shape'],
  ['a time beyond any call', mediaText({ timestamp: '9'.repeat(16) }), 'bad_shape'],
  ['a payload that is no text', mediaText({ payload: 7 }), 'bad_shape'],
  ['an empty payload', mediaText({ payload: '' }), 'bad_payload'],
  ['a payload without its padding', mediaText({ payload: '/38' }), 'bad_payload'],
  ['a payload with a damaged character', mediaText({ payload: '/3*/f39/' }), 'bad_payload'],
  ['a payload with a space', mediaText({ payload: '/39/ f39/' }), 'bad_payload'],
  ['a payload in the alphabet of URLs', mediaText({ payload: '_39_f39_' }), 'bad_payload'],
  ['a payload with a letter whose low byte is base64', mediaText({ payload: '\u0141AAA' }), 'bad_payload'],
  ['a payload with bits left over', mediaText({ payload: '/x==' }), 'bad_payload'],
  [
    'more than a second of sound',
    mediaText({ payload: Buffer.alloc(PAYLOAD_BYTES_MAX + 1).toString('base64') }),
    'bad_payload',
  ],
  ['a mark without a name', '{"event":"mark","mark":{}}', 'bad_shape'],
  ['a mark without a mark', '{"event":"mark"}', 'bad_shape'],
  ['a mark with an empty name', '{"event":"mark","mark":{"name":""}}', 'bad_shape'],
  [
    'a mark with a long name',
    `{"event":"mark","mark":{"name":"${'m'.repeat(MARK_NAME_CHARS_MAX + 1)}"}}`,
    'bad_shape',
  ],
  ['a key that no phone has', '{"event":"dtmf","dtmf":{"digit":"x"}}', 'bad_shape'],
  ['two keys at once', '{"event":"dtmf","dtmf":{"digit":"12"}}', 'bad_shape'],
  ['keys without keys', '{"event":"dtmf","dtmf":null}', 'bad_shape'],
  ['a start without a start', '{"event":"start"}', 'bad_shape'],
  ['a stream sid that would break out of JSON', startText({ streamSid: 'MZ","x":"' }), 'bad_shape'],
  ['a call sid with a path in it', startText({ callSid: '../../etc' }), 'bad_shape'],
  ['a start without an account', startText({ accountSid: undefined }), 'bad_shape'],
  ['a start without a format', startText({ mediaFormat: undefined }), 'bad_shape'],
  [
    'a format that is not mu-law',
    startText({ mediaFormat: { encoding: 'audio/pcm', sampleRate: 8000, channels: 1 } }),
    'bad_format',
  ],
  [
    'a rate that is not 8 kHz',
    startText({ mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 16000, channels: 1 } }),
    'bad_format',
  ],
  [
    'two channels',
    startText({ mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 2 } }),
    'bad_format',
  ],
  ['parameters that are a list', startText({ customParameters: ['a'] }), 'bad_shape'],
  ['a parameter that is no text', startText({ customParameters: { a: 1 } }), 'bad_shape'],
  ['a parameter that is too long', startText({ customParameters: { a: 'x'.repeat(500) } }), 'bad_shape'],
  [
    'too many parameters',
    startText({
      customParameters: Object.fromEntries(
        Array.from({ length: PARAMETERS_MAX + 1 }, (_unused, index) => [`p${index}`, '']),
      ),
    }),
    'bad_shape',
  ],
];

for (const [what, text, failure] of refusals) {
  test(`refuses ${what}`, () => assert.equal(refused(text), failure));
}

test('a parameter named like a prototype is a parameter', () => {
  const text = startText().replace('"token":"abc"', '"__proto__":"abc","constructor":"x"');
  const frame = accepted(text);
  assert.ok(frame.kind === 'start');
  assert.deepEqual(Object.entries(frame.start.customParameters), [
    ['__proto__', 'abc'],
    ['constructor', 'x'],
  ]);
  assert.equal(Object.getPrototypeOf(frame.start.customParameters), Object.prototype);
});

test('what is sent has exactly the fields that Twilio takes', () => {
  assert.deepEqual(JSON.parse(formatMedia(STREAM, SOUND)), {
    event: 'media',
    streamSid: STREAM,
    media: { payload: SOUND.toString('base64') },
  });
  assert.deepEqual(JSON.parse(formatMark(STREAM, 'a "quoted" \\ name')), {
    event: 'mark',
    streamSid: STREAM,
    mark: { name: 'a "quoted" \\ name' },
  });
  assert.deepEqual(JSON.parse(formatClear(STREAM)), { event: 'clear', streamSid: STREAM });
});

test('a stretch of a larger buffer is sent as that stretch alone', () => {
  const stretch = new Uint8Array(SOUND).subarray(10, 20);
  const { media }: { media: { payload: string } } = JSON.parse(formatMedia(STREAM, stretch));
  assert.deepEqual(Buffer.from(media.payload, 'base64'), SOUND.subarray(10, 20));
});

test('any sound comes back as it was sent', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 2_000 }), (sound) => {
      const frame = accepted(mediaText({ payload: Buffer.from(sound).toString('base64') }));
      assert.ok(frame.kind === 'media');
      assert.deepEqual(new Uint8Array(frame.mulaw), sound);
    }),
  );
});

test('no text makes the parser throw', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.json({ maxDepth: 6 })), (text) => {
      assert.equal(typeof parseInbound(text).ok, 'boolean');
    }),
    { numRuns: 1_000 },
  );
});

test('no JSON behind a known event makes the parser throw', () => {
  const event = fc.constantFrom('media', 'start', 'mark', 'dtmf', 'stop', 'connected');
  fc.assert(
    fc.property(event, fc.jsonValue(), (name, value) => {
      const body = typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
      parseInbound(JSON.stringify({ ...body, event: name, [name]: value }));
    }),
    { numRuns: 1_000 },
  );
});

/** Media as Twilio writes it, then bent in one of the ways that JSON allows or forbids. */
const bentMedia = fc
  .record({
    chunk: fc.oneof(
      fc.nat().map(String),
      fc.constantFrom('', '007', '1.5', 'x', '9'.repeat(15), '9'.repeat(16)),
    ),
    timestamp: fc.oneof(fc.nat().map(String), fc.constantFrom('', '-1', '00')),
    sequenceNumber: fc.oneof(fc.nat().map(String), fc.constantFrom('', 'x')),
    payload: fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('base64')),
      fc.string({ unit: 'binary', maxLength: 40 }),
    ),
    streamSid: fc.oneof(fc.constant(STREAM), fc.string({ unit: 'binary', maxLength: 70 })),
    track: fc.constantFrom('inbound', 'outbound', 'x'),
    bend: fc.constantFrom('none', 'reorder', 'space', 'escape', 'extra', 'cut', 'tail', 'insert', 'double'),
    at: fc.nat(600),
    inserted: fc.string({ unit: 'binary', minLength: 1, maxLength: 3 }),
  })
  .map(({ chunk, timestamp, sequenceNumber, payload, streamSid, track, bend, at, inserted }) => {
    const media = { track, chunk, timestamp, payload };
    const text = JSON.stringify({ event: 'media', sequenceNumber, media, streamSid });
    switch (bend) {
      case 'reorder':
        return JSON.stringify({ streamSid, media: { payload, timestamp, chunk, track }, event: 'media' });
      case 'space':
        return JSON.stringify(JSON.parse(text), undefined, 1);
      case 'escape':
        return text.replaceAll('/', '\\/').replace('inbound', '\\u0069nbound');
      case 'extra':
        return JSON.stringify({ event: 'media', sequenceNumber, media: { ...media, more: 1 }, streamSid });
      case 'cut':
        return text.slice(0, at);
      case 'tail':
        return text + inserted;
      case 'insert':
        return text.slice(0, at) + inserted + text.slice(at);
      case 'double':
        return text.replace('"streamSid"', '"media":{"payload":"AAAA"},"streamSid"');
      default:
        return text;
    }
  });

test('the short way and the long way through a media message agree', () => {
  fc.assert(
    fc.property(bentMedia, (text) => {
      assert.deepEqual(parseInbound(text), parseAnyInbound(text));
    }),
    { numRuns: 3_000 },
  );
});
