// Numbers in every form that we can think of, made without what finds them, on their way through a call's privacy.
import assert from 'node:assert/strict';
import test from 'node:test';
import { seededRandom } from '../../src/base/random.ts';
import { NOTHING_BEFORE, redact } from '../../src/redact/redact.ts';
import { anyCardNumber, CARD_FORMS, inTalk } from '../../src/sim/cardForms.ts';
import { anySocialNumber, SOCIAL_FORMS } from '../../src/sim/socialForms.ts';
import { PLAIN_FORMS } from '../../src/sim/plainNumbers.ts';
import { walk } from '../../src/sim/redactionWalk.ts';

const SEED = 1_117;
/** A number that is not known to be one yet may be a phone's. */
const TOLD_DIGITS_MAX = 10;
/** PCI DSS 3.4.1 lets the first six be kept. */
const KEPT_DIGITS_MAX = 6;
const SOCIAL_TOLD_MAX = 5;
/** Of a social-security number nothing but a part that is too short to be told from other numbers. */
const SOCIAL_KEPT_MAX = 2;
/** Of a number that the agent said back, what it had taken back itself, as the caller had, comes on top. */
const TAKEN_BACK_DIGITS_MAX = 4;
const EACH = 15;

for (const form of CARD_FORMS) {
  test(`${EACH} card numbers as ${form.name}: none can be read, and nothing is kept, read back by half neither`, () => {
    const random = seededRandom(SEED);
    for (let i = 0; i < EACH; i += 1) {
      const { partial, final, atRest, readBack, worst } = walk(
        inTalk(form.say(anyCardNumber(random), random), random),
      );
      assert.ok(partial <= TOLD_DIGITS_MAX && final <= TOLD_DIGITS_MAX, `seed ${SEED}, ${i}: ${worst}`);
      assert.ok(atRest <= KEPT_DIGITS_MAX, `seed ${SEED}, ${i}: ${worst}`);
      const taken = /taken back|begun again/u.test(form.name) ? TAKEN_BACK_DIGITS_MAX : 0;
      assert.ok(readBack <= KEPT_DIGITS_MAX + taken, `seed ${SEED}, ${i}: ${worst}`);
    }
  });
}

for (const form of SOCIAL_FORMS) {
  test(`${EACH} social-security numbers, ${form.name}: none can be read, and nothing is kept`, () => {
    const random = seededRandom(SEED);
    for (let i = 0; i < EACH; i += 1) {
      const { partial, final, atRest, readBack, worst } = walk(
        form.say(anySocialNumber(random), random),
        form.asked,
      );
      assert.ok(partial <= SOCIAL_TOLD_MAX && final <= SOCIAL_TOLD_MAX, `seed ${SEED}, ${i}: ${worst}`);
      assert.ok(Math.max(atRest, readBack) <= SOCIAL_KEPT_MAX, `seed ${SEED}, ${i}: ${worst}`);
    }
  });
}

test('of 1,300 texts with other numbers at most one in a hundred is touched', () => {
  const random = seededRandom(SEED);
  const touched: string[] = [];
  for (const form of PLAIN_FORMS) {
    for (let i = 0; i < 50; i += 1) {
      const text = form.say(random);
      const { text: told } = redact(text, { cards: true, ssn: true }, NOTHING_BEFORE);
      if (told !== text) touched.push(`${text} => ${told}`);
    }
  }
  assert.ok(touched.length <= 13, `seed ${SEED}: ${touched.length} were touched, such as ${touched[0]}`);
});

test('a telephone number and a time after it are two numbers', () => {
  const first = redact('my phone is 408 555 1234', { cards: true, ssn: true });
  const second = 'four thirty works for me';
  const before = { ...NOTHING_BEFORE, tail: first.tail };
  assert.equal(redact(second, { cards: true, ssn: true }, before).text, second);
});
