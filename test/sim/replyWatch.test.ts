import assert from 'node:assert/strict';
import test from 'node:test';
import { tokensOf } from '../../src/sim/chatWire.ts';
import { ReplyWatch } from '../../src/sim/replyWatch.ts';

const body = (question: string) => ({
  messages: [
    { role: 'user', content: 'Something else.' },
    { role: 'assistant', content: 'Yes.' },
    { role: 'user', content: question },
  ],
});

test('the first piece is complete with the token that shows it, and later ones change nothing', () => {
  const watch = new ReplyWatch();
  const request = body('How much is it?');
  watch.asked(100, request);
  for (const [n, token] of tokensOf('It is ninety dollars. Shall I book? Yes or no.').entries()) {
    watch.token(600 + n * 20, request, token);
  }
  const [reply] = watch.replies();
  assert.equal(reply?.question, 'How much is it?');
  assert.equal(reply?.firstTokenAtMs, 600);
  assert.equal(reply?.piece, 'It is ninety dollars.');
  assert.ok((reply?.pieceAtMs ?? 0) > 600 && (reply?.pieceAtMs ?? 0) < 800);
});

test('replies that stream at the same time are not mixed up', () => {
  const watch = new ReplyWatch();
  const [one, other] = [body('One?'), body('Other?')];
  watch.asked(0, one);
  watch.asked(1, other);
  const ones = tokensOf('This is the first. And more.');
  const others = tokensOf('That is the second. And more.');
  for (const [n, token] of ones.entries()) {
    watch.token(n, one, token);
    watch.token(n, other, others[n] ?? '');
  }
  assert.deepEqual(
    watch.replies().map(({ piece }) => piece),
    ['This is the first.', 'That is the second.'],
  );
});

test('a token of a request that was never seen is nothing', () => {
  const watch = new ReplyWatch();
  watch.token(1, body('?'), 'Yes');
  assert.equal(watch.replies().length, 0);
});

test('a request without a word of the caller has no question', () => {
  const watch = new ReplyWatch();
  watch.asked(0, { messages: 'none' });
  assert.equal(watch.replies()[0]?.question, '');
});
