import assert from 'node:assert/strict';
import test from 'node:test';
import { milliseconds, painter, table, waterfall } from '../../src/sim/waterfall.ts';

const plain = painter(false);

test('colours are for terminals alone', () => {
  assert.equal(painter(true)('red', 'x'), '\u001b[31mx\u001b[0m');
  assert.equal(plain('red', 'x'), 'x');
});

test('a turn is drawn on one scale: the stages follow one another up to the first frame', () => {
  const lines = waterfall(
    {
      endpoint: 400,
      llmFirstToken: 500,
      llmFirstSentence: 100,
      ttsFirstAudio: 200,
      firstFrame: 0,
      response: 1_000,
    },
    plain,
  );
  assert.deepEqual(
    lines.map((line) => line.slice(0, line.indexOf('\u2502')).trim()),
    ['turn end decided', 'model: first token', 'model: first sentence', 'voice: first audio', 'frame'],
  );
  const starts = lines.map((line) => line.indexOf('\u2588') - line.indexOf('\u2502') - 1);
  assert.equal(starts[0], 0);
  assert.deepEqual(
    starts.slice(1).sort((a, b) => a - b),
    starts.slice(1),
    'in order',
  );
  assert.ok(new Set(lines.map((line) => line.indexOf('\u2502'))).size === 1, 'the bars begin in one column');
  assert.ok(lines[1]?.endsWith('500 ms'));
});

test('a line that was not waited for has only its own stages', () => {
  assert.equal(waterfall({ ttsFirstAudio: 2, firstFrame: 1 }, plain).length, 2);
  assert.deepEqual(waterfall({}, plain), []);
});

test('a table is as wide as it must be, numbers to the right', () => {
  assert.deepEqual(
    table(
      ['name', 'ms'],
      [
        ['a longer name', '7'],
        ['b', '1,250'],
      ],
    ),
    [
      'name           ms',
      '\u2500'.repeat(13) + '  ' + '\u2500'.repeat(5),
      'a longer name      7',
      'b              1,250',
    ],
  );
});

test('what did not happen has no duration', () => {
  assert.equal(milliseconds(undefined).trim(), '-');
  assert.equal(milliseconds(12.6).trim(), '13 ms');
});
