// Which part of the chaos bench is run.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { strikesDatabase } from '../../src/sim/benchChaos.ts';

test('PostgreSQL is struck when it is asked for, and when nothing is', () => {
  const cases = [
    { faults: [], stages: [], struck: true },
    { faults: [], stages: ['tts', 'database'], struck: true },
    { faults: ['hang'], stages: ['database'], struck: true },
    { faults: ['hang'], stages: [], struck: false },
    { faults: [], stages: ['tts'], struck: false },
  ];
  for (const { struck, ...options } of cases)
    assert.equal(strikesDatabase(options), struck, JSON.stringify(options));
});
