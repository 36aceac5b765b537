import assert from 'node:assert/strict';
import type { LookupAddress } from 'node:dns';
import test from 'node:test';
import {
  cachedLookup,
  FRESH_MS,
  HOSTS_MAX,
  STALE_MS,
  type Found,
  type Lookup,
} from '../../src/base/cachedLookup.ts';
import { settle, VirtualClock } from '../helpers/virtualClock.ts';

/** A resolver that answers when it is told to. */
function setUp() {
  const clock = new VirtualClock();
  const asked: { readonly hostname: string; readonly found: Found }[] = [];
  const resolver: Lookup = (hostname, options, found) => {
    assert.equal(options.all, true);
    asked.push({ hostname, found });
  };
  const lookup = cachedLookup(clock, resolver);
  const results: unknown[] = [];
  const look = (hostname: string, all = false): void =>
    lookup(hostname, { all }, (error, address) => results.push(error?.code ?? address));
  const answer = (place: number, ...addresses: string[]): void => {
    const found: LookupAddress[] = addresses.map((address) => ({ address, family: 4 }));
    asked[place]?.found(null, found);
  };
  const fail = (place: number): void =>
    asked[place]?.found(Object.assign(new Error('no'), { code: 'EAI_AGAIN' }), []);
  return { clock, asked, results, look, answer, fail };
}

test('an answer is given again without asking, all of it or its first address', async () => {
  const { asked, results, look, answer } = setUp();
  look('api.example');
  answer(0, '192.0.2.1', '192.0.2.2');
  look('api.example');
  look('api.example', true);
  await settle();
  assert.equal(asked.length, 1);
  assert.deepEqual(results, [
    '192.0.2.1',
    '192.0.2.1',
    [
      { address: '192.0.2.1', family: 4 },
      { address: '192.0.2.2', family: 4 },
    ],
  ]);
});

test('who asks for the same host at the same time shares one look-up; another host has its own', async () => {
  const { asked, results, look, answer } = setUp();
  look('api.example');
  look('api.example');
  look('other.example');
  answer(0, '192.0.2.1');
  await settle();
  assert.deepEqual(
    asked.map(({ hostname }) => hostname),
    ['api.example', 'other.example'],
  );
  assert.deepEqual(results, ['192.0.2.1', '192.0.2.1']);
});

test('an old answer is given at once while it is asked anew, and stays when nobody answers', async () => {
  const { clock, asked, results, look, answer, fail } = setUp();
  look('api.example');
  answer(0, '192.0.2.1');
  await clock.advance(FRESH_MS + 1);
  look('api.example');
  fail(1);
  look('api.example');
  answer(2, '192.0.2.9');
  look('api.example');
  await settle();
  assert.equal(asked.length, 3);
  assert.deepEqual(results, ['192.0.2.1', '192.0.2.1', '192.0.2.1', '192.0.2.9']);
});

test('an answer that is too old is waited for, and a failure is not kept', async () => {
  const { clock, asked, results, look, answer, fail } = setUp();
  look('api.example');
  answer(0, '192.0.2.1');
  await clock.advance(STALE_MS + 1);
  look('api.example');
  fail(1);
  look('api.example');
  answer(2, '192.0.2.2');
  await settle();
  assert.equal(asked.length, 3);
  assert.deepEqual(results, ['192.0.2.1', 'EAI_AGAIN', '192.0.2.2']);
});

test('above the bound the host that was asked for the longest ago is forgotten', async () => {
  const { asked, look, answer } = setUp();
  for (let host = 0; host <= HOSTS_MAX; host += 1) {
    look(`host-${host}.example`);
    answer(host, '192.0.2.1');
  }
  look('host-1.example');
  assert.equal(asked.length, HOSTS_MAX + 1);
  look('host-0.example');
  assert.equal(asked.length, HOSTS_MAX + 2);
  await settle();
});
