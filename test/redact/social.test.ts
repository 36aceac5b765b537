import assert from 'node:assert/strict';
import test from 'node:test';
import { NOTHING_BEFORE, redact, type Before } from '../../src/redact/redact.ts';
import { visibleDigits } from '../../src/sim/redactionWalk.ts';

const RULES = { cards: true, ssn: true };
/** Of a social-security number that is not whole yet so many are no secret. */
const SHOWN_MAX = 2;

function masked(text: string, before: Partial<Before> = {}): string {
  return redact(text, RULES, { ...NOTHING_BEFORE, ...before }).text;
}

const SPOKEN = 'one two three four five six seven eight nine';
const SPOKEN_ZIP = 'nine oh two one oh';

for (const [asked, text] of [
  ['What are your social security number and zip code?', '123456789 90210'],
  ['What are your social security number and zip code?', '123 45 6789 90210'],
  ['What are your social security number and zip code?', '90210 and then 123-45-6789'],
  ['What are your social security number and zip code?', `${SPOKEN} ${SPOKEN_ZIP}`],
  ['What is your social and your date of birth?', '123456789 05 12 1980'],
  ['What is your social?', '123456789, 123456789'],
  ['What is your social?', '123456789 again 123456789'],
  ['What is your social?', `${SPOKEN}, again, ${SPOKEN}`],
  ['How can I help you?', 'my social is 123456789 and 90210'],
  ['Could I have your S S N?', '123456789'],
  ['Could I have your S.S.N., please?', '123456789'],
  ['What is your tax ID?', '123456789'],
  ['And the taxpayer id?', SPOKEN],
  ['I need your taxpayer identification number.', SPOKEN],
] as const) {
  test(`asked "${asked}", a caller who says "${text}" has told nobody a digit`, () => {
    assert.equal(visibleDigits(masked(text, { asked })), 0, masked(text, { asked }));
  });
}

test('a social-security number that goes on from turn to turn is hidden with whatever is said behind it', () => {
  let { tail } = NOTHING_BEFORE;
  for (const text of ['my social is', 'one two three', 'four five', `six seven eight nine ${SPOKEN_ZIP}`]) {
    const redacted = redact(text, RULES, { ...NOTHING_BEFORE, tail });
    assert.equal(visibleDigits(redacted.text), 0, redacted.text);
    tail = redacted.tail;
  }
});

test('a part that is too short to be hidden, or a word that only sounds like a digit, ends no social-security number', () => {
  for (const short of ['oh wait', 'one two', 'oh']) {
    const named = redact('my social is', RULES).tail;
    const { text, tail } = redact(short, RULES, { ...NOTHING_BEFORE, tail: named });
    assert.ok(visibleDigits(text) <= SHOWN_MAX);
    assert.equal(visibleDigits(masked('three four five six seven eight nine', { tail })), 0, short);
  }
});

test('what was hidden beside another number is known from then on', () => {
  const asked = 'What are your social and your zip code?';
  for (const text of ['123456789 90210', `${SPOKEN} ${SPOKEN_ZIP}`]) {
    const known = redact(text, RULES, { ...NOTHING_BEFORE, asked }).found;
    assert.equal(visibleDigits(masked('I have 123456789, right?', { known })), 0);
    assert.equal(visibleDigits(masked('so one two three four five six', { known })), 0);
  }
  const { found } = redact('123456789 90210', RULES, { ...NOTHING_BEFORE, asked });
  assert.equal(masked('the parcel goes to 90210', { known: found }), 'the parcel goes to 90210');
});

test('a card that is said behind a social-security number is known as a card', () => {
  const { found } = redact('my social, no, 4111 1111 1111 1111', RULES);
  assert.equal(found.get('4111111111111111'), 'card');
});

test('a number is named by whoever takes long to come to it, and by nobody who talks on', () => {
  const long = redact('okay so I think I should give you my social security number now', RULES);
  assert.equal(visibleDigits(masked('123456789', { tail: long.tail })), 0);
  const on = redact('my social is not what I call about, you see, it is about the room', RULES);
  assert.equal(masked('for 350 dollars', { tail: on.tail }), 'for 350 dollars');
});

test('figures without an end, with the number of a card among them, are hidden', () => {
  for (const text of [
    '902104111111111111111',
    'it is 411111111111111112269021099',
    '00001234567890123424242424242424242',
  ])
    assert.equal(visibleDigits(masked(text)), 0, masked(text));
  const { found } = redact('902104111111111111111', RULES);
  assert.equal(masked('I have 4111 1111', { known: found }), 'I have [digits]');
  assert.equal(masked('99999999999999999999999999'), '99999999999999999999999999');
});

test('what the agent asked last and named decides what the digits are', () => {
  const order = 'What is the number of your order? Take your time.';
  assert.equal(masked('41234567890', { asked: order }), '41234567890');
  const phone = 'I see your card. What is your phone number? Take your time.';
  assert.equal(masked('4155551234', { asked: phone }), '4155551234');
  const card = 'What is the number of your card? Take your time.';
  assert.equal(masked('4155551', { asked: card }), '[digits]');
});
