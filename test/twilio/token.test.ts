import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { StreamTokens, TOKEN_TTL_MS } from '../../src/twilio/token.ts';
import { VirtualClock } from '../helpers/virtualClock.ts';

function open(tokensMax = 100): { tokens: StreamTokens; clock: VirtualClock } {
  const clock = new VirtualClock();
  return { tokens: new StreamTokens(tokensMax, clock), clock };
}

test('a token is good once, for its call', () => {
  const { tokens } = open();
  const token = tokens.mint('CA1');
  assert.equal(tokens.redeem(token, 'CA2'), 'wrong_call');
  assert.equal(tokens.redeem(token, 'CA1'), 'ok');
  assert.equal(tokens.redeem(token, 'CA1'), 'used');
});

test('a token is good for a minute', async () => {
  const { tokens, clock } = open();
  const early = tokens.mint('CA1');
  const late = tokens.mint('CA2');
  await clock.advance(TOKEN_TTL_MS);
  assert.equal(tokens.redeem(early, 'CA1'), 'ok');
  await clock.advance(1);
  assert.equal(tokens.redeem(late, 'CA2'), 'expired');
});

test('a new token of a call voids the earlier one', () => {
  const { tokens } = open();
  const first = tokens.mint('CA1');
  const second = tokens.mint('CA1');
  assert.equal(tokens.redeem(first, 'CA1'), 'unknown');
  assert.equal(tokens.redeem(second, 'CA1'), 'ok');
  assert.equal(tokens.count, 1);
});

test('the right id with another secret is no token', () => {
  const { tokens } = open();
  const [id = ''] = tokens.mint('CA1').split('.');
  const [, secret = ''] = tokens.mint('CA2').split('.');
  assert.equal(tokens.redeem(`${id}.${secret}`, 'CA1'), 'unknown');
  assert.equal(tokens.redeem(`${id}.`, 'CA1'), 'unknown');
  assert.equal(tokens.redeem(id, 'CA1'), 'unknown');
});

test('nothing that was not minted is a token', () => {
  const { tokens } = open();
  tokens.mint('CA1');
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.constantFrom('', '.', '__proto__.x')), (text) => {
      assert.equal(tokens.redeem(text, 'CA1'), 'unknown');
    }),
  );
});

test('old tokens are forgotten, and too many push out the oldest', async () => {
  const { tokens, clock } = open(3);
  const [first = '', second = ''] = ['CA1', 'CA2', 'CA3', 'CA4'].map((callSid) => tokens.mint(callSid));
  assert.equal(tokens.count, 3);
  assert.equal(tokens.redeem(first, 'CA1'), 'unknown');
  assert.equal(tokens.redeem(second, 'CA2'), 'ok');
  await clock.advance(11 * 60_000);
  tokens.mint('CA5');
  assert.equal(tokens.count, 1);
});
