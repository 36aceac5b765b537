// When a provider is passed over, and when it is tried again.
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import {
  Breaker,
  FAILURES_MAX,
  inOrderOfTrust,
  RATE_LIMITED_MS_MAX,
  type BreakerState,
} from '../../src/base/breaker.ts';
import { ProviderError, type ProviderErrorCode } from '../../src/base/errors.ts';
import { seededRandom } from '../../src/base/random.ts';
import { VirtualClock } from '../helpers/virtualClock.ts';

function failure(code: ProviderErrorCode, retryAfterMs?: number): ProviderError {
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
  return new ProviderError(code, code, { stage: 'llm', provider: 'a', ...wait });
}

function open() {
  const clock = new VirtualClock();
  const changes: BreakerState[] = [];
  const breaker = new Breaker({ clock, random: seededRandom(1), onChange: (state) => changes.push(state) });
  return { clock, breaker, changes };
}

test('single failures open nothing, three in a row do', () => {
  const { breaker, changes } = open();
  for (let i = 0; i < 10; i += 1) {
    breaker.failed(failure('server'));
    breaker.failed('late');
    breaker.succeeded();
  }
  assert.equal(breaker.state, 'closed');
  for (let i = 0; i < FAILURES_MAX; i += 1) breaker.failed(failure('connect'));
  assert.equal(breaker.state, 'open');
  assert.equal(breaker.admits(), false);
  assert.deepEqual(changes, ['open']);
});

test('after a while one request is let through, and decides', async () => {
  const { clock, breaker, changes } = open();
  for (let i = 0; i < FAILURES_MAX; i += 1) breaker.failed(failure('server'));
  await clock.advance(1_300);
  assert.equal(breaker.admits(), true);
  assert.equal(breaker.admits(), false, 'one at a time');
  breaker.failed(failure('server'));
  assert.equal(breaker.state, 'open');
  await clock.advance(1_300);
  assert.equal(breaker.admits(), false, 'the second wait is longer');
  await clock.advance(1_300);
  assert.equal(breaker.admits(), true);
  breaker.succeeded();
  assert.deepEqual(changes, ['open', 'half_open', 'open', 'half_open', 'closed']);
  assert.equal(breaker.admits(), true);
});

test('a trial that is never reported on blocks no other for ever', async () => {
  const { clock, breaker } = open();
  for (let i = 0; i < FAILURES_MAX; i += 1) breaker.failed(failure('server'));
  await clock.advance(2_000);
  assert.equal(breaker.admits(), true);
  await clock.advance(10_000);
  assert.equal(breaker.admits(), true);
});

test('who says when to come back is left alone until then, by everybody', async () => {
  const { clock, breaker } = open();
  breaker.failed(failure('rate_limit', 5_000));
  assert.equal(breaker.admits(), false);
  await clock.advance(4_900);
  assert.equal(breaker.admits(), false);
  await clock.advance(200);
  assert.equal(breaker.admits(), true);
});

test('whoever has nobody else to ask waits as long as the provider said, at most a minute, and one tries first', async () => {
  const { clock, breaker } = open();
  for (let i = 0; i < FAILURES_MAX; i += 1) breaker.failed(failure('server'));
  assert.equal(breaker.restMs(), 0, 'it did not ask to be left alone');
  breaker.failed(failure('rate_limit', 5_000));
  assert.equal(breaker.restMs(), 5_000);
  await clock.advance(5_000);
  assert.deepEqual([breaker.restMs(), breaker.restMs()], [0, 0], 'to ask for it takes nothing away');
  breaker.tryLimit();
  const lookMs = breaker.restMs();
  assert.ok(lookMs > 0 && lookMs < 1_000, `${lookMs} ms`);
  breaker.tryLimit();
  await clock.advance(2_000);
  assert.equal(breaker.restMs(), 0, 'who comes second prolongs nothing');
  breaker.tryLimit();
  breaker.accepted();
  assert.deepEqual([breaker.restMs(), breaker.state], [0, 'closed']);
  breaker.failed(failure('rate_limit', 3_600_000));
  assert.equal(breaker.restMs(), RATE_LIMITED_MS_MAX);
});

test('nothing is tried where there is no limit, or while it lasts', async () => {
  const { clock, breaker } = open();
  breaker.tryLimit();
  assert.equal(breaker.restMs(), 0);
  breaker.failed(failure('rate_limit', 5_000));
  breaker.tryLimit();
  await clock.advance(1_000);
  assert.equal(breaker.restMs(), 4_000);
  breaker.accepted();
  assert.equal(breaker.restMs(), 4_000, 'of a request that was made before it');
});

test('that a request was taken after a limit forgets no failures', async () => {
  const { clock, breaker } = open();
  for (let i = 1; i < FAILURES_MAX; i += 1) breaker.failed(failure('server'));
  breaker.failed(failure('rate_limit', 5_000));
  await clock.advance(5_000);
  breaker.tryLimit();
  breaker.accepted();
  assert.equal(breaker.state, 'closed');
  breaker.failed(failure('server'));
  assert.equal(breaker.state, 'open', 'it took a request and did not answer it');
});

test('that a request was taken says nothing when there was no limit', () => {
  const { breaker } = open();
  for (let i = 0; i < FAILURES_MAX; i += 1) breaker.failed(failure('server'));
  breaker.accepted();
  assert.equal(breaker.state, 'open');
});

test('a request that was wrong in itself says nothing about the provider', () => {
  const { breaker } = open();
  for (let i = 0; i < 100; i += 1) breaker.failed(failure('bad_request'));
  assert.equal(breaker.state, 'closed');
});

test('everybody is in the order, the trusted first: the last one is never left out', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 5 }), (failures) => {
      const clock = new VirtualClock();
      const random = seededRandom(3);
      const entries = failures.map((times, place) => {
        const breaker = new Breaker({ clock, random });
        for (let i = 0; i < times; i += 1) breaker.failed(failure('server'));
        return { place, times, breaker };
      });
      const order = inOrderOfTrust(entries);
      assert.equal(order.length, entries.length);
      const trusted = entries.filter(({ times }) => times < FAILURES_MAX);
      assert.deepEqual(order.slice(0, trusted.length), trusted);
    }),
  );
});
