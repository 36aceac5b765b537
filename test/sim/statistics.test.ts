import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { median, quantile, slope, spread, tally } from '../../src/sim/statistics.ts';

test('the median of an even number lies between the two in the middle', () => {
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.equal(median([7]), 7);
});

test('a quantile lies between its neighbours in proportion, and its values stay as they were', () => {
  const values = [40, 10, 30, 20];
  assert.equal(quantile(values, 0), 10);
  assert.equal(quantile(values, 1), 40);
  assert.ok(Math.abs(quantile(values, 0.1) - 13) < 1e-9);
  assert.deepEqual(values, [40, 10, 30, 20]);
});

test('of no values there is no quantile', () => {
  assert.ok(Number.isNaN(quantile([], 0.5)));
  assert.equal(spread([]).count, 0);
});

test('a greater share never gives a smaller value, and none lies outside the values', () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  const values = fc.array(fc.integer(), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(values, share, share, (given, a, b) => {
      const low = quantile(given, Math.min(a, b));
      const high = quantile(given, Math.max(a, b));
      assert.ok(low <= high + 1e-6);
      assert.ok(low >= Math.min(...given) && high <= Math.max(...given) + 1e-6);
    }),
  );
});

test('a spread counts what it was made of', () => {
  const found = spread([1, 2, 3, 4, 5]);
  assert.deepEqual(found, { count: 5, median: 3, p95: 4.8, p99: 4.96, min: 1, max: 5 });
});

test('a tally goes from the smallest value up', () => {
  assert.deepEqual(tally([1, -1, 0, 1, 0, 1]), [
    [-1, 1],
    [0, 2],
    [1, 3],
  ]);
});

test('a slope is that of the line, whatever a few values far from it say', () => {
  const line = Array.from({ length: 20 }, (_unused, at) => [at, 7 + 3 * at] as const);
  assert.equal(slope(line), 3);
  assert.equal(slope([...line.slice(0, 18), [18, 900], [19, -900]]), 3);
});

test('of one moment there is no slope', () => {
  assert.ok(Number.isNaN(slope([[1, 2]])));
  assert.ok(
    Number.isNaN(
      slope([
        [1, 2],
        [1, 3],
      ]),
    ),
  );
});
