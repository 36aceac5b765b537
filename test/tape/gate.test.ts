import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import test from 'node:test';
import { Gate } from '../../src/tape/gate.ts';
import { VirtualClock } from '../helpers/virtualClock.ts';

function gate(): { readonly gate: Gate; readonly clock: VirtualClock; readonly bugs: unknown[] } {
  const clock = new VirtualClock();
  const bugs: unknown[] = [];
  return { clock, bugs, gate: new Gate(clock, (error) => bugs.push(error)) };
}

const ignore = (): void => undefined;

test('the first thing passes at once, the next when all that it has set going in promises has come to rest', async () => {
  const { gate: one } = gate();
  const order: string[] = [];
  one.pass(ignore, () => {
    order.push('first');
    let chain = Promise.resolve();
    for (let step = 0; step < 20; step += 1) chain = chain.then(() => void order.push(`first, ${step}`));
  });
  assert.deepEqual(order, ['first']);
  one.pass(ignore, () => void order.push('second'));
  assert.deepEqual(order, ['first'], 'it waits');
  await setImmediate();
  assert.equal(order.length, 22);
  assert.equal(order.at(-1), 'second');
});

test('what one thing brings about within itself is a thing of its own, behind it', async () => {
  const { gate: one } = gate();
  const order: string[] = [];
  one.pass(ignore, () => {
    one.pass(
      () => void order.push('noted'),
      () => void order.push('dealt with'),
    );
    order.push('the end of the first');
  });
  await setImmediate();
  assert.deepEqual(order, ['the end of the first', 'noted', 'dealt with']);
});

test('its time stands still until the next thing, in whole microseconds', async () => {
  const { gate: one, clock } = gate();
  await clock.advance(12.345_678);
  one.pass(ignore, ignore);
  const { nowMs } = one;
  assert.equal(one.sinceStartUs, 12_346);
  await clock.advance(5);
  assert.equal(one.nowMs, nowMs);
  one.pass(ignore, ignore);
  assert.equal(one.nowMs, one.startMs + 17.346);
  one.leaveOpen();
  await clock.advance(5);
  assert.equal(one.nowMs, clock.nowMs());
});

test('what nobody waits for by the time when it could pass is neither noted nor dealt with', async () => {
  const { gate: one } = gate();
  let wanted = true;
  const passed: string[] = [];
  one.pass(ignore, () => {
    wanted = false;
  });
  one.pass(
    () => void passed.push('noted'),
    () => void passed.push('dealt with'),
    () => wanted,
  );
  one.pass(ignore, () => void passed.push('the one behind it'));
  await setImmediate();
  assert.deepEqual(passed, ['the one behind it']);
});

test('what is thrown goes to who asked, or, when it had to wait, to who looks after bugs; the gate goes on', async () => {
  const { gate: one, bugs } = gate();
  const bug = (): void => {
    throw new Error('a bug');
  };
  assert.throws(() => one.pass(ignore, bug), /a bug/);
  one.pass(ignore, bug);
  let passed = false;
  one.pass(ignore, () => {
    passed = true;
  });
  await setImmediate();
  assert.equal(bugs.length, 1);
  assert.ok(passed);
});
