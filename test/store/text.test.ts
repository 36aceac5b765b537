import assert from 'node:assert/strict';
import test from 'node:test';
import { storableFields, storableText } from '../../src/store/text.ts';

for (const [what, text, stored] of [
  ['plain text', 'Grüße, 你好', 'Grüße, 你好'],
  ['an emoji, which is a pair of surrogates', 'ok 👍', 'ok 👍'],
  ['NUL characters', '\0a\0b\0', 'ab'],
  ['half a pair at the end', 'cut \ud83d', 'cut \ufffd'],
  ['the wrong half first', '\udc4d\ud83d', '\ufffd\ufffd'],
  ['nothing', '', ''],
] as const) {
  test(`makes storable: ${what}`, () => assert.equal(storableText(text), stored));
}

test('keys of fields are made storable as well', () => {
  assert.deepEqual(storableFields({ 'a\0': '\ud800' }), { a: '\ufffd' });
});
