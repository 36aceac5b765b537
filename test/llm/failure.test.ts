import assert from 'node:assert/strict';
import test from 'node:test';
import { ProviderError } from '../../src/base/errors.ts';
import { requestFailure } from '../../src/llm/failure.ts';
import { VirtualClock } from '../helpers/virtualClock.ts';

const clock = new VirtualClock();
const nothing = (): readonly string[] => [];

test('what is a provider error already stays the same, anything else is a lost connection', () => {
  const known = new ProviderError('server', 'down', { stage: 'llm', provider: 'a' });
  assert.equal(requestFailure(known, 'b', clock, nothing), known);
  const lost = requestFailure(
    new TypeError('fetch failed', { cause: new Error('ECONNREFUSED') }),
    'b',
    clock,
    nothing,
  );
  assert.equal(lost.code, 'connect');
  assert.equal(lost.message, 'fetch failed: ECONNREFUSED');
  assert.equal(requestFailure('odd', 'b', clock, nothing).message, 'odd');
});
