import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { digitRuns } from '../../src/turn/digitRuns.ts';
import { turnLanguage } from '../../src/turn/language/language.ts';

const english = turnLanguage('en-US');

function runs(text: string, language = english): readonly (readonly [string, number, string | undefined])[] {
  return digitRuns(text, language).map(({ start, end, count, digits }) => [
    text.slice(start, end),
    count,
    digits,
  ]);
}

const CASES: readonly (readonly [string, ReturnType<typeof runs>])[] = [
  ['no number at all', []],
  ['my number is 4 1 7', [['4 1 7', 3, '417']]],
  ['it is 4171-22 (33).', [['4171-22 (33', 8, '41712233']]],
  ['four one seven, oh', [['four one seven, oh', 4, '4170']]],
  ['twenty three and forty', [['twenty three', 2, '23'], ['forty', 2, '40']]], // prettier-ignore
  ['twenty-three fifteen', [['twenty-three fifteen', 4, '2315']]],
  ['double five seven', [['double five seven', 3, '557']]],
  ['seven double 5', [['seven double 5', 3, '755']]],
  ['three hundred 5', [['three hundred 5', 4, undefined]]],
  ['the fourth, 417', [['fourth, 417', 5, undefined]]],
  ['a double room for 2', [['2', 1, '2']]],
  ['gate B12 or 7th', [['B12', 2, '12'], ['7th', 1, '7']]], // prettier-ignore
  ['\u0664\u0661', [['\u0664\u0661', 2, undefined]]],
];

for (const [text, expected] of CASES) {
  test(`"${text}" has ${expected.length} rows of digits`, () => {
    assert.deepEqual(runs(text), expected);
  });
}

test('a language without number words has its figures found', () => {
  assert.deepEqual(runs('vier 1 7', turnLanguage('de-DE')), [['1 7', 2, '17']]);
});

test('whatever the text, no figure stands outside the rows, and the rows are in order', () => {
  const word = fc.constantFrom('four', 'double', '12', 'hundred', 'is', 'A4', '7', 'twenty', '.', '-', '\n');
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(word).map((all) => all.join(' ')),
        fc.string(),
      ),
      (text) => {
        let from = 0;
        let rest = '';
        for (const { start, end, count } of digitRuns(text, english)) {
          assert.ok(start >= from && end > start && count > 0);
          rest += text.slice(from, start);
          from = end;
        }
        assert.doesNotMatch(rest + text.slice(from), /\p{N}/u);
      },
    ),
  );
});
