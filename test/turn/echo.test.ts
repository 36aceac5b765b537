import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { isEcho, mayBeEcho, spokenWindow } from '../../src/turn/echo.ts';

const SPOKEN = 'we are open from eight to six on every working day and on Saturday';

test('the agent’s words in the agent’s order are its echo', () => {
  for (const heard of [
    'open from eight',
    'on every working day',
    'We are open from eight to six.',
    'eight to',
  ]) {
    assert.ok(isEcho(heard, SPOKEN), heard);
  }
});

test('misheard words are allowed for', () => {
  for (const heard of [
    'on every workin day',
    'we are open form eight to six',
    'open from late to six on every',
  ]) {
    assert.ok(isEcho(heard, SPOKEN), heard);
  }
});

test('what a caller says is not', () => {
  for (const heard of [
    'what about Sunday',
    'six we day eight',
    'eight',
    'and do you open on',
    'can I come on Saturday',
    'on we open',
  ])
    assert.equal(isEcho(heard, SPOKEN), false, heard);
});

test('a word that always interrupts is the agent’s only when the agent says it', () => {
  const always = ['stop', 'hold on'];
  assert.equal(isEcho('we are open from stop', SPOKEN, always), false);
  assert.equal(isEcho('open from hold on eight to six on every', SPOKEN, always), false);
  assert.ok(isEcho('the bus stop is near', 'the bus stop is near our door', always));
});

test('one word may be an echo; the next will tell', () => {
  assert.ok(mayBeEcho('Saturday', SPOKEN));
  assert.equal(mayBeEcho('Sunday', 'we close at six'), false);
  assert.equal(mayBeEcho('on Saturday', SPOKEN), false);
});

test('the window is the last seconds of what was heard and the half second to come, in whole words', () => {
  const window = spokenWindow(
    `${'before '.repeat(30)}the very last words that you have heard`,
    'and then some more follows',
  );
  assert.match(window, /^before before .*the very last words that you have heard and then some$/u);
  assert.ok(window.length <= 80);
  assert.equal(spokenWindow('', ''), '');
  assert.equal(spokenWindow('one two', 'three'), 'one two three');
});

test('any stretch of what is said is an echo, whatever is said', () => {
  const word = fc.stringMatching(/^[a-z]{2,9}$/u);
  fc.assert(
    fc.property(
      fc.array(word, { minLength: 4, maxLength: 30 }),
      fc.nat(20),
      fc.integer({ min: 2, max: 10 }),
      (words, from, length) => {
        const start = Math.min(from, words.length - 2);
        assert.ok(isEcho(words.slice(start, start + length).join(' '), words.join(' ')));
      },
    ),
  );
});
