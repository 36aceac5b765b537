// Whole calls out of seeds: whatever the caller, the carrier and the providers do, the call goes on and ends.
import assert from 'node:assert/strict';
import test from 'node:test';
import { SimulatedCall } from '../helpers/simulatedCall.ts';

/** To look at one seed alone: SIMULATED_FROM=<seed> SIMULATED_CALLS=1. */
const CALLS = Number(process.env['SIMULATED_CALLS'] ?? 2_000);
const FIRST_SEED = Number(process.env['SIMULATED_FROM'] ?? 1);

test(`${CALLS} simulated calls each answer, end, and leave nothing behind`, async () => {
  const failures: string[] = [];
  for (let seed = FIRST_SEED; seed < FIRST_SEED + CALLS; seed += 1) {
    try {
      await new SimulatedCall(seed).run();
    } catch (error) {
      failures.push(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`);
    }
    // What a weak reference points to is kept until the event loop has turned.
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual(failures, []);
});
