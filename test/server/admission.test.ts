import assert from 'node:assert/strict';
import test from 'node:test';
import { Admission, RECONNECTS_MAX } from '../../src/server/admission.ts';
import { TOKEN_TTL_MS } from '../../src/twilio/token.ts';
import { VirtualClock } from '../helpers/virtualClock.ts';
import { FakeCalls } from './harness.ts';

function open(callsMax: number): { admission: Admission; calls: FakeCalls; clock: VirtualClock } {
  const calls = new FakeCalls();
  const clock = new VirtualClock();
  return { admission: new Admission(callsMax, calls, clock), calls, clock };
}

function info(callSid: string) {
  return {
    callSid,
    accountSid: 'AC1',
    direction: 'inbound' as const,
    from: '',
    to: '',
    leadId: undefined,
    variables: {},
  };
}

test('a call that never comes gives its place back after a minute', async () => {
  const { admission, clock } = open(1);
  admission.announce(info('CA1'), 'new');
  assert.equal(admission.full, true);
  await clock.advance(TOKEN_TTL_MS - 1);
  assert.equal(admission.full, true);
  await clock.advance(1);
  assert.equal(admission.full, false);
  assert.equal(admission.find('CA1'), undefined);
});

test('a call that is resumed takes no place of another, and its stream has one', () => {
  const { admission, calls } = open(1);
  calls.activeCount = 1;
  assert.equal(admission.streamsFull, true);
  admission.announce(info('CA1'), 'resumed');
  assert.equal(admission.streamsFull, false);
  calls.activeCount = 0;
  assert.equal(admission.full, false);
});

test('all calls of an instance that died come in, although they are more than there are places', () => {
  const { admission, calls } = open(50);
  calls.activeCount = 40;
  const sids = Array.from({ length: 40 }, (_unused, number) => `CA${number}`);
  for (const callSid of sids) admission.announce(info(callSid), 'resumed');
  for (const callSid of sids) {
    assert.equal(admission.streamsFull, false, callSid);
    const started = admission.streamWaits();
    admission.take(callSid);
    calls.activeCount += 1;
    started();
  }
  assert.equal(admission.streamsFull, true);
});

test('a new call that was announced comes in, however many were resumed meanwhile', () => {
  const { admission, calls } = open(1);
  admission.announce(info('CA1'), 'new');
  admission.announce(info('CA2'), 'resumed');
  admission.take('CA2');
  calls.activeCount = 1;
  assert.equal(admission.streamsFull, false);
});

test('at most twice as many calls are awaited as are taken: the oldest gives way', () => {
  const { admission } = open(1);
  for (const callSid of ['CA1', 'CA2', 'CA3']) admission.announce(info(callSid), 'resumed');
  assert.equal(admission.find('CA1'), undefined);
  assert.equal(admission.find('CA3')?.callSid, 'CA3');
});

test('a media socket that waits is counted until it says so once', () => {
  const { admission } = open(1);
  const noLongerWaits = admission.streamWaits();
  assert.equal(admission.streamsFull, true);
  noLongerWaits();
  noLongerWaits();
  assert.equal(admission.streamsFull, false);
  admission.streamWaits();
  assert.equal(admission.streamsFull, true);
});

test('the reconnections of ten thousand calls are remembered, and no more', () => {
  const { admission } = open(1);
  for (let i = 0; i < RECONNECTS_MAX; i += 1) assert.equal(admission.mayReconnect('CA-first'), true);
  assert.equal(admission.mayReconnect('CA-first'), false);
  for (let i = 0; i < 10_000; i += 1) admission.mayReconnect(`CA${i}`);
  assert.equal(admission.mayReconnect('CA-first'), true);
});

test('a place held while a call is placed is free again when that fails', async () => {
  const { admission } = open(1);
  const gate: { fail?: (error: Error) => void } = {};
  const work = admission.creating(new Promise((_resolve, reject) => void (gate.fail = reject)));
  assert.equal(admission.full, true);
  const waiting = admission.findPlaced('CA1');
  gate.fail?.(new Error('no'));
  await assert.rejects(work);
  assert.equal(await waiting, undefined);
  assert.equal(admission.full, false);
});
