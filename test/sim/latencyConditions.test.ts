import assert from 'node:assert/strict';
import test from 'node:test';
import { readConfig } from '../../src/config.ts';
import { HEADLINE, INHERITED, sumOf } from '../../src/sim/inheritedTable.ts';
import { ADDING, ALL_OFF, conditionsFor, keyOf, TABLE, WITHOUT } from '../../src/sim/latencyConditions.ts';
import { addingTable, serialShare, withoutTable } from '../../src/sim/latencyReport.ts';
import type { TurnSample } from '../../src/sim/latencyRun.ts';

test('each line has one improvement more than the one before, from none to all', () => {
  const lines = [ALL_OFF, ...ADDING];
  assert.deepEqual(
    lines.map(({ disabled }) => disabled.length),
    Array.from({ length: TABLE.length + 1 }, (_unused, place) => TABLE.length - place),
  );
  for (const [place, { disabled, improvement }] of ADDING.entries()) {
    const before = lines[place]?.disabled ?? [];
    assert.deepEqual(
      before.filter((name) => !disabled.includes(name)),
      [improvement],
    );
  }
});

test('every improvement of the table can be switched off by its name', () => {
  assert.deepEqual([...readConfig({ DISABLE: keyOf(ALL_OFF) }).disabled], [...TABLE]);
});

test('what is the same to the gateway is held once; a few can be asked for', () => {
  const all = conditionsFor([]);
  // The last of the adding is all on; all but the last is also the one before it.
  assert.equal(all.length, 1 + ADDING.length + WITHOUT.length - 1);
  assert.equal(new Set(all.map(keyOf)).size, all.length);
  assert.deepEqual(
    conditionsFor(['intents']).map(({ name }) => name),
    ['all off', '+ tts-cache', '+ intents', 'without intents', 'all on'],
  );
});

test('the inherited stages do not add up to the inherited headline', () => {
  const sum = sumOf(INHERITED);
  assert.deepEqual(
    [Math.round(sum.beforeMs * 10) / 10, Math.round(sum.afterMs * 10) / 10],
    [5_344.5, 1_326.2],
  );
  assert.notEqual(sum.beforeMs, HEADLINE.beforeMs);
});

const turn = (kind: TurnSample['kind'], waitMs: number | undefined, serialMs?: number): TurnSample => ({
  kind,
  said: 'Hello?',
  waitMs,
  serialMs,
});

test('the tables show each line against the one above, and each switched off against all on', () => {
  const measured = new Map([
    [keyOf(ALL_OFF), [turn('first', 5_000, 5_100), turn('fresh', 3_500, 3_400), turn('fresh', undefined)]],
    [keyOf(ADDING[0] ?? ALL_OFF), [turn('first', 5_000), turn('fresh', 3_000)]],
    ['', [turn('fresh', 1_000), turn('fresh', 1_100)]],
    ['intents', [turn('fresh', 1_300)]],
  ]);
  const adding = addingTable(measured).rows;
  assert.deepEqual(
    adding.map((row) => [row[0], row[2], row[3], row[4], row[5], row.at(-1)]),
    [
      ['all off', '4250', '', '4250', '', '2 of 3'],
      ['+ llm-streaming', '4000', '-250', '4000', '-250', '2'],
      ['+ adaptive', '1050', '-2950', '1050', '-2950', '2'],
    ],
  );
  assert.equal(adding[1]?.[1], '2,000 -> 500, 1,500 less');
  assert.deepEqual(
    withoutTable(measured).rows.map((row) => [row[0], row[1], row[2]]),
    [
      ['all on', '1050', ''],
      ['without intents', '1300', '+250'],
    ],
  );
  assert.deepEqual(serialShare(measured), { waitMs: 4_250, serialMs: 4_250 });
});
