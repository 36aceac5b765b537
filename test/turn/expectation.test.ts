import assert from 'node:assert/strict';
import test from 'node:test';
import { askedSoFar, expectationOf, unheardText } from '../../src/turn/expectation.ts';
import { turnLanguage } from '../../src/turn/language/language.ts';

const english = turnLanguage('en');

const asked: readonly (readonly [string, string])[] = [
  ['How can I help you today?', 'open'],
  ['Your parcel is on its way.', 'open'],
  ['', 'open'],
  ['Is there anything else I can help you with?', 'yes_no'],
  ['Great. Shall I book that for you?', 'yes_no'],
  ['So that is Tuesday at three, right?', 'yes_no'],
  ['Is 555 0199 the best number to reach you?', 'yes_no'],
  ['Would you like the morning or the afternoon?', 'choice'],
  ['Do you want it today or not?', 'yes_no'],
  ["What's the best number to reach you?", 'digits'],
  ['Can I have your phone number, please?', 'digits'],
  ['Please tell me your zip code.', 'digits'],
  ['And your date of birth?', 'date'],
  ['Could you spell that for me?', 'spelling'],
  ['May I have your full name?', 'name'],
  ['Who am I speaking with?', 'name'],
  ["What's your email address?", 'email'],
  ['What is the delivery address?', 'address'],
  ['How many people will it be?', 'quantity'],
  ['What day works best for you?', 'when'],
  ['When would you like to come in?', 'when'],
  ["What's your phone number? I can look you up with it.", 'digits'],
  ["What's your phone number? It's for our records. We never share it.", 'open'],
];

for (const [agent, kind] of asked) {
  test(`"${agent}" asks for ${kind}`, () => assert.equal(expectationOf(agent, english).kind, kind));
}

test('the number of digits is what was asked for', () => {
  const counts = (agent: string): unknown => {
    const expects = expectationOf(agent, english);
    return expects.kind === 'digits' ? expects.counts : undefined;
  };
  assert.deepEqual(counts('What are the last four digits of your card?'), [4]);
  assert.deepEqual(counts('Please enter your 6-digit PIN.'), [6]);
  assert.deepEqual(counts("What's your order number?"), []);
  assert.deepEqual(counts("What's your zip code?"), [5, 9]);
});

test('a language nobody has written down asks for nothing', () => {
  assert.deepEqual(expectationOf('What is your phone number?', turnLanguage('xx')), { kind: 'open' });
});

test('a closing question counts once most of it was heard, and only when it closes', () => {
  const text = 'We have a table at eight. Shall I book that for you?';
  const at = (heardText: string, whole = true): string | undefined =>
    askedSoFar({ replyId: 0, heardText, text, whole }, english)?.kind;
  assert.equal(at('We have a table at'), undefined);
  assert.equal(at('We have a table at eight. Shall I'), undefined);
  assert.equal(at('We have a table at eight. Shall I book that'), 'yes_no');
  assert.equal(at(text), 'yes_no');
  assert.equal(at(text, false), undefined, 'more may come');
});

test('what was not heard is the rest of the words', () => {
  const agent = { replyId: 0, heardText: 'We have  a', text: 'We have a table.\nAt eight.', whole: true };
  assert.equal(unheardText(agent), 'table. At eight.');
});
