import assert from 'node:assert/strict';
import test from 'node:test';
import { benchTurns, reportOf, type Outcome, type TurnBenchOptions } from '../../src/sim/turnBench.ts';
import { turnCases } from '../../src/sim/turnCases.ts';
import { figuresOf } from '../../src/sim/turnFigures.ts';

const OPTIONS: TurnBenchOptions = { half: 'tuning', cases: [], settings: [], seed: 1, calls: 2 };

function outcome(name: string, tickLateMsMax: number): Outcome {
  const figures = figuresOf([], { requests: 0, turns: 0 });
  return { name, figures, tickLateMsMax, requests: 0, turns: 0, scores: [] };
}

test('a case or a setting that there is none of is refused before anything is started', async () => {
  const told: string[] = [];
  const run = (options: Partial<TurnBenchOptions>): Promise<unknown> =>
    benchTurns({ ...OPTIONS, ...options }, (line) => told.push(line));
  await assert.rejects(run({ cases: ['tuning-comma-99', 'nonsense'] }), /no case tuning-comma-99, nonsense/);
  await assert.rejects(
    run({ settings: ['default', 'fast'] }),
    /no setting 'fast': default, DISABLE=speculation/,
  );
  assert.deepEqual(told, []);
});

test('the report has the figures side by side, the targets, the failures of each setting, and every case', () => {
  const cases = turnCases('tuning', 1);
  const report = reportOf(OPTIONS, cases, [outcome('default', 20), outcome('silence 500 ms', 30)]);
  assert.match(report.title, new RegExp(`${cases.length} calls of the half 'tuning', seed 1, 2 at a time`));
  assert.deepEqual(
    report.tables.map(({ heading }) => heading[heading.length > 2 ? 1 : 0]),
    ['default', 'wanted', 'failed', 'failed'],
  );
  assert.ok(report.notes.every((note) => !note.includes('SPOILT')));
});

test('a carrier that was late says so, and with which setting', () => {
  const { notes } = reportOf(OPTIONS, turnCases('tuning', 1), [outcome('default', 20), outcome('slow', 90)]);
  assert.deepEqual(
    notes.filter((note) => note.startsWith('SPOILT')).map((note) => note.slice(0, 58)),
    ["SPOILT: with 'slow' the simulated carrier was up to 90 ms "],
  );
});
