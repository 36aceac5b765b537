import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import test from 'node:test';
import { untilAborted } from '../../src/base/untilAborted.ts';

const never = new Promise<string>(() => undefined);

test('it gives what is waited for, or what that fails of', async () => {
  const { signal } = new AbortController();
  assert.equal(await untilAborted(Promise.resolve('done'), signal), 'done');
  assert.equal(await untilAborted(Promise.resolve('done'), undefined), 'done');
  await assert.rejects(untilAborted(Promise.reject(new Error('failed')), signal), /failed/);
  assert.deepEqual(getEventListeners(signal, 'abort'), []);
});

test('an abort before or while it waits rejects with its reason, and leaves nothing on the signal', async () => {
  const stop = new AbortController();
  const waiting = untilAborted(never, stop.signal);
  stop.abort(new Error('enough'));
  await assert.rejects(waiting, /enough/);
  await assert.rejects(untilAborted(never, stop.signal), /enough/);
  assert.deepEqual(getEventListeners(stop.signal, 'abort'), []);
});
