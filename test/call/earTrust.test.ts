// Whom to listen with, when some have failed and some want to be left alone.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Breaker, FAILURES_MAX } from '../../src/base/breaker.ts';
import { ProviderError } from '../../src/base/errors.ts';
import { seededRandom } from '../../src/base/random.ts';
import { EarTrusts } from '../../src/call/earTrust.ts';
import { VirtualClock } from '../helpers/virtualClock.ts';

function setUp(count: number) {
  const clock = new VirtualClock();
  const breakers = Array.from({ length: count }, () => new Breaker({ clock, random: seededRandom(1) }));
  return {
    clock,
    trusts: new EarTrusts(count, breakers),
    limit: (place: number, retryAfterMs: number) =>
      breakers[place]?.failed(
        new ProviderError('rate_limit', '429', { stage: 'stt', provider: 'a', retryAfterMs }),
      ),
    breaks: (place: number) => {
      for (let i = 0; i < FAILURES_MAX; i += 1) breakers[place]?.failed('late');
    },
  };
}

test('where nobody keeps them everybody is trusted', () => {
  const trusts = new EarTrusts(2);
  assert.deepEqual([trusts.from(3), trusts.beside(0), trusts.beside(1)], [{ place: 1 }, 1, 0]);
});

test('beside one that hears nothing the next healthy one listens, and not one that has failed', () => {
  const { trusts, breaks } = setUp(3);
  breaks(1);
  assert.equal(trusts.beside(0), 2);
  breaks(2);
  assert.equal(trusts.beside(0), 0, 'the same once more');
  breaks(0);
  assert.equal(trusts.beside(0), 1, 'one that has failed, when all have');
});

test('beside it one that has failed is tried again when its time has come, before the same once more', async () => {
  const { clock, trusts, breaks } = setUp(2);
  breaks(1);
  assert.equal(trusts.beside(0), 0);
  await clock.advance(1_300);
  assert.equal(trusts.beside(0), 1);
  assert.equal(trusts.beside(0), 0, 'it is being tried');
});

test('beside it nobody listens who wants to be left alone, until that time has come, and then one tries', async () => {
  const { clock, trusts, limit } = setUp(2);
  limit(0, 60_000);
  limit(1, 5_000);
  assert.equal(trusts.beside(0), undefined);
  await clock.advance(5_000);
  assert.equal(trusts.beside(0), 1);
  assert.equal(trusts.beside(0), undefined, 'it is being tried');
});

test('of two that want to be left alone only the one that is asked is tried', async () => {
  const { clock, trusts, limit } = setUp(3);
  limit(1, 5_000);
  limit(2, 5_000);
  limit(0, 60_000);
  await clock.advance(5_000);
  assert.equal(trusts.beside(0), 1);
  assert.equal(trusts.beside(0), 2);
  assert.equal(trusts.beside(0), undefined);
});
