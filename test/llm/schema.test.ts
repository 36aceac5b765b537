import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { mistakesIn, unknownKeywords } from '../../src/llm/schema.ts';

const cases: readonly (readonly [schema: unknown, fits: readonly unknown[], not: readonly unknown[]])[] = [
  [{ type: 'string', minLength: 2, maxLength: 3 }, ['ab', '👍👍👍'], ['a', 'abcd', 4, null]],
  [{ type: 'string', pattern: '^\\d+$' }, ['12'], ['a', '']],
  [{ type: 'string', pattern: '(' }, [], ['a']],
  [{ type: 'integer', minimum: 1, maximum: 3 }, [1, 3], [0, 4, 1.5, '1']],
  [{ type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1 }, [0.5], [0, 1]],
  [{ type: ['string', 'null'] }, ['a', null], [1]],
  [{ type: 'boolean' }, [true, false], ['true', 0]],
  [{ enum: ['a', 1, null] }, ['a', 1, null], ['b', '1']],
  [{ const: { a: 1 } }, [{ a: 1 }], [{ a: 2 }]],
  [{ anyOf: [{ type: 'string' }, { type: 'number', minimum: 5 }] }, ['a', 5], [4, null]],
  [
    { type: 'array', items: { type: 'string' }, minItems: 1, maxItems: 2 },
    [['a']],
    [[], ['a', 'b', 'c'], [1]],
  ],
  [
    {
      type: 'object',
      properties: { a: { type: 'number' } },
      required: ['a'],
      additionalProperties: { type: 'string' },
    },
    [{ a: 1 }, { a: 1, b: 'x' }],
    [{}, { a: 'x' }, { a: 1, b: 2 }, [], null],
  ],
  [true, [1, 'a'], []],
  [{}, [1, 'a', null], []],
];

test('accepts what fits and names what does not', () => {
  for (const [schema, fits, not] of cases) {
    for (const value of fits)
      assert.deepEqual(mistakesIn(value, schema), [], JSON.stringify([schema, value]));
    for (const value of not)
      assert.notDeepEqual(mistakesIn(value, schema), [], JSON.stringify([schema, value]));
  }
});

test('a mistake names its place', () => {
  const schema = { type: 'object', properties: { a: { type: 'array', items: { type: 'string' } } } };
  assert.deepEqual(mistakesIn({ a: ['x', 1] }, schema), ['arguments.a[1] must be of type string']);
});

test('keywords that are not checked are found, wherever they are', () => {
  assert.deepEqual(
    unknownKeywords({ type: 'object', description: 'x', properties: { a: { enum: [1], title: 'A' } } }),
    [],
  );
  const schema = { allOf: [], properties: { a: { items: { $ref: '#' } } }, anyOf: [{ not: {} }] };
  assert.deepEqual(unknownKeywords(schema), ['allOf', '$ref', 'not']);
});

test('never throws, whatever the value and the schema', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (value, schema) => {
      assert.ok(Array.isArray(mistakesIn(value, schema)));
      assert.ok(Array.isArray(unknownKeywords(schema)));
    }),
  );
});
