import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { MemoryCache, type CachedSpeech } from '../../src/tts/memoryCache.ts';

function speech(bytes: number): CachedSpeech {
  return { mulaw: new Uint8Array(bytes), wordTimes: [] };
}

test('the least recently used goes first when there are too many', () => {
  const cache = new MemoryCache(1_000_000, 3);
  for (const key of ['a', 'b', 'c']) cache.set(key, speech(10), false);
  cache.get('a');
  cache.set('d', speech(10), false);
  assert.deepEqual(
    ['a', 'b', 'c', 'd'].map((key) => cache.get(key) !== undefined),
    [true, false, true, true],
  );
});

test('the bytes are bounded, with what an entry costs beside its audio', () => {
  const cache = new MemoryCache(10_000, 1_000);
  for (let n = 0; n < 100; n += 1) cache.set(`line ${n}`, speech(1_000), false);
  assert.ok(cache.bytes <= 10_000 && cache.entries === 6, `${cache.bytes} bytes, ${cache.entries} entries`);
});

test('a line larger than all is not kept, and does not stay counted', () => {
  const cache = new MemoryCache(1_000, 10);
  cache.set('long', speech(2_000), false);
  assert.deepEqual([cache.get('long'), cache.bytes, cache.entries], [undefined, 0, 0]);
});

test('fixed lines go last, and stay fixed when set again', () => {
  const cache = new MemoryCache(1_000_000, 3);
  cache.set('greeting', speech(10), true);
  cache.set('greeting', speech(20), false);
  cache.set('goodbye', speech(10), false);
  cache.fix('goodbye');
  cache.fix('never heard of');
  for (let n = 0; n < 20; n += 1) cache.set(`passing ${n}`, speech(10), false);
  assert.equal(cache.get('greeting')?.mulaw.length, 20);
  assert.ok(cache.get('goodbye') !== undefined);
  for (let n = 0; n < 3; n += 1) cache.set(`fixed ${n}`, speech(10), true);
  assert.equal(cache.get('goodbye'), undefined, 'also they are bounded');
  assert.equal(cache.entries, 3);
});

test('whatever is done, both bounds hold and the count is right', () => {
  const operation = fc.record({
    key: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
    bytes: fc.integer({ min: 0, max: 2_000 }),
    what: fc.constantFrom('set', 'setFixed', 'get', 'fix'),
  });
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
      const cache = new MemoryCache(5_000, 4);
      for (const { key, bytes, what } of operations) {
        if (what === 'get') cache.get(key);
        else if (what === 'fix') cache.fix(key);
        else cache.set(key, speech(bytes), what === 'setFixed');
        assert.ok(cache.bytes <= 5_000 && cache.entries <= 4);
      }
      let counted = 0;
      for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) {
        const found = cache.get(key);
        if (found !== undefined) counted += found.mulaw.length + 512;
      }
      assert.equal(cache.bytes, counted);
    }),
  );
});
