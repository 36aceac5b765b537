import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { checkOutbound } from '../../src/sim/carrierMessage.ts';

const SID = 'MZ1';

test('takes the three messages that Twilio knows', () => {
  assert.deepEqual(checkOutbound('{"event":"media","streamSid":"MZ1","media":{"payload":"/38="}}', SID), {
    ok: true,
    message: { kind: 'media', mulaw: Buffer.from([0xff, 0x7f]) },
  });
  assert.deepEqual(checkOutbound('{"event":"mark","streamSid":"MZ1","mark":{"name":"a"}}', SID), {
    ok: true,
    message: { kind: 'mark', name: 'a' },
  });
  assert.deepEqual(checkOutbound('{"streamSid":"MZ1","event":"clear"}', SID), {
    ok: true,
    message: { kind: 'clear' },
  });
});

const refused: readonly [string, string][] = [
  ['what is not JSON', '{"event":'],
  ['null', 'null'],
  ['a list', '[]'],
  ['text', '"media"'],
  ['no event', '{"streamSid":"MZ1"}'],
  ['an unknown event', '{"event":"dtmf","streamSid":"MZ1"}'],
  ['no streamSid', '{"event":"clear"}'],
  ["another stream's streamSid", '{"event":"clear","streamSid":"MZ2"}'],
  ['a misspelt streamSid', '{"event":"clear","streamSID":"MZ1"}'],
  ['a field too many', '{"event":"clear","streamSid":"MZ1","sequenceNumber":"1"}'],
  [
    'media with a field too many',
    '{"event":"media","streamSid":"MZ1","media":{"payload":"/w==","track":"outbound"}}',
  ],
  [
    'media with a field too many outside',
    '{"event":"media","streamSid":"MZ1","media":{"payload":"/w=="},"x":1}',
  ],
  ['media without a payload', '{"event":"media","streamSid":"MZ1","media":{}}'],
  ['a misspelt payload', '{"event":"media","streamSid":"MZ1","media":{"payLoad":"/w=="}}'],
  ['a payload that is not base64', '{"event":"media","streamSid":"MZ1","media":{"payload":"/w-_"}}'],
  ['a payload of half a group', '{"event":"media","streamSid":"MZ1","media":{"payload":"/w"}}'],
  ['a payload that is a number', '{"event":"media","streamSid":"MZ1","media":{"payload":1}}'],
  ['media that is text', '{"event":"media","streamSid":"MZ1","media":"/w=="}'],
  ['a mark without a name', '{"event":"mark","streamSid":"MZ1","mark":{}}'],
  ['a mark whose name is a number', '{"event":"mark","streamSid":"MZ1","mark":{"name":1}}'],
  ['a mark with a field too many', '{"event":"mark","streamSid":"MZ1","mark":{"name":"a","x":"b"}}'],
  [
    'a mark with a field too many outside',
    '{"event":"mark","streamSid":"MZ1","mark":{"name":"a"},"media":{}}',
  ],
];
for (const [what, text] of refused) {
  test(`refuses ${what} with 31951`, () => {
    const result = checkOutbound(text, SID);
    assert.ok(!result.ok);
    assert.equal(result.code, 31_951);
  });
}

test('never throws, whatever the JSON', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      assert.equal(checkOutbound(text, SID).ok, false);
    }),
  );
});
