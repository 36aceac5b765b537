import assert from 'node:assert/strict';
import test from 'node:test';
import type { Clock } from '../../src/base/clock.ts';
import { CarrierWheel } from '../../src/sim/carrierWheel.ts';
import { VirtualClock } from '../helpers/virtualClock.ts';

test('ticks every 20 ms for an hour without drifting', async () => {
  const clock = new VirtualClock();
  // A timer that is always late, by up to 3 ms.
  let asked = 0;
  const late: Clock = {
    nowMs: () => clock.nowMs(),
    wallMs: () => clock.wallMs(),
    after: (delayMs, callback) => clock.after(delayMs + ((asked += 1) % 4), callback),
  };
  const wheel = new CarrierWheel(late);
  const dueMs: number[] = [];
  const leave = wheel.add((atMs) => dueMs.push(atMs));
  await clock.advance(60_000);
  leave();
  const first = dueMs[0] ?? NaN;
  assert.ok(first <= 20);
  assert.deepEqual(
    dueMs,
    dueMs.map((_atMs, index) => first + index * 20),
  );
  assert.ok(Math.abs(dueMs.length - 3_000) <= 1, `${dueMs.length} ticks in a minute`);
  assert.ok(wheel.lateMsMax >= 1 && wheel.lateMsMax <= 4);
  assert.equal(clock.pendingTimers, 0);
});

test('spreads its members over the 20 ms', async () => {
  const clock = new VirtualClock();
  const wheel = new CarrierWheel(clock);
  const firstMs: number[] = [];
  const leave = Array.from({ length: 8 }, (_unused, index) =>
    wheel.add(() => {
      firstMs[index] ??= clock.nowMs();
    }),
  );
  await clock.advance(20);
  assert.deepEqual(
    [...new Set(firstMs)].sort((a, b) => a - b),
    [5, 10, 15, 20],
  );
  assert.equal(wheel.members, 8);
  for (const each of leave) each();
  assert.equal(wheel.members, 0);
});

test('makes up for a standstill, tick by tick, and gives up on a long one', () => {
  let nowMs = 0;
  const rings: (() => void)[] = [];
  const clock: Clock = {
    nowMs: () => nowMs,
    wallMs: () => nowMs,
    after: (_delayMs, callback) => {
      rings.push(callback);
      return { cancel: () => undefined };
    },
  };
  const wheel = new CarrierWheel(clock);
  const dueMs: number[] = [];
  wheel.add((atMs) => dueMs.push(atMs));
  nowMs = 100;
  rings.at(-1)?.();
  assert.deepEqual(dueMs, [20, 40, 60, 80, 100]);
  assert.equal(wheel.skippedMs, 0);
  nowMs = 20_100;
  rings.at(-1)?.();
  assert.equal(wheel.skippedMs, 19_980);
  assert.ok(dueMs.length <= 7, `${dueMs.length} ticks`);
});

test('a member may leave in its own tick, and the wheel starts again for the next', async () => {
  const clock = new VirtualClock();
  const wheel = new CarrierWheel(clock);
  let ticks = 0;
  const leave = wheel.add(() => {
    ticks += 1;
    leave();
  });
  await clock.advance(100);
  assert.equal(ticks, 1);
  assert.equal(clock.pendingTimers, 0);
  const leaveToo = wheel.add(() => {
    ticks += 1;
  });
  await clock.advance(20);
  assert.equal(ticks, 2);
  leaveToo();
});
