import assert from 'node:assert/strict';
import test from 'node:test';
import { seededRandom } from '../../src/base/random.ts';
import { SEED_TIMINGS, drawnFirstTokenMs } from '../../src/sim/behaviour.ts';
import { hedgedRequests } from '../../src/sim/hedgedRequests.ts';
import { LONG_TAILS, setOf } from '../../src/sim/longTail.ts';
import { quantile } from '../../src/sim/statistics.ts';

const REQUESTS = 8_000;

for (const tail of LONG_TAILS) {
  test(`the tail called ${tail.name} has the three figures that are asked for`, () => {
    const set = setOf(tail, 2_000);
    assert.ok(Math.abs(quantile(set, 0.5) - 540) < 5, `${quantile(set, 0.5)}`);
    assert.ok(Math.abs(quantile(set, 0.95) - 1_770) < 25, `${quantile(set, 0.95)}`);
    assert.ok(Math.max(...set) <= 5_000 && Math.max(...set) > 4_900);
  });

  test(`of the tail called ${tail.name} no more than five in a hundred are asked twice, and none is later for it`, () => {
    const { aloneMs, hedgedMs, extra } = hedgedRequests(tail, REQUESTS, seededRandom(3));
    assert.ok(extra <= REQUESTS * 0.05 && extra > REQUESTS * 0.03, `${extra}`);
    for (const [place, ms] of hedgedMs.entries()) assert.ok(ms <= (aloneMs[place] ?? 0));
  });
}

test('where few requests hang, the p95 of the first token falls by more than three tenths', () => {
  const [, hangs] = LONG_TAILS;
  assert.ok(hangs !== undefined);
  const { hedgedMs } = hedgedRequests(hangs, REQUESTS, seededRandom(3));
  assert.ok(quantile(hedgedMs, 0.95) < hangs.quantileMs(0.95) * 0.7, `${quantile(hedgedMs, 0.95)}`);
});

test('the simulated model draws its first token from the set it is given', () => {
  const random = seededRandom(1);
  const timings = { ...SEED_TIMINGS, llmFirstTokensMs: [100, 900] };
  const drawn = new Set(Array.from({ length: 40 }, () => drawnFirstTokenMs(timings, random)));
  assert.deepEqual(
    [...drawn].toSorted((a, b) => a - b),
    [100, 900],
  );
  assert.equal(drawnFirstTokenMs(SEED_TIMINGS, random), SEED_TIMINGS.llmFirstTokenMs);
});
