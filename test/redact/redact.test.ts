import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { isCard, luhn } from '../../src/redact/cards.ts';
import { NOTHING_BEFORE, redact } from '../../src/redact/redact.ts';
import { seededRandom, type Random } from '../../src/base/random.ts';
import { anyCardNumber, CARD_FORMS, inTalk } from '../../src/sim/cardForms.ts';
import { pick } from '../../src/sim/chance.ts';
import { digitWords } from '../../src/sim/numberWords.ts';
import { PLAIN_FORMS } from '../../src/sim/plainNumbers.ts';
import { visibleDigits } from '../../src/sim/redactionWalk.ts';

const RULES = { cards: true, ssn: true };
const CARDS = 1_000;
/** What may be seen of a card's number at once. */
const SHOWN_MAX = 6;
/** ... while it may be a phone's. */
const PARTLY_MAX = 10;

function masked(text: string, grows = false): string {
  return redact(text, RULES, { ...NOTHING_BEFORE, grows }).text;
}

/** Those that are said in one go; the others are for a call. */
const AT_ONCE = CARD_FORMS.filter(({ say }) => say('4111111111111111', seededRandom(1)).length === 1);

/** A card's number in some form, with what people say round it. */
function anyTalk(random: Random): string {
  const said = pick(random, AT_ONCE).say(anyCardNumber(random), random);
  return inTalk(said, random).join(' ');
}

test(`of ${CARDS} card numbers none is seen`, () => {
  const random = seededRandom(7);
  for (let i = 0; i < CARDS; i += 1) {
    const text = anyTalk(random);
    const seen = masked(text);
    assert.ok(visibleDigits(seen) <= SHOWN_MAX, `${text} => ${seen}`);
  }
});

test('no partial text shows a card number that grows word by word', () => {
  const random = seededRandom(11);
  for (let i = 0; i < CARDS / 2; i += 1) {
    const words = anyTalk(random).split(' ');
    for (let count = 1; count <= words.length; count += 1) {
      const partial = words.slice(0, count).join(' ');
      const seen = masked(partial, true);
      assert.ok(visibleDigits(seen) <= PARTLY_MAX, `${partial} => ${seen}`);
    }
  }
});

test('a card number in two texts is not seen from its seventh digit on, wherever it is cut', () => {
  const random = seededRandom(13);
  for (let i = 0; i < CARDS; i += 1) {
    const card = anyCardNumber(random);
    const cut = 1 + Math.floor(random.next() * (card.length - 1));
    const say = random.next() < 0.5 ? (digits: string): string => digits : digitWords;
    const first = redact(say(card.slice(0, cut)), RULES);
    const second = redact(`okay and then ${say(card.slice(cut))}`, RULES, {
      ...NOTHING_BEFORE,
      tail: first.tail,
    });
    const seen = visibleDigits(first.text) + visibleDigits(second.text);
    assert.ok(seen <= 10, `${card} at ${cut}: ${first.text} / ${second.text}`);
    assert.ok(second.found.has(card), `${card} at ${cut}`);
  }
});

test('of 5,000 sentences with other numbers at most one in a hundred is touched', () => {
  const random = seededRandom(3);
  let touched = 0;
  for (let i = 0; i < 5_000; i += 1) {
    const text = pick(random, PLAIN_FORMS).say(random);
    if (masked(text) !== text) touched += 1;
  }
  assert.ok(touched <= 50, `${touched} were touched`);
});

for (const [text, expected] of [
  ['my social is 123-45-6789.', 'my social is [social security number].'],
  ['123 45 6789', '[social security number]'],
  ['123-45-67', '[social security number]'],
  ['my social is one two three, four five, six seven eight nine', 'my social is [social security number]'],
  ['the last four of my social are 6789', 'the last four of my social are [social security number]'],
  ['900-45-6789', '900-45-6789'],
  ['I have 123 boxes', 'I have 123 boxes'],
  ['nothing at all', 'nothing at all'],
] as const) {
  test(`"${text}" is told as "${expected}"`, () => {
    assert.equal(masked(text), expected);
  });
}

test('digits are a social-security number where one was asked for', () => {
  const before = { ...NOTHING_BEFORE, asked: 'What are the last four of your social?' };
  assert.equal(redact("it's six seven eight nine", RULES, before).text, "it's [social security number]");
});

test('what was found is hidden in parts, and when it is said again', () => {
  const before = { ...NOTHING_BEFORE, known: new Map([['4111111111111111', 'card' as const]]) };
  assert.equal(redact('I have 4111 1111, right?', RULES, before).text, 'I have [digits], right?');
  assert.equal(redact('at 730', RULES, before).text, 'at 730');
});

test('what is switched off is left alone', () => {
  const off = { cards: false, ssn: false };
  for (const text of ['4111 1111 1111 1111', 'my social is 123-45-6789'])
    assert.equal(redact(text, off).text, text);
});

test('a card has its range, its length and its check digit', () => {
  assert.ok(isCard('4111111111111111'));
  assert.ok(!isCard('4111111111111112'));
  assert.ok(!isCard('9111111111111111'));
  assert.ok(!isCard('41111111'));
  assert.ok(luhn('79927398713'));
});

test('no text makes it fail, and a text without figures and number words comes out as it was', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const { text: seen, tail } = redact(text, RULES);
      assert.match(tail.digits, /^\d{0,19}$/u);
      if (!/[\p{N}\p{L}]/u.test(text)) assert.equal(seen, text);
    }),
  );
});
