// Whole calls out of seeds: whatever the caller, the carrier and the providers do, the call goes on and ends.
import assert from 'node:assert/strict';
import test from 'node:test';
import { drawSimulated, simulateCalls } from '../helpers/simulatedCalls.ts';

/** More or others: `npm run simulate`, or SIMULATED_FROM=<seed> SIMULATED_CALLS=1. */
const CALLS = Number(process.env['SIMULATED_CALLS'] ?? 1_000);
const FIRST_SEED = Number(process.env['SIMULATED_FROM'] ?? 1);

test(`${CALLS} simulated calls each answer, end, and leave nothing behind`, async (t) => {
  const all = await simulateCalls(FIRST_SEED, CALLS);
  for (const line of drawSimulated(all)) t.diagnostic(line);
  assert.deepEqual(all.failures, []);
  assert.equal(all.lost, 0);
});

test('a seed is the same call each time', async () => {
  const { tookMs: _once, ...first } = await simulateCalls(FIRST_SEED, 5);
  const { tookMs: _again, ...second } = await simulateCalls(FIRST_SEED, 5);
  assert.deepEqual(second, first);
});
