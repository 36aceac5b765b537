import assert from 'node:assert/strict';
import { parse } from 'node:querystring';
import test from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as fc from 'fast-check';
import { parseAmd, parseRecording, parseStatus, parseVoice } from '../../src/twilio/webhook.ts';

const sids = { CallSid: 'CA1', AccountSid: 'AC1' };

test('an incoming call', () => {
  const form = {
    ...sids,
    From: '+15005550006',
    To: '+15005550001',
    CallStatus: 'ringing',
    Direction: 'inbound',
    FromCity: 'X',
  };
  assert.deepEqual(parseVoice(form), {
    callSid: 'CA1',
    accountSid: 'AC1',
    from: '+15005550006',
    to: '+15005550001',
    direction: 'inbound',
    callStatus: 'ringing',
    answeredBy: undefined,
  });
});

test('an outgoing call that was answered by a machine', () => {
  const voice = parseVoice({ ...sids, Direction: 'outbound-api', AnsweredBy: 'machine_start' });
  assert.equal(voice?.direction, 'outbound');
  assert.equal(voice?.answeredBy, 'machine_start');
});

test('callbacks give what is used of them', () => {
  assert.deepEqual(parseStatus({ ...sids, CallStatus: 'no-answer' }), {
    callSid: 'CA1',
    accountSid: 'AC1',
    callStatus: 'no-answer',
  });
  assert.equal(parseAmd({ ...sids, AnsweredBy: 'human' })?.answeredBy, 'human');
  assert.equal(
    parseRecording({ ...sids, RecordingSid: 'RE1', RecordingStatus: 'completed' })?.recordingStatus,
    'completed',
  );
});

const bad: readonly [what: string, form: unknown][] = [
  ['nothing', undefined],
  ['text', 'CallSid=CA1'],
  ['a list', [sids]],
  ['a form without a call', { AccountSid: 'AC1' }],
  ['a call sid with a path in it', { ...sids, CallSid: '../x' }],
  ['a call sid that came twice', { ...sids, CallSid: ['CA1', 'CA2'] }],
  ['a number that is longer than any', { ...sids, From: 'x'.repeat(257) }],
  ['a status that is no word', { ...sids, CallStatus: 'a b' }],
];

for (const [what, form] of bad) {
  test(`answers nothing for ${what}`, () => assert.equal(parseVoice(form), undefined));
}

test('no form makes a parser throw', () => {
  const form = fc.oneof(
    fc.anything(),
    fc.record({ CallSid: fc.anything(), AccountSid: fc.anything(), CallStatus: fc.anything() }),
    fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.array(fc.string()))),
  );
  fc.assert(
    fc.property(form, (value) => {
      for (const parse of [parseVoice, parseStatus, parseAmd, parseRecording]) {
        const parsed = parse(value);
        assert.ok(parsed === undefined || typeof parsed.callSid === 'string');
      }
    }),
    { numRuns: 500 },
  );
});

test('who keeps what a form says does not keep the form', () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage: () => void = runInNewContext('gc');
  const kept: unknown[] = [];
  const formOf = (number: number): string =>
    `CallSid=CA${String(number).padStart(32, '0')}&AccountSid=AC${'d'.repeat(32)}&From=%2B1555010${number}&Rest=${'x'.repeat(10_000)}`;
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  for (let number = 0; number < 1_000; number += 1) kept.push(parseVoice({ ...parse(formOf(number)) }));
  collectGarbage();
  const keptBytes = process.memoryUsage().heapUsed - before;
  assert.equal(kept.filter((form) => form !== undefined).length, 1_000);
  assert.ok(keptBytes < 5_000_000, `${keptBytes} bytes for 10,000,000 of forms`);
});
