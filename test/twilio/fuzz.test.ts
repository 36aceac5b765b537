// Whatever comes in by a media stream or a webhook is data: nothing throws, and what is not understood is said to be.
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '../../src/base/random.ts';
import { anyMessage } from '../../src/sim/mangled.ts';
import { fuzzFrames } from '../../src/sim/benchFuzz.ts';
import {
  MESSAGE_CHARS_MAX,
  parseAnyInbound,
  parseInbound,
  PAYLOAD_BYTES_MAX,
} from '../../src/twilio/frame.ts';
import { isSigned } from '../../src/twilio/signature.ts';
import { StreamTokens } from '../../src/twilio/token.ts';
import { parseAmd, parseRecording, parseStatus, parseVoice } from '../../src/twilio/webhook.ts';
import { VirtualClock } from '../helpers/virtualClock.ts';

test('20,000 damaged messages are understood or refused, and the short way says what the long one says', () => {
  const random = seededRandom(71);
  for (let i = 0; i < 20_000; i += 1) {
    const text = anyMessage(random);
    const result = parseInbound(text);
    if (text.length > MESSAGE_CHARS_MAX) assert.deepEqual(result, { ok: false, failure: 'too_large' });
    else assert.deepEqual(result, parseAnyInbound(text), `seed 71, ${i}: ${text.slice(0, 200)}`);
    if (!result.ok || result.frame.kind !== 'media') continue;
    assert.ok(result.frame.mulaw.length > 0 && result.frame.mulaw.length <= PAYLOAD_BYTES_MAX);
    assert.ok(Number.isSafeInteger(result.frame.chunk) && result.frame.timestampMs >= 0);
  }
});

test('no text and no JSON makes a stream throw', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json()), (text) => {
      assert.deepEqual(parseInbound(text), parseAnyInbound(text));
    }),
    { numRuns: 2_000 },
  );
});

test('a stream lives through 30,000 damaged messages, and so does the next one', async () => {
  const { thrown, refused, understood } = await fuzzFrames({ frames: 30_000 });
  assert.deepEqual(thrown, []);
  assert.ok(refused > 1_000 && understood > 1_000, `${refused} refused, ${understood} understood`);
});

test('no token but the minted one opens its call, and that one does it once', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.nat({ max: 40 }), (noise, callSid, at) => {
      const tokens = new StreamTokens(100, new VirtualClock());
      const token = tokens.mint('CA1');
      for (const other of [
        noise,
        `${noise}.${noise}`,
        token.slice(0, at),
        token.slice(0, at) + noise + token.slice(at),
        `${token}${noise}x`,
      ])
        if (other !== token) assert.notEqual(tokens.redeem(other, 'CA1'), 'ok');
      if (callSid !== 'CA1') assert.equal(tokens.redeem(token, callSid), 'wrong_call');
      assert.equal(tokens.redeem(token, 'CA1'), 'ok');
      assert.equal(tokens.redeem(token, 'CA1'), 'used');
    }),
    { numRuns: 300 },
  );
});

const anything = fc.anything({ withNullPrototype: true, maxDepth: 2 });

test('no form makes a webhook throw, and what is taken has the promised shape', () => {
  const fields = [
    'CallSid',
    'AccountSid',
    'From',
    'To',
    'Direction',
    'CallStatus',
    'AnsweredBy',
    'RecordingSid',
    'RecordingStatus',
  ];
  const form = fc.dictionary(
    fc.constantFrom(...fields, '__proto__', 'x'),
    fc.oneof(anything, fc.constantFrom('CA1', 'AC1', 'ringing', 'human')),
  );
  fc.assert(
    fc.property(fc.oneof(anything, form), (value) => {
      for (const parse of [parseVoice, parseStatus, parseAmd, parseRecording]) {
        const parsed = parse(value);
        if (parsed !== undefined) assert.match(parsed.callSid, /^[A-Za-z0-9_-]{1,64}$/);
      }
    }),
    { numRuns: 1_000 },
  );
});

test('no signature, address or form passes for a signed one, and none throws', () => {
  const fields = fc.dictionary(fc.string(), anything);
  const signature = fc.oneof(anything, fc.base64String({ minLength: 28, maxLength: 28 }));
  fc.assert(
    fc.property(signature, fc.oneof(fc.webUrl(), fc.string()), fields, (claimed, url, parameters) => {
      assert.equal(isSigned('the-token', claimed, url, parameters), false);
    }),
    { numRuns: 500 },
  );
});
