// What a second request says is joined to what was said before it broke off.
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Seam } from '../../src/llm/continuation.ts';

function joined(given: string, ...deltas: readonly string[]): string {
  const seam = new Seam(given);
  return given + deltas.map((delta) => seam.push(delta)).join('') + seam.end();
}

test('what goes on is passed on, with a space where none was', () => {
  assert.equal(joined('We are open', ' until', ' six.'), 'We are open until six.');
  assert.equal(joined('We are open', 'until six.'), 'We are open until six.');
  assert.equal(joined('We are open ', 'until six.'), 'We are open until six.');
  assert.equal(joined('We are open', ', of course.'), 'We are open, of course.');
});

test('the last words said again are left out, however they are cut', () => {
  assert.equal(joined('We are open until', 'open ', 'until', ' six.'), 'We are open until six.');
  assert.equal(joined('We are open until', 'Until six.'), 'We are open until six.');
  assert.equal(joined('That is on', 'on Monday.'), 'That is on Monday.');
});

test('a model that begins anew says what is new only', () => {
  assert.equal(
    joined('Sure. We are open', 'Sure', '. We are', ' open until six.'),
    'Sure. We are open until six.',
  );
});

test('a word that was cut in two is made whole', () => {
  assert.equal(joined('You have an appoint', 'appointment at ten.'), 'You have an appointment at ten.');
});

test('what only begins alike is no repetition', () => {
  assert.equal(joined('What shall I do', 'done is done.'), 'What shall I do done is done.');
});

test('a mere repetition adds nothing', () => {
  assert.equal(joined('That is all.', 'That is', ' all.'), 'That is all.');
});

test('an answer that was cut anywhere and begun again some words early comes out as it was', () => {
  const answer =
    'You can park behind the house, and the number four bus stops at our door every ten minutes.';
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: answer.length - 1 }),
      fc.nat({ max: answer.length }),
      fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 3, maxLength: 40 }),
      (cutAt, backChars, lengths) => {
        // Of a word that was cut after two letters nobody can tell that it is the same.
        const [cutWord = ''] = /[a-z]*$/i.exec(answer.slice(0, cutAt)) ?? [];
        fc.pre(cutWord.length >= 4 || !/^[a-z]/i.test(answer.slice(cutAt)));
        // Some words early: a model begins with a whole word.
        const from = answer.lastIndexOf(' ', Math.max(0, cutAt - backChars)) + 1;
        const deltas: string[] = [];
        let at = from;
        for (const length of lengths) {
          deltas.push(answer.slice(at, at + length));
          at += length;
        }
        deltas.push(answer.slice(at));
        assert.equal(joined(answer.slice(0, cutAt), ...deltas).replaceAll(/ +/g, ' '), answer);
      },
    ),
  );
});
