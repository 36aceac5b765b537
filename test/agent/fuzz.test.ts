// An agent's file with anything in it: an agent, or mistakes that each name their place. Never anything else.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import fc from 'fast-check';
import { isMap, isScalar, isSeq, parseDocument, stringify, visit } from 'yaml';
import { parseAgentFile } from '../../src/agent/file.ts';

const GOOD = readFileSync(path.join(import.meta.dirname, '../../agents/front-desk.yaml'), 'utf8');
const PLACE = /^fuzz\.yaml:\d+:\d+: \S|^fuzz\.yaml: expected at most/;

function check(text: string): void {
  const parsed = parseAgentFile(text, 'fuzz.yaml');
  if (parsed.ok) return assert.notEqual(parsed.agent.name, '');
  assert.notEqual(parsed.mistakes.length, 0);
  for (const mistake of parsed.mistakes) assert.match(mistake, PLACE, text.slice(0, 500));
}

test('any text is an agent or has mistakes, each with its place', () => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), check), { numRuns: 500 });
  fc.assert(
    fc.property(fc.anything(), (value) => check(text(value))),
    { numRuns: 300 },
  );
});

function text(value: unknown): string {
  try {
    return stringify(value) ?? '';
  } catch {
    // What YAML cannot write (a symbol, say) is not in any file either.
    return '';
  }
}

test('a good file with a character changed, gone or put in is an agent or has mistakes', () => {
  const at = fc.nat({ max: GOOD.length - 1 });
  fc.assert(
    fc.property(at, fc.nat({ max: 3 }), fc.string({ maxLength: 3 }), (place, gone, put) =>
      check(GOOD.slice(0, place) + put + GOOD.slice(place + gone)),
    ),
    { numRuns: 100 },
  );
});

const strange = fc.constantFrom<unknown>(
  null,
  true,
  -1,
  1e9,
  '',
  [],
  {},
  [null],
  { a: 1 },
  'x'.repeat(300),
  0.5,
);

test('a good file with any one value replaced is an agent, or names a mistake at or round that value', () => {
  const values: number[] = [];
  visit(parseDocument(GOOD), (_key, node) => {
    if (isScalar(node) || isMap(node) || isSeq(node)) values.push(values.length);
  });
  fc.assert(
    fc.property(fc.constantFrom(...values), strange, (target, value) => {
      const document = parseDocument(GOOD);
      let seen = 0;
      visit(document, (key, node) => {
        if (!isScalar(node) && !isMap(node) && !isSeq(node)) return undefined;
        seen += 1;
        return seen - 1 === target && key !== 'key' ? document.createNode(value) : undefined;
      });
      check(String(document));
    }),
    { numRuns: 100 },
  );
});

test('every one of several mistakes is named', () => {
  const wrong = [
    'turnTaking: { minWaitMs: 1 }',
    'limits: { deadAirMs: no }',
    'language: "not a language"',
    'dtmf: { digitsMax: 0 }',
  ];
  fc.assert(
    fc.property(fc.subarray(wrong, { minLength: 1 }), (lines) => {
      const base =
        'name: a\nprompt: b\nproviders: { stt: [{ provider: openai, model: x }], llm: [{ provider: openai, model: x }], tts: [{ provider: openai, model: x, voice: x }] }\n';
      const parsed = parseAgentFile(base + lines.join('\n'), 'fuzz.yaml');
      assert.ok(!parsed.ok);
      for (const [name = ''] of lines.map((line) => line.split(':')))
        assert.ok(
          parsed.mistakes.some((mistake) => mistake.includes(`: ${name}`)),
          `${name} in ${parsed.mistakes.join('\n')}`,
        );
    }),
    { numRuns: 15 },
  );
});
