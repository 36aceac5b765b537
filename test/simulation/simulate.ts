// `npm run simulate -- [--calls 2000] [--seed 1]`: whole calls on the virtual clock, from a seed each. Exits with 1 when one was
// lost, or something that has to hold didn't.
import { parseArgs } from 'node:util';
import { drawSimulated, simulateCalls } from '../helpers/simulatedCalls.ts';

const CALLS_MAX = 1_000_000;
const SEED_MAX = 1_000_000_000;

function wholeNumber(text: string, max: number): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1 || value > max)
    throw new Error(`a whole number from 1 to ${max} is wanted, not ${text}`);
  return value;
}

const { values } = parseArgs({
  options: { calls: { type: 'string', default: '2000' }, seed: { type: 'string', default: '1' } },
});
const all = await simulateCalls(wholeNumber(values.seed, SEED_MAX), wholeNumber(values.calls, CALLS_MAX));
for (const line of drawSimulated(all)) process.stdout.write(`${line}\n`);
if (all.lost > 0 || all.failures.length > 0) process.exitCode = 1;
