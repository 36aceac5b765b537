// US social-security numbers as people write and dictate them, likewise from a seed.
import type { Random } from '../base/random.ts';
import type { NumberForm } from './cardForms.ts';
import { pick, pickDigits, pickNumber } from './chance.ts';
import { digitWords, groupsOf, pairWords } from './numberWords.ts';

/** One that could be issued: no 000, 666 or 9xx in front, no 00, no 0000. */
export function anySocialNumber(random: Random): string {
  const part = (most: number, length: number): string =>
    String(pickNumber(random, 1, most)).padStart(length, '0');
  const area = part(899, 3);
  return (area === '666' ? '665' : area) + part(99, 2) + part(9_999, 4);
}

const printedSocial = (number: string): [string, string, string] => [
  number.slice(0, 3),
  number.slice(3, 5),
  number.slice(5),
];

/** In figures, in words, or in groups of either. */
function anyWay(number: string, random: Random): string {
  const groups = printedSocial(number);
  const spoken = groups.map((group) => digitWords(group, 'oh'));
  return pick(random, [number, spoken.join(' '), groups.join(' '), spoken.join(', ')]);
}

/** Figures stay figures, words words, as one recogniser writes them. */
function withZip(number: string, joint: string, random: Random): string {
  const zip = pickDigits(random, 5);
  return pick(random, [
    `${number}${joint}${zip}`,
    `${printedSocial(number).join('-')}${joint}${zip}`,
    `${digitWords(number, 'oh')}${joint}${digitWords(zip, 'oh')}`,
  ]);
}

export const SOCIAL_FORMS: readonly NumberForm[] = [
  {
    name: 'as printed',
    say: (number, random) => [printedSocial(number).join(pick(random, ['-', ' ', '.', '\u2013']))],
  },
  { name: 'named, figures', say: (number) => [`my social is ${number}`] },
  {
    name: 'named, spoken',
    say: (number, random) => [
      `my social security number is ${printedSocial(number)
        .map((group) => digitWords(group, 'oh'))
        .join(pick(random, [' ', ', ', ' dash ']))}`,
    ],
  },
  {
    name: 'named, pairs',
    say: (number) => [
      `my social is ${digitWords(number.slice(0, 3))} ${pairWords(number.slice(3, 5), ' ')} ${groupsOf(
        number.slice(5),
        2,
      )
        .map((pair) => pairWords(pair, ' '))
        .join(' ')}`,
    ],
  },
  {
    name: 'named, single figures',
    say: (number) => [`social security number ${Array.from(number).join(' ')}`],
  },
  {
    name: 'named, last four',
    say: (number) => [`the last four of my social are ${digitWords(number.slice(5))}`],
  },
  {
    name: 'named, over turns',
    say: (number) => {
      const [area, group, serial] = printedSocial(number);
      return [`my social is ${digitWords(area)}`, digitWords(group), digitWords(serial)];
    },
  },
  {
    name: 'named at the end of long words, given a turn later',
    say: (number, random) => [
      'okay so I think I should give you my social security number now',
      anyWay(number, random),
    ],
  },
  {
    name: 'named, over turns, more digits behind it',
    say: (number, random) => {
      const [area, group, serial] = printedSocial(number);
      return [
        'my social is',
        digitWords(area),
        digitWords(group),
        `${digitWords(serial)} ${digitWords(pickDigits(random, 5), 'oh')}`,
      ];
    },
  },
  {
    name: 'named, a zip code behind it',
    say: (number, random) => [`my social is ${withZip(number, pick(random, [' ', ', ', ' and ']), random)}`],
  },
  {
    name: 'named, said twice',
    say: (number, random) => {
      const said = anyWay(number, random);
      return [`my social is ${said}${pick(random, [', ', ' again ', ', again, '])}${said}`];
    },
  },
  {
    name: 'asked for before the last sentence',
    asked: ['What is your social security number?', 'Please take your time.'],
    say: (number, random) => [anyWay(number, random)],
  },
  {
    name: 'asked for before the last sentence, last four',
    asked: ['What are the last four digits of your social?', 'I need them to find you.'],
    say: (number, random) => [pick(random, [number.slice(5), digitWords(number.slice(5), 'oh')])],
  },
  {
    name: 'asked for, given after a moment',
    asked: ['Could I have your S S N?'],
    say: (number, random) => ['hold on, let me get my papers', anyWay(number, random)],
  },
  {
    name: 'asked for with a zip code',
    asked: ['I need two things.', 'Your social security number and your zip code, please.'],
    say: (number, random) => [withZip(number, pick(random, [' ', ', ', ' and then ']), random)],
  },
  {
    name: 'asked for, said twice',
    asked: ['What is your tax ID?'],
    say: (number, random) => {
      const said = anyWay(number, random);
      return [`${said}${pick(random, [', ', ' again '])}${said}`];
    },
  },
  {
    name: 'spoken with dashes',
    say: (number) => [
      printedSocial(number)
        .map((group) => digitWords(group))
        .join(' dash '),
    ],
  },
];
