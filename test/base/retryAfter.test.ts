import assert from 'node:assert/strict';
import test from 'node:test';
import { retryAfterMs } from '../../src/base/retryAfter.ts';

const NOW_MS = Date.parse('Thu, 01 Jan 2026 12:00:00 GMT');

const cases: readonly { headers: Record<string, string>; expected: number | undefined }[] = [
  { headers: {}, expected: undefined },
  { headers: { 'retry-after-ms': '250' }, expected: 250 },
  { headers: { 'retry-after-ms': '250', 'retry-after': '9' }, expected: 250 },
  { headers: { 'retry-after-ms': 'soon', 'retry-after': '9' }, expected: 9_000 },
  { headers: { 'retry-after': '1.5' }, expected: 1_500 },
  { headers: { 'retry-after': 'Thu, 01 Jan 2026 12:00:20 GMT' }, expected: 20_000 },
  { headers: { 'retry-after': 'Thu, 01 Jan 2026 11:00:00 GMT' }, expected: 0 },
  { headers: { 'retry-after': 'Thu, 01 Jan 2099 11:00:00 GMT' }, expected: 3_600_000 },
  { headers: { 'retry-after': '-3' }, expected: 0 },
  { headers: { 'retry-after': '' }, expected: undefined },
  { headers: { 'retry-after': 'later' }, expected: undefined },
];

for (const { headers, expected } of cases) {
  test(`${JSON.stringify(headers)} means ${expected} ms`, () => {
    assert.equal(retryAfterMs(new Headers(headers), NOW_MS), expected);
  });
}
