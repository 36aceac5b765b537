import assert from 'node:assert/strict';
import test from 'node:test';
import { drawReport, shown, thisMachine } from '../../src/sim/benchReport.ts';

test('a report is its title, its tables one below the other, and its notes', () => {
  const lines = drawReport({
    title: 'Waits',
    tables: [
      { heading: ['name', 'ms'], rows: [['first', '12']] },
      { heading: ['beside', 'ms'], rows: [['floor', '1']] },
    ],
    notes: ['Measured twice.'],
    figures: {},
  });
  assert.equal(lines[0], 'Waits');
  assert.equal(lines.at(-1), 'Measured twice.');
  assert.ok(lines.some((line) => /^first +12$/.test(line)));
  assert.ok(lines.some((line) => /^floor +1$/.test(line)));
});

test('what was not measured is shown as a dash', () => {
  assert.equal(shown(12.345, 1), '12.3');
  assert.equal(shown(NaN), '-');
  assert.equal(shown(Infinity), '-');
});

test('the machine is told with what a reader needs to judge the figures', () => {
  const machine = thisMachine();
  assert.ok(machine.cores >= 1);
  assert.equal(machine.node, process.version);
});
