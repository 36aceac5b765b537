import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { RateLimiter } from '../../src/base/rateLimiter.ts';
import { VirtualClock } from '../helpers/virtualClock.ts';

const PER_MINUTE = 6;

function open(keysMax = 100, taken: string[] = []) {
  const clock = new VirtualClock();
  const onTaken = (key: string): void => void taken.push(key);
  return { clock, taken, limiter: new RateLimiter({ perMinute: PER_MINUTE, keysMax, clock, onTaken }) };
}

test('a minute’s worth may be taken at once, and then one each time that one has come in', async () => {
  const { clock, limiter, taken } = open();
  for (let i = 0; i < PER_MINUTE; i += 1) assert.equal(limiter.take('a'), undefined);
  assert.equal(limiter.take('a'), 10_000);
  assert.equal(limiter.take('b'), undefined, 'others are not kept waiting');
  await clock.advance(9_999);
  assert.equal(limiter.take('a'), 1);
  await clock.advance(1);
  assert.equal(limiter.take('a'), undefined);
  assert.equal(taken.length, PER_MINUTE + 2, 'what was refused is not taken');
});

test('no key ever gets more than a minute’s worth and what has come in since', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat({ max: 20_000 }), { maxLength: 60 }), async (pausesMs) => {
      const { clock, limiter } = open();
      let granted = 0;
      for (const pauseMs of pausesMs) {
        await clock.advance(pauseMs);
        if (limiter.take('a') === undefined) granted += 1;
        assert.ok(granted <= PER_MINUTE + (clock.nowMs() / 60_000) * PER_MINUTE + 1e-6);
      }
    }),
    { numRuns: 30 },
  );
});

test('a flood of keys takes no more memory than its bound, and costs the newest nothing', () => {
  const { limiter } = open(10);
  for (let i = 0; i < 10_000; i += 1) assert.equal(limiter.take(`key ${i}`), undefined);
  assert.equal(limiter.keys, 10);
});

test('what others have taken counts, and is owed for a minute at most', async () => {
  const { clock, limiter } = open();
  limiter.takenElsewhere('a', 1_000_000);
  assert.equal(limiter.take('a'), 70_000);
  await clock.advance(70_000);
  assert.equal(limiter.take('a'), undefined);
});

test('no limit is none', () => {
  const limiter = new RateLimiter({ perMinute: 0, keysMax: 10, clock: new VirtualClock() });
  for (let i = 0; i < 1_000; i += 1) assert.equal(limiter.take('a'), undefined);
  assert.equal(limiter.keys, 0);
});
