// US social-security numbers as people write and dictate them, likewise from a seed.
import type { Random } from '../base/random.ts';
import type { NumberForm } from './cardForms.ts';
import { pick, pickNumber } from './chance.ts';
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
    name: 'spoken with dashes',
    say: (number) => [
      printedSocial(number)
        .map((group) => digitWords(group))
        .join(' dash '),
    ],
  },
];
