import assert from 'node:assert/strict';
import test from 'node:test';
import { serverReason } from '../../src/base/serverReason.ts';

const SENT = ['You may ask me anything about your booking.', 'my card is 4111 1111 1111 1111', 'yes'];
const reason = (message: string): string => serverReason(message, () => SENT);

test('what a server says of itself is told', () => {
  for (const message of ['The model `sim` does not exist', 'yes, but the engine is overloaded', ''])
    assert.equal(reason(message), message);
});

test('a message that quotes the request is not told, however it quotes it', () => {
  for (const quoted of [
    String.raw`400 Received Messages=[{\"role\":\"user\",\"content\":\"my card is 4111 1111 1111 1111\"}]`,
    'invalid input: MY CARD IS 4111...',
    'invalid input near "1111 1111 1111"',
  ])
    assert.equal(reason(quoted), `the server's message quotes the request (${quoted.length} characters)`);
});

test('a text of a word is quoted as a whole, unless it is in every second message', () => {
  const message = 'cannot read 4111111111111111 aloud';
  assert.match(
    serverReason(message, () => ['4111111111111111']),
    /quotes the request/u,
  );
  assert.equal(
    serverReason('no', () => ['no']),
    'no',
  );
});

test('a long message is cut', () => {
  const told = reason('x '.repeat(10_000));
  assert.equal(told.length, 303);
  assert.ok(told.endsWith('...'));
});
