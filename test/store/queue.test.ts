import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { WriteQueue } from '../../src/store/queue.ts';

test('rows come out in their order, and those in flight stay until they are settled', () => {
  const queue = new WriteQueue<string>(10);
  for (const row of ['a', 'b', 'c']) assert.equal(queue.push(row), 0);
  assert.deepEqual(queue.next(2), ['a', 'b']);
  assert.deepEqual(queue.next(2), ['a', 'b']);
  assert.equal(queue.pendingRows, 3);
  assert.equal(queue.waitingRows, 1);
  queue.settle(1);
  assert.deepEqual(queue.next(2), ['b']);
  queue.settle(1);
  assert.deepEqual(queue.next(2), ['c']);
});

test('when it is full the oldest waiting row is given up, never one in flight', () => {
  const queue = new WriteQueue<number>(2);
  queue.push(1);
  queue.next(1);
  assert.equal(queue.push(2), 0);
  assert.equal(queue.push(3), 0);
  assert.equal(queue.push(4), 1);
  assert.deepEqual(queue.next(9), [1]);
  queue.settle(1);
  assert.deepEqual(queue.next(9), [3, 4]);
  assert.equal(queue.clear(), 2);
  assert.equal(queue.pendingRows, 0);
});

test('whether a row is settled agrees with a plain list of what is pending', () => {
  const step = fc.oneof(
    fc.constant({ kind: 'push' as const }),
    fc.record({ kind: fc.constant('next' as const), rows: fc.integer({ min: 1, max: 4 }) }),
    fc.record({ kind: fc.constant('settle' as const), rows: fc.integer({ min: 1, max: 4 }) }),
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.array(step, { maxLength: 60 }), (waitingMax, steps) => {
      const queue = new WriteQueue<number>(waitingMax);
      const pending = new Set<number>();
      let newest = 0;
      for (const step of steps) {
        if (step.kind === 'push') {
          const inFlight = queue.pendingRows - queue.waitingRows;
          const oldestWaiting = [...pending].toSorted((a, b) => a - b)[inFlight];
          pending.add((newest += 1));
          if (queue.push(newest) > 0) pending.delete(oldestWaiting ?? newest);
        } else if (step.kind === 'next') {
          queue.next(step.rows);
        } else {
          const inFlight = queue.pendingRows === queue.waitingRows ? [] : queue.next(1);
          const settled = inFlight.slice(0, step.rows);
          for (const row of settled) pending.delete(row);
          queue.settle(settled.length);
        }
        assert.equal(queue.pendingRows, pending.size);
        assert.equal(queue.oldest, [...pending].toSorted((a, b) => a - b)[0]);
      }
    }),
  );
});
