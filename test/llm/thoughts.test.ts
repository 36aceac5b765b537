import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { thoughtFilter } from '../../src/llm/thoughts.ts';

function spoken(pieces: readonly string[]): string {
  const filter = thoughtFilter();
  return pieces.map((piece) => filter.push(piece)).join('') + filter.end();
}

test('a thought at the beginning is left out, and nothing else', () => {
  assert.equal(
    spoken(['\n<think>\nHe greets. <b>\n</think>\n\nHello <think>not</think>']),
    'Hello <think>not</think>',
  );
  assert.equal(spoken(['<think></think>Hi']), 'Hi');
  assert.equal(spoken(['<thi']), '<thi');
  assert.equal(spoken(['< 5']), '< 5');
  assert.equal(spoken([' Hello']), ' Hello');
  assert.equal(spoken(['<think>for ever']), '');
});

test('words are not held back when they cannot be a thought', () => {
  assert.equal(thoughtFilter().push('H'), 'H');
});

test('cuts fall anywhere without a difference', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(
        '<think>a</t b</think>\n\nHello <b>',
        'Hello</think>',
        '<thinking> no',
        '\n\n<think>x</think> y',
      ),
      fc.array(fc.nat(30), { maxLength: 8 }),
      (text, cuts) => {
        const places = [0, ...cuts.map((cut) => Math.min(cut, text.length)), text.length].sort(
          (a, b) => a - b,
        );
        const pieces = places.slice(1).map((place, at) => text.slice(places[at], place));
        assert.equal(spoken(pieces), spoken([text]));
      },
    ),
  );
});
