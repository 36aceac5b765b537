import assert from 'node:assert/strict';
import test from 'node:test';
import { Trouble } from '../../src/call/trouble.ts';

function setUp(troubleTransferTo?: string): { readonly trouble: Trouble; readonly ways: string[] } {
  const ways: string[] = [];
  const trouble = new Trouble(
    { apologiesMax: 2, troubleTransferTo },
    { transfer: (to) => void ways.push(to) },
    () => void ways.push('goodbye'),
  );
  return { trouble, ways };
}

test('one apology too many in a row, and the caller is said goodbye to', () => {
  const { trouble, ways } = setUp();
  trouble.heard('fallback');
  trouble.heard('cached');
  assert.deepEqual(ways, []);
  trouble.heard('fallback');
  assert.deepEqual(ways, ['goodbye']);
});

test('an answer in between shows that the call gets somewhere', () => {
  const { trouble, ways } = setUp();
  for (const source of ['fallback', 'generated', 'fallback', 'generated'] as const) trouble.heard(source);
  assert.deepEqual(ways, []);
});

test('where the file names somebody, the caller is put through', () => {
  const { trouble, ways } = setUp('+15550001111');
  trouble.heard('fallback');
  trouble.heard('fallback');
  assert.deepEqual(ways, ['+15550001111']);
});
