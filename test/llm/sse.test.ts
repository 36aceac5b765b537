import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { sseParser } from '../../src/llm/sse.ts';

function parse(pieces: readonly string[]): readonly string[] {
  const parser = sseParser();
  return [...pieces.flatMap((piece) => [...parser.push(piece)]), ...parser.end()];
}

test('reads events whatever the line ends, passing comments and other fields over', () => {
  for (const newline of ['\n', '\r\n', '\r']) {
    const text = [
      ': hi',
      'event: x',
      'id: 1',
      'data: one',
      '',
      'retry: 5',
      'data:two',
      'data: three',
      '',
      '',
      'data',
      '',
    ];
    assert.deepEqual(parse([text.join(newline)]), ['one', 'two\nthree']);
  }
});

test('an event without its blank line counts at the end', () => {
  assert.deepEqual(parse(['data: a\n\ndata: [DONE]']), ['a', '[DONE]']);
});

test('lines that belong to no event stream are counted', () => {
  const parser = sseParser();
  parser.push('<html>\nbody\n\n: comment\ndata: x\n\n');
  assert.equal(parser.strangeLines, 2);
});

test('what is held is counted, so that it can be bounded', () => {
  const parser = sseParser();
  parser.push(`data: ${'x'.repeat(100)}\n`);
  parser.push('data: yy');
  assert.equal(parser.heldChars, 108);
});

test('cuts fall anywhere without a difference', () => {
  const data = fc.string({ unit: fc.constantFrom('a', ':', ' ', '{', 'é', '你') });
  const newline = fc.constantFrom('\n', '\r\n', '\r');
  fc.assert(
    fc.property(fc.array(data), newline, fc.array(fc.nat(), { maxLength: 12 }), (events, end, cuts) => {
      const text = events.map((event) => `: c${end}data: ${event}${end}${end}`).join('');
      const places = [0, ...cuts.map((cut) => cut % (text.length + 1)), text.length].sort((a, b) => a - b);
      const pieces = places.slice(1).map((place, at) => text.slice(places[at], place));
      assert.deepEqual(parse(pieces), events);
    }),
  );
});
