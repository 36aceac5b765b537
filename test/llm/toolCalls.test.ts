import assert from 'node:assert/strict';
import test from 'node:test';
import type { ToolCallPart } from '../../src/llm/completion.ts';
import { toolCallAssembly } from '../../src/llm/toolCalls.ts';

function part(given: Partial<ToolCallPart>): ToolCallPart {
  return { index: undefined, id: undefined, name: undefined, argumentsText: '', ...given };
}

function assemble(parts: readonly Partial<ToolCallPart>[]): readonly string[] {
  let ids = 0;
  const assembly = toolCallAssembly(() => `made${(ids += 1)}`);
  for (const one of parts) assert.ok(assembly.add(part(one)));
  return assembly.calls.map((call) => `${call.id} ${call.name} ${call.argumentsText}`);
}

const cases: readonly (readonly [
  what: string,
  parts: readonly Partial<ToolCallPart>[],
  calls: readonly string[],
])[] = [
  [
    'pieces by index, in turns',
    [
      { index: 0, id: 'a', name: 'f' },
      { index: 1, id: 'b', name: 'g' },
      { index: 0, argumentsText: '{"x"' },
      { index: 1, argumentsText: '{}' },
      { index: 0, argumentsText: ':1}' },
    ],
    ['a f {"x":1}', 'b g {}'],
  ],
  [
    'whole calls that are all numbered 0',
    [
      { index: 0, id: 'a', name: 'f', argumentsText: '{}' },
      { index: 0, id: 'b', name: 'f', argumentsText: '{}' },
    ],
    ['a f {}', 'b f {}'],
  ],
  [
    'a new id in each piece of one call',
    [
      { index: 0, id: 'a', name: 'f' },
      { index: 0, id: 'b', argumentsText: '{}' },
    ],
    ['a f {}'],
  ],
  [
    'the name again in each piece',
    [
      { index: 0, id: 'a', name: 'f' },
      { index: 0, id: 'a', name: 'f', argumentsText: '{}' },
    ],
    ['a f {}'],
  ],
  [
    'an id that comes late',
    [
      { index: 0, name: 'f' },
      { index: 0, id: 'a', argumentsText: '{}' },
    ],
    ['a f {}'],
  ],
  [
    'neither index nor id',
    [{ name: 'f', argumentsText: '{}' }, { name: 'g' }, { argumentsText: '{}' }],
    ['made1 f {}', 'made2 g {}'],
  ],
  ['no arguments', [{ index: 0, id: 'a', name: 'f' }], ['a f {}']],
  ['no name', [{ index: 0, id: 'a', argumentsText: '{}' }], []],
];

for (const [what, parts, calls] of cases) {
  test(`puts together ${what}`, () => assert.deepEqual(assemble(parts), calls));
}

test('an id is made once', () => {
  let ids = 0;
  const assembly = toolCallAssembly(() => `made${(ids += 1)}`);
  assembly.add(part({ name: 'f' }));
  assert.equal(assembly.calls[0]?.id, assembly.calls[0]?.id);
  assert.equal(ids, 1);
});

test('too many calls, and one that is too long, are refused', () => {
  const many = toolCallAssembly(() => 'x');
  for (let index = 0; index < 16; index += 1) assert.ok(many.add(part({ index, name: 'f' })));
  assert.equal(many.add(part({ index: 16, name: 'f' })), false);
  assert.equal(
    toolCallAssembly(() => 'x').add(part({ name: 'f', argumentsText: ' '.repeat(70_000) })),
    false,
  );
});
