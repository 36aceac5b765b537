import assert from 'node:assert/strict';
import test from 'node:test';
import { openMetrics } from '../../src/metrics/metrics.ts';
import { bucketQuantile, buckets, parseMetrics, since, total } from '../../src/sim/metricText.ts';

const PAGE = `# HELP late_seconds How late.
# TYPE late_seconds histogram
late_seconds_bucket{le="0.01",stage="a"} 8
late_seconds_bucket{le="0.02",stage="a"} 9
late_seconds_bucket{le="+Inf",stage="a"} 10
late_seconds_bucket{le="0.01",stage="b"} 0
late_seconds_bucket{le="0.02",stage="b"} 5
late_seconds_bucket{le="+Inf",stage="b"} 5
refused_total{what="a \\"quoted\\" thing"} 3
refused_total{what="junk"} 4 1700000000000
up 1
nonsense
`;

test('samples are read with their labels, and what is none is left out', () => {
  const samples = parseMetrics(PAGE);
  assert.equal(samples.length, 9);
  assert.equal(total(samples, 'up'), 1);
  assert.equal(total(samples, 'refused_total'), 7);
  assert.equal(total(samples, 'refused_total', { what: 'junk' }), 4);
  assert.equal(total(samples, 'missing'), 0);
});

test('the series of a histogram are added up unless a label chooses', () => {
  const samples = parseMetrics(PAGE);
  assert.deepEqual(buckets(samples, 'late_seconds'), [
    { le: 0.01, count: 8 },
    { le: 0.02, count: 14 },
    { le: Infinity, count: 15 },
  ]);
  assert.equal(buckets(samples, 'late_seconds', { stage: 'b' }).at(-1)?.count, 5);
});

test('a quantile lies within its bucket in proportion', () => {
  const all = buckets(parseMetrics(PAGE), 'late_seconds', { stage: 'a' });
  assert.ok(Math.abs(bucketQuantile(all, 0.4) - 0.005) < 1e-12);
  assert.ok(Math.abs(bucketQuantile(all, 0.85) - 0.015) < 1e-12);
});

test('what lies beyond the last edge counts as that edge', () => {
  assert.equal(bucketQuantile(buckets(parseMetrics(PAGE), 'late_seconds', { stage: 'a' }), 0.99), 0.02);
});

test('of no observations there is no quantile', () => {
  assert.ok(Number.isNaN(bucketQuantile([], 0.5)));
  assert.ok(Number.isNaN(bucketQuantile([{ le: Infinity, count: 0 }], 0.5)));
});

test("between two readings counts only what came after the first; a series' first reading counts whole", () => {
  const before = [
    { le: 0.01, count: 8 },
    { le: Infinity, count: 10 },
  ];
  const after = [
    { le: 0.01, count: 9 },
    { le: Infinity, count: 15 },
  ];
  assert.deepEqual(since(before, after), [
    { le: 0.01, count: 1 },
    { le: Infinity, count: 5 },
  ]);
  assert.deepEqual(since([], after), after);
});

test("the gateway's own page is read, as text and with exemplars", async () => {
  const metrics = openMetrics({ callsActive: () => 3, pendingWrites: () => 0 });
  metrics.turnAnswered(700, 'generated', { callSid: 'CA1', turn: 1 });
  metrics.playoutLate(3);
  for (const accept of [undefined, 'application/openmetrics-text']) {
    const samples = parseMetrics((await metrics.render(accept)).body);
    assert.equal(total(samples, 'turnpike_calls_active'), 3);
    assert.equal(buckets(samples, 'turnpike_turn_response_seconds').at(-1)?.count, 1);
    assert.ok(bucketQuantile(buckets(samples, 'turnpike_playout_late_seconds'), 1) <= 0.005);
  }
});
