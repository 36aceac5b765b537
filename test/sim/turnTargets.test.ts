import assert from 'node:assert/strict';
import test from 'node:test';
import { figuresOf } from '../../src/sim/turnFigures.ts';
import type { TurnScore } from '../../src/sim/turnScore.ts';
import { targetsTable, WITHOUT_SPECULATION } from '../../src/sim/turnTargets.ts';

let number = 0;
const score = (kind: TurnScore['kind'], shown: Partial<TurnScore>): TurnScore => ({
  id: `tuning-${kind}-${(number += 1)}`,
  kind,
  snrDb: undefined,
  failures: [],
  callerTexts: [],
  ...shown,
});

function evaluated(name: string, scores: readonly TurnScore[]) {
  return { name, scores, figures: figuresOf(scores, { requests: 13, turns: 10 }) };
}

function rowsOf(settings: Parameters<typeof targetsTable>[0]): ReadonlyMap<string, readonly string[]> {
  return new Map(targetsTable(settings).rows.map(([name = '', ...cells]) => [name, cells]));
}

test('each target stands beside what was reached, with how many cases lie beyond it', () => {
  const rows = rowsOf([
    evaluated('default', [
      score('complete', { decidedMs: 300, cutOff: false }),
      score('complete', { decidedMs: 700, cutOff: false }),
      score('comma', { decidedMs: 320, cutOff: false }),
      score('comma', { cutOff: true }),
      score('stop', { stopMs: 240, holdMs: 150, yielded: true, heardError: -1 }),
      score('stop', { yielded: false, heardError: 2 }),
      score('backchannel', { selective: true }),
      score('idleCough', { selective: false }),
      score('stop', { yielded: false, spoilt: 'the agent was not speaking' }),
    ]),
  ]);
  assert.deepEqual(rows.get('end of speech to decision, p50'), ['at most 350 ms', '320 ms', 'met', '1 of 3']);
  assert.deepEqual(rows.get('end of speech to decision, p95 of whole sentences'), [
    'at most 600 ms',
    '680 ms',
    'MISSED',
    '1 of 2',
  ]);
  assert.deepEqual(rows.get('false cut-offs, of turns with a pause'), [
    'at most 5 %',
    '50.0 %',
    'MISSED',
    '1 of 2',
  ]);
  assert.deepEqual(rows.get('voice to hold, p50'), ['at most 130 ms', '150 ms', 'MISSED', '1 of 1']);
  assert.deepEqual(rows.get('yield rate'), ['at least 98 %', '50.0 %', 'MISSED', '1 of 2']);
  assert.deepEqual(rows.get('selectivity: backchannel'), ['at least 85 %', '100.0 %', 'met', '0 of 1']);
  assert.deepEqual(rows.get('selectivity: idleCough'), ['at least 95 %', '0.0 %', 'MISSED', '1 of 1']);
  assert.deepEqual(rows.get('selectivity: echo'), ['at least 98 %', '-', '', '-']);
  assert.deepEqual(rows.get('heard text within one word'), ['at least 99 %', '50.0 %', 'MISSED', '1 of 2']);
  assert.deepEqual(rows.get('extra model requests'), [
    'at most 30 %',
    '30.0 %',
    'met',
    '3 requests of 10 turns',
  ]);
});

test('what speculation saves is told of the turns that were answered with it and without', () => {
  const turn = (id: string, responseMs?: number): TurnScore => ({
    ...score('complete', responseMs === undefined ? {} : { responseMs }),
    id,
  });
  const shipped = evaluated('default', [
    turn('a', 1_000),
    turn('b', 1_100),
    turn('c', 5_000),
    turn('d', 1_400),
  ]);
  const without = evaluated(WITHOUT_SPECULATION, [
    turn('a', 1_300),
    turn('b', 1_500),
    turn('c'),
    turn('d', 1_390),
  ]);
  const name = 'median response saved by speculation, same turns';
  // 1,390 against 1,100 at the median, and one was no faster.
  assert.deepEqual(rowsOf([without, shipped]).get(name), ['at least 250 ms', '290 ms', 'met', '1 of 3 not']);
  assert.deepEqual(rowsOf([shipped]).get(name), ['at least 250 ms', '-', '', '-']);
});

test('of no setting there is nothing to tell', () => {
  assert.deepEqual(targetsTable([]).rows, []);
});
