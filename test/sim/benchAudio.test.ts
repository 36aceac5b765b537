import assert from 'node:assert/strict';
import test from 'node:test';
import { benchAudio } from '../../src/sim/benchAudio.ts';

test('every part is measured, in one unit', async () => {
  const values = await benchAudio();
  assert.ok(values.length >= 5);
  assert.equal(new Set(values.map(({ name }) => name)).size, values.length);
  for (const { name, value, unit } of values) {
    assert.ok(Number.isFinite(value) && value > 0, `${name}: ${value}`);
    assert.equal(unit, 'us per 20 ms');
  }
});
