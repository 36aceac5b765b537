// Card numbers as people write and say them, and sentences with other numbers in them. From a seed.
import { luhn } from '../../src/redact/cards.ts';

/** From 0 to below 1. */
export type Draw = () => number;

const UNITS = 'zero one two three four five six seven eight nine'.split(' ');
const TEENS = 'ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(' ');
const TENS = '- - twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');

/** mulberry32 (public domain). */
export function seeded(seed: number): Draw {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function pick<T>(draw: Draw, of: readonly T[]): T {
  const one = of[Math.floor(draw() * of.length)];
  if (one === undefined) throw new Error('nothing to choose from');
  return one;
}

export function anyDigits(draw: Draw, count: number): string {
  return Array.from({ length: count }, () => String(Math.floor(draw() * 10))).join('');
}

const SCHEMES = [
  ['4', 16],
  ['4', 13],
  ['4', 19],
  ['51', 16],
  ['55', 16],
  ['2221', 16],
  ['2720', 16],
  ['34', 15],
  ['37', 15],
  ['6011', 16],
  ['65', 16],
  ['36', 14],
  ['3528', 16],
  ['62', 16],
  ['6304', 16],
] as const;

export function anyCard(draw: Draw): string {
  const [prefix, length] = pick(draw, SCHEMES);
  const body = prefix + anyDigits(draw, length - prefix.length - 1);
  const check = Array.from({ length: 10 }, (_none, i) => String(i)).find((digit) => luhn(body + digit));
  return body + (check ?? '');
}

/** "three four", digit by digit. */
export function spoken(digits: string, zero = 'zero'): string {
  return Array.from(digits, (digit) => (digit === '0' ? zero : UNITS[Number(digit)])).join(' ');
}

function pairWord(pair: string): string {
  const value = Number(pair);
  if (pair.length < 2 || value < 10) return spoken(pair, 'oh');
  if (value < 20) return TEENS[value - 10] ?? '';
  const unit = value % 10;
  return `${TENS[Math.floor(value / 10)]}${unit === 0 ? '' : ` ${UNITS[unit]}`}`;
}

function groups(digits: string, length: number): readonly string[] {
  return digits.match(new RegExp(`.{1,${length}}`, 'gu')) ?? [];
}

function repeats(digits: string): string {
  const names = ['', '', 'double ', 'triple ', 'quadruple '];
  return (digits.match(/(\d)\1{0,3}/gu) ?? [])
    .map((run) => (names[run.length] ?? '') + spoken(run[0] ?? '', 'oh'))
    .join(' ');
}

type Form = (card: string, draw: Draw) => string;

export const FORMS: readonly Form[] = [
  (card) => card,
  (card) => groups(card, 4).join(' '),
  (card) => groups(card, 4).join('-'),
  (card) => groups(card, 4).join('. '),
  (card) => groups(card, 1).join(' '),
  (card) => groups(card, 1).join(', '),
  (card) => spoken(card),
  (card) => spoken(card, 'oh'),
  (card) =>
    groups(card, 4)
      .map((group) => spoken(group, 'o'))
      .join(', '),
  (card) =>
    groups(card, 4)
      .map((group) => spoken(group))
      .join(' dash '),
  (card) =>
    groups(card, 4)
      .map((group) => spoken(group))
      .join(' and then '),
  (card) => groups(card, 2).map(pairWord).join(' '),
  (card) =>
    groups(card, 2)
      .map((pair) => pairWord(pair).replace(' ', '-'))
      .join(', '),
  repeats,
  (card, draw) => Array.from(card, (digit) => (draw() < 0.5 ? digit : spoken(digit))).join(' '),
  (card, draw) =>
    groups(card, 4)
      .map((group) => (draw() < 0.5 ? group : spoken(group)))
      .join(' uh '),
  (card) => `${spoken(card.slice(0, 7))} no sorry ${spoken(card.slice(6))}`,
];

/** Forms beyond the plain ones: what the first version missed of them, it was taught. */
export const OTHER_FORMS: readonly Form[] = [
  (card) => groups(card, 3).join('/'),
  (card) => groups(card, 4).join('_'),
  (card) =>
    groups(card, 4)
      .map((group) => `"${group}"`)
      .join(' followed by '),
  (card) =>
    groups(card, 5)
      .map((group) => spoken(group, 'nought'))
      .join(' ... '),
  (card) => `the first four are ${groups(card, 4).join(' the next ones are ')}`,
  (card) =>
    groups(card, 4)
      .map((group, i) => (i % 2 === 0 ? group : repeats(group)))
      .join(' hmm '),
  (card) => spoken(card).toUpperCase(),
  (card) =>
    groups(card, 4)
      .map((group) => spoken(group))
      .join(' got that? '),
  (card) => groups(card, 4).join('\u00a0\u2013\u00a0'),
  (card) => Array.from(card, (digit) => String.fromCodePoint(0xff10 + Number(digit))).join(''),
  (card) =>
    groups(card, 4)
      .map((group) => spoken(group))
      .join(' you know '),
  (card) => `${groups(card, 4).join(' ')} exp 04/29 cvv 123`,
  (card) => spoken(card, 'oh').replaceAll(' ', '-'),
  (card) =>
    groups(card, 4)
      .map((group, i) => (i === 1 ? `let me see ${group}` : group))
      .join(' '),
  (card) =>
    `${spoken(card.slice(0, 4))} ${spoken(card.slice(4, 8))} I mean ${spoken(card.slice(4, 8))} ${spoken(card.slice(8))}`,
  (card) => spoken(card).replaceAll('four', 'for').replaceAll('eight', 'ate'),
];

const LEADS = [
  '',
  'my card is ',
  'it is ',
  'sure, ',
  'yeah so the number is ',
  'the visa is ',
  'ok ',
  'uh, ',
];
const TAILS = ['', '', '.', ' thanks', ' and it is in my name'];

export function inTalk(draw: Draw, number: string): string {
  return `${pick(draw, LEADS)}${number}${pick(draw, TAILS)}`;
}

const PHONE = (draw: Draw): string => pick(draw, ['415', '212', '555', '646', '303']);
const CLEAN: readonly ((draw: Draw) => string)[] = [
  (draw) => `My phone number is ${PHONE(draw)}-555-${anyDigits(draw, 4)}.`,
  (draw) => `You can reach me at ${spoken(PHONE(draw) + '555' + anyDigits(draw, 4), 'oh')}.`,
  (draw) =>
    `Call me at (${PHONE(draw)}) 555-${anyDigits(draw, 4)} or +1 ${PHONE(draw)} 555 ${anyDigits(draw, 4)}.`,
  (draw) => `It's ${PHONE(draw)} 555 ${anyDigits(draw, 4)}.`,
  (draw) =>
    `I was born on 0${1 + Math.floor(draw() * 9)}/${10 + Math.floor(draw() * 18)}/19${anyDigits(draw, 2)}.`,
  (draw) => `Let's say March ${1 + Math.floor(draw() * 28)} 2026 at ${1 + Math.floor(draw() * 12)}:30.`,
  (draw) => `The total was ${anyDigits(draw, 3)} dollars and ${anyDigits(draw, 2)} cents.`,
  (draw) => `Order ${anyDigits(draw, 8)} has not come.`,
  (draw) => `The order number is ${anyDigits(draw, 12)}.`,
  (draw) => `My account number is ${spoken(anyDigits(draw, 8 + Math.floor(draw() * 3)))}.`,
  (draw) => `My account is ${anyDigits(draw, 10)}, opened in 20${anyDigits(draw, 2)}.`,
  (draw) => `The confirmation code is ${pick(draw, ['BX', 'QT'])}${anyDigits(draw, 6)}.`,
  (draw) =>
    `I live at ${anyDigits(draw, 4)} Main Street, apartment ${anyDigits(draw, 2)}, zip ${anyDigits(draw, 5)}.`,
  (draw) =>
    `We are four people, two of them children, at seven thirty on the ${1 + Math.floor(draw() * 28)}th.`,
  (draw) => `Nineteen ${pairWord(anyDigits(draw, 2))} was a good year, two thousand and twelve as well.`,
  (draw) =>
    `Flight ${anyDigits(draw, 3)} leaves at ${anyDigits(draw, 1)}:${anyDigits(draw, 1)}5 from gate ${anyDigits(draw, 2)}.`,
  (draw) =>
    `I paid ${anyDigits(draw, 2)}.99 on the 5th and ${anyDigits(draw, 2)}.49 on the 6th of July 2025.`,
  (draw) => `Tracking ${anyDigits(draw, 10)}, please.`,
  () => 'No, I said no, wait, one of them is for two people too.',
  (draw) =>
    `My card expires in 0${1 + Math.floor(draw() * 9)} 2029, and there is a charge of ${anyDigits(draw, 3)} on it.`,
  (draw) => `The last four of my card are ${anyDigits(draw, 4)}.`,
  (draw) =>
    `I'd like ${anyDigits(draw, 2)} boxes of the ${anyDigits(draw, 4)} model, and ${anyDigits(draw, 1)} of the other.`,
];

export function cleanSentence(draw: Draw): string {
  return pick(draw, CLEAN)(draw);
}

/** All digits of a text, figures and words, in their order: what a reader could put together. */
export function digitsIn(text: string): string {
  return (
    text
      .normalize('NFKC')
      .toLowerCase()
      .match(/\d+|\p{L}+/gu) ?? []
  )
    .map((word) => {
      const unit = UNITS.indexOf(word);
      const teen = TEENS.indexOf(word);
      const ten = TENS.indexOf(word);
      if (/^\d+$/u.test(word)) return word;
      if (unit >= 0) return String(unit);
      if (teen >= 0) return String(teen + 10);
      if (ten >= 2) return String(ten);
      return { oh: '0', o: '0', nought: '0', for: '4', ate: '8' }[word] ?? '';
    })
    .join('');
}
