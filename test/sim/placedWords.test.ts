import assert from 'node:assert/strict';
import test from 'node:test';
import { PlacedWords } from '../../src/sim/placedWords.ts';

const RATE = 24;

/** Half a second of tone a word, with silence round the whole. */
function spoken(text: string, leadMs = 0) {
  const words = text.split(' ');
  const samples24k = new Int16Array((leadMs + words.length * 500 + 400) * RATE);
  for (let i = leadMs * RATE; i < (leadMs + words.length * 500) * RATE; i += 1) {
    samples24k[i] = Math.round(8_000 * Math.sin(i / 20 + (i / 3_000) ** 2));
  }
  const startMs = (index: number): number => leadMs + index * 500;
  return {
    text,
    samples24k,
    words: words.map((word, i) => ({ word, startMs: startMs(i), endMs: startMs(i + 1) })),
  };
}

test('a word lies within what was played when half of it does, sentence after sentence', () => {
  const placed = new PlacedWords();
  placed.learn(spoken('one two three.'));
  placed.learn(spoken('four five.'));
  placed.learn(spoken('one'));
  const text = 'one two three. four five.';
  assert.deepEqual(placed.within(text, 0), []);
  assert.deepEqual(placed.within(text, 240), []);
  assert.deepEqual(placed.within(text, 300), ['one']);
  assert.deepEqual(placed.within(text, 1_300), ['one', 'two', 'three.']);
  // Of the silence after a sentence 180 ms are kept.
  assert.deepEqual(placed.within(text, 1_680 + 200), ['one', 'two', 'three.']);
  assert.deepEqual(placed.within(text, 1_680 + 300), ['one', 'two', 'three.', 'four']);
  assert.deepEqual(placed.within(text, 9_000), ['one', 'two', 'three.', 'four', 'five.']);
});

test('silence in front is left out but for a moment', () => {
  const placed = new PlacedWords();
  placed.learn(spoken('one two', 300));
  assert.deepEqual(placed.within('one two', 230), []);
  assert.deepEqual(placed.within('one two', 290), ['one']);
});

test('what the voice was not asked for has no place, unless it lies behind what was played', () => {
  const placed = new PlacedWords();
  placed.learn(spoken('one two'));
  assert.equal(placed.within('three', 100), undefined);
  assert.deepEqual(placed.within('one two three', 400), ['one']);
  assert.equal(placed.within('one two three', 4_000), undefined);
  assert.equal(placed.within('one twofold', 4_000), undefined);
});
