import assert from 'node:assert/strict';
import test from 'node:test';
import type { CallInfo } from '../../src/call/port.ts';
import { isTaped } from '../../src/tape/tapes.ts';

function call(callSid: string, from = '+15550100001', to = '+15550100002'): CallInfo {
  return { callSid, accountSid: 'AC1', direction: 'inbound', from, to, leadId: undefined, variables: {} };
}

const calls = Array.from({ length: 4_000 }, (_unused, index) => call(`CA${index}`));

test('of a share of all calls about so many are taped, and the same ones whenever it is asked', () => {
  const which = { share: 0.05, numbers: new Set<string>() };
  const taped = calls.filter((info) => isTaped(info, which));
  assert.ok(taped.length > 140 && taped.length < 260, `${taped.length} of 4,000`);
  assert.deepEqual(
    calls.filter((info) => isTaped(info, which)),
    taped,
  );
  assert.equal(calls.filter((info) => isTaped(info, { ...which, share: 0 })).length, 0);
  assert.equal(calls.filter((info) => isTaped(info, { ...which, share: 1 })).length, 4_000);
});

test('a number is taped whoever has called whom', () => {
  const which = { share: 0, numbers: new Set(['+15550100077']) };
  assert.equal(isTaped(call('CA1', '+15550100077'), which), true);
  assert.equal(isTaped(call('CA1', '+15550100001', '+15550100077'), which), true);
  assert.equal(isTaped(call('CA1'), which), false);
});
