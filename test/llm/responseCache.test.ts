import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import type { ChatMessage } from '../../src/llm/port.ts';
import { normalisedWords, responseKey, ResponseCache, TTL_MS } from '../../src/llm/responseCache.ts';
import { VirtualClock } from '../helpers/virtualClock.ts';

const asked = (...said: readonly string[]): readonly ChatMessage[] => [
  { role: 'system', content: 'You are Robin. The lead is Ana.' },
  { role: 'assistant', content: 'Hello.' },
  ...said.map((content) => ({ role: 'user' as const, content })),
];
const key = (...said: readonly string[]) => responseKey('v1', 'opening', asked(...said));

test('the words count, not how the recogniser wrote them', () => {
  assert.equal(key("Who's this?"), key('whos this'));
  assert.equal(key('Well,  who is this…'), key('well who is this'));
  assert.notEqual(key('Who is this?'), key('Who is that?'));
  assert.match(key('Hi') ?? '', /^[0-9a-f]{64}$/u);
});

for (const [one, other] of [
  ['-5', '5'],
  ['5%', '5'],
  ['$5', '€5'],
  ['3.5', '35'],
] as const) {
  test(`${one} and ${other} are not the same words`, () => {
    assert.notEqual(normalisedWords(one), normalisedWords(other));
  });
}

test('another file, state, prompt or conversation is another question', () => {
  const keys = [
    key('How much?'),
    responseKey('v2', 'opening', asked('How much?')),
    responseKey('v1', 'close', asked('How much?')),
    responseKey('v1', undefined, asked('How much?')),
    key('I am Bo.', 'How much?'),
    responseKey('v1', 'opening', [{ role: 'system', content: 'Lead: Bo' }, ...asked('How much?').slice(1)]),
    responseKey('v1', 'opening', [
      ...asked().slice(0, 1),
      { role: 'assistant', content: 'Hel' },
      ...asked('How much?').slice(2),
    ]),
  ];
  assert.equal(new Set(keys).size, keys.length);
});

test('there is no key without words, nor after a tool was called', () => {
  assert.equal(key('...'), undefined);
  assert.equal(responseKey('v1', 'opening', asked()), undefined);
  const booked: ChatMessage[] = [
    { role: 'assistant', content: '', toolCalls: [{ id: 'a', name: 'book', argumentsText: '{}' }] },
    { role: 'tool', toolCallId: 'a', content: 'Done.' },
    { role: 'user', content: 'And now?' },
  ];
  assert.equal(responseKey('v1', 'opening', [...asked(), ...booked]), undefined);
});

test('an answer is given again until its time is over', async () => {
  const clock = new VirtualClock();
  const looks: string[] = [];
  const cache = new ResponseCache({ clock, observe: (result) => looks.push(result) });
  assert.equal(cache.lookup('a'), undefined);
  cache.keep('a', ['One.', 'Two.']);
  await clock.advance(TTL_MS);
  assert.deepEqual(cache.lookup('a'), ['One.', 'Two.']);
  await clock.advance(1);
  assert.equal(cache.lookup('a'), undefined);
  assert.deepEqual([looks, cache.entries, cache.bytes], [['miss', 'hit', 'miss'], 0, 0]);
});

test('of too many the least recently used goes', () => {
  const cache = new ResponseCache({ clock: new VirtualClock(), entriesMax: 2 });
  cache.keep('a', ['A.']);
  cache.keep('b', ['B.']);
  cache.lookup('a');
  cache.keep('c', ['C.']);
  assert.deepEqual([cache.lookup('a'), cache.lookup('b'), cache.lookup('c')], [['A.'], undefined, ['C.']]);
});

test('the bounds hold, and what is counted is what is there', () => {
  const key = fc.constantFrom('a', 'b', 'c', 'd', 'e');
  const step = fc.tuple(fc.boolean(), key, fc.array(fc.string({ maxLength: 200 }), { maxLength: 5 }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const cache = new ResponseCache({ clock: new VirtualClock(), entriesMax: 3, bytesMax: 2_000 });
      for (const [keeps, name, sentences] of steps) {
        if (keeps) cache.keep(name, sentences);
        else cache.lookup(name);
        assert.ok(cache.entries <= 3 && cache.bytes <= 2_000 && cache.bytes >= 0);
        assert.equal(cache.entries === 0, cache.bytes === 0);
      }
    }),
  );
});
