import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { hedgeDelayMs } from '../../src/base/hedgeDelay.ts';
import { EXTRA_SHARE, Hedging, SAVED_MAX } from '../../src/base/hedging.ts';
import { distributionOf } from '../../src/base/latencyDistribution.ts';
import { LatencyWindow, SAMPLE_AGE_MS_MAX, SAMPLES_MAX } from '../../src/base/latencyWindow.ts';
import { ProviderLatencies } from '../../src/base/providerLatencies.ts';
import { VirtualClock } from '../helpers/virtualClock.ts';

const whole = (...durationsMs: readonly number[]) =>
  distributionOf(durationsMs.map((durationMs) => ({ durationMs, atLeast: false })));

test('at no moment were more than five in a hundred asked for a second time', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 3_000 }), (late) => {
      const hedging = new Hedging();
      let extra = 0;
      for (const [place, wanted] of late.entries()) {
        hedging.asked();
        if (wanted && hedging.spend()) extra += 1;
        assert.ok(extra <= (place + 1) * EXTRA_SHARE);
      }
    }),
  );
});

test('what is saved up in quiet hours is bounded', () => {
  const hedging = new Hedging();
  for (let i = 0; i < 10_000; i += 1) hedging.asked();
  let extra = 0;
  while (hedging.spend()) extra += 1;
  assert.equal(extra, SAVED_MAX);
});

test('a window says how long the usual and the slow request take', () => {
  const clock = new VirtualClock();
  const window = new LatencyWindow(clock);
  assert.equal(window.quantileMs(0.5), undefined);
  for (let i = 1; i <= 100; i += 1) window.took(i);
  assert.deepEqual([window.quantileMs(0.5), window.quantileMs(0.95), window.quantileMs(1)], [50, 95, 100]);
});

test('a window forgets the oldest of many, and everything that is old', async () => {
  const clock = new VirtualClock();
  const window = new LatencyWindow(clock);
  for (let i = 0; i < SAMPLES_MAX; i += 1) window.took(9_000);
  for (let i = 0; i < SAMPLES_MAX; i += 1) window.took(10);
  assert.equal(window.quantileMs(1), 10);
  await clock.advance(SAMPLE_AGE_MS_MAX + 1);
  assert.equal(window.quantileMs(0.5), undefined);
});

test('each entry of the list has one window for all calls', () => {
  const all = new ProviderLatencies(new VirtualClock());
  assert.equal(all.of('llm', 0), all.of('llm', 0));
  assert.notEqual(all.of('llm', 0), all.of('llm', 1));
  assert.notEqual(all.of('llm', 0), all.of('tts', 0));
});

test('requests that were broken off are not taken for quick ones', () => {
  const samples = [100, 200, 300, 400].map((durationMs) => ({ durationMs, atLeast: false }));
  const cut = [250, 250, 250, 250].map((durationMs) => ({ durationMs, atLeast: true }));
  const seen = distributionOf([...samples, ...cut]);
  assert.equal(seen.quantileMs(0.25), 200);
  assert.equal(seen.laterThan(200), 0.75, 'all but two of eight were later than that');
  assert.equal(seen.laterThan(300), 0.375, 'of those that were later, half were later than this');
  const open = distributionOf([...samples, { durationMs: 900, atLeast: true }]);
  assert.equal(open.quantileMs(1), 900, 'what is not known is put as low as it may be');
});

test('of what was broken off at the largest time that was seen nothing is later', () => {
  const seen = distributionOf([
    { durationMs: 5, atLeast: false },
    { durationMs: 5, atLeast: true },
  ]);
  assert.equal(seen.quantileMs(1), 5);
  assert.equal(seen.laterThan(5), 0);
});

test('the share that is later and the quantile agree', () => {
  const sample = fc.record({ durationMs: fc.integer({ min: 1, max: 500 }), atLeast: fc.boolean() });
  fc.assert(
    fc.property(
      fc.array(sample, { minLength: 1, maxLength: 60 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (samples, share) => {
        const seen = distributionOf(samples);
        const timeMs = seen.quantileMs(share);
        assert.ok(seen.laterThan(timeMs) <= 1 - share + 1e-6, `${timeMs}`);
      },
    ),
  );
});

test('the second is asked no later than at the p95 and no earlier than at the median', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 20, maxLength: 80 }), (times) => {
      const seen = whole(...times);
      const delayMs = hedgeDelayMs(seen, seen, EXTRA_SHARE);
      assert.ok(delayMs <= seen.quantileMs(0.95) && delayMs >= seen.quantileMs(0.5));
    }),
  );
});

test('where few requests hang, the second is asked as soon as one hangs', () => {
  const usual = Array.from({ length: 94 }, (_unused, i) => 400 + i * 4);
  const hung = [2_500, 3_000, 3_500, 4_000, 4_500, 5_000];
  const seen = whole(...usual, ...hung);
  assert.equal(seen.quantileMs(0.95), 2_500);
  const delayMs = hedgeDelayMs(seen, seen, EXTRA_SHARE);
  assert.ok(delayMs >= 700 && delayMs < 800, `${delayMs}`);
});

test('a second provider that would be slower still changes nothing: the p95 is waited for', () => {
  const seen = whole(...Array.from({ length: 100 }, (_unused, i) => 100 + i));
  assert.equal(hedgeDelayMs(seen, whole(10_000), EXTRA_SHARE), 194);
});
