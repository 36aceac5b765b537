// What callers say that has numbers in it and no card's: telephones, dates, prices, orders, times, addresses. From a seed; none of
// it may be taken for a card's number.
import type { Random } from '../base/random.ts';
import { digitWords, pairWords } from './numberWords.ts';
import { pick, pickDigits, pickNumber } from './chance.ts';

export interface PlainForm {
  readonly name: string;
  readonly say: (random: Random) => string;
}

const MONTHS = 'January February March April May June July August September October November December'.split(
  ' ',
);
const STREETS = ['Main Street', 'Oak Avenue', '5th Avenue', 'Elm Road', 'West 42nd Street', 'County Road 9'];

const areaCode = (random: Random): string =>
  pick(random, ['212', '415', '646', '303', '512', '617', '408', '510']);
const phone = (random: Random): string => `${areaCode(random)}555${pickDigits(random, 4)}`;
const spokenPhone = (random: Random, joint: string): string => {
  const number = phone(random);
  return [number.slice(0, 3), number.slice(3, 6), number.slice(6)]
    .map((part) => digitWords(part, 'oh'))
    .join(joint);
};
const clock = (random: Random): string =>
  `${pickNumber(random, 1, 12)}:${pick(random, ['00', '15', '30', '45'])}`;
const spokenClock = (random: Random): string =>
  `${pairWords(String(pickNumber(random, 1, 12)).padStart(2, '0')).replace('oh ', '')} ${pick(random, ['fifteen', 'thirty', 'forty-five', "o'clock"])}`;

export const PLAIN_FORMS: readonly PlainForm[] = [
  {
    name: 'telephone, figures',
    say: (random) => {
      const n = phone(random);
      return pick(random, [
        `My phone number is ${n.slice(0, 3)}-${n.slice(3, 6)}-${n.slice(6)}.`,
        `Call me at (${n.slice(0, 3)}) ${n.slice(3, 6)}-${n.slice(6)}.`,
        `It's ${n.slice(0, 3)} ${n.slice(3, 6)} ${n.slice(6)}.`,
        `+1 ${n.slice(0, 3)} ${n.slice(3, 6)} ${n.slice(6)}`,
        n,
      ]);
    },
  },
  {
    name: 'telephone, spoken',
    say: (random) =>
      pick(random, [
        `my number is ${spokenPhone(random, ' ')}`,
        `you can reach me at ${spokenPhone(random, ', ')}`,
        spokenPhone(random, ', '),
        `it's ${spokenPhone(random, ' ')} thanks`,
      ]),
  },
  {
    name: 'two telephones',
    say: (random) => `My cell is ${spokenPhone(random, ' ')} and my office is ${spokenPhone(random, ' ')}.`,
  },
  {
    name: 'telephone abroad',
    say: (random) =>
      `My number is +${pick(random, ['44 20', '49 30', '33 1', '81 3'])} ${pickDigits(random, 4)} ${pickDigits(random, 4)}.`,
  },
  {
    name: 'birthday',
    say: (random) =>
      pick(random, [
        `I was born on ${pick(random, MONTHS)} ${pickNumber(random, 1, 28)}, 19${pickDigits(random, 2)}.`,
        `my date of birth is ${pairWords(String(pickNumber(random, 10, 28)))} ${pick(random, MONTHS)} nineteen ${pairWords(String(pickNumber(random, 40, 99)))}`,
        `0${pickNumber(random, 1, 9)}/${pickNumber(random, 10, 28)}/19${pickNumber(random, 40, 99)}`,
      ]),
  },
  {
    name: 'appointment',
    say: (random) =>
      pick(random, [
        `Can I come on ${pick(random, MONTHS)} ${pickNumber(random, 1, 28)} at ${clock(random)}?`,
        `the ${pickNumber(random, 4, 20)}th at ${spokenClock(random)} or the ${pickNumber(random, 21, 28)}th at ${spokenClock(random)}`,
        `between ${spokenClock(random)} and ${spokenClock(random)} would be good`,
      ]),
  },
  {
    name: 'times in a row',
    say: (random) =>
      `I could do ${clock(random)}, ${clock(random)}, ${clock(random)} or ${clock(random)} on ${pick(random, MONTHS)} ${pickNumber(random, 1, 28)}.`,
  },
  {
    name: 'price',
    say: (random) =>
      pick(random, [
        `The bill says $${pickNumber(random, 10, 99)}.${pickDigits(random, 2)} but I paid $${pickNumber(random, 100, 999)}.${pickDigits(random, 2)}.`,
        `it was ${pairWords(String(pickNumber(random, 20, 99)))} dollars and ${pairWords(String(pickNumber(random, 10, 99)))} cents`,
        `that would be four thousand two hundred and ${pairWords(String(pickNumber(random, 10, 99)))} dollars`,
      ]),
  },
  {
    name: 'prices in a row',
    say: (random) =>
      `There were charges of ${Array.from({ length: 4 }, () => `$${pickNumber(random, 10, 99)}.${pickDigits(random, 2)}`).join(', ')} in May.`,
  },
  {
    name: 'order',
    say: (random) =>
      pick(random, [
        `My order number is ${pickDigits(random, pickNumber(random, 6, 12))}.`,
        `order ${digitWords(pickDigits(random, 8))} has not come`,
        `Order #${pickDigits(random, 3)}-${pickDigits(random, 7)} please.`,
      ]),
  },
  {
    name: 'tracking',
    say: (random) =>
      pick(random, [
        `The tracking number is 1Z${pickDigits(random, 8)}.`,
        `tracking ${pickDigits(random, 10)}`,
        `the parcel is ${digitWords(pickDigits(random, 9))}`,
      ]),
  },
  {
    name: 'account',
    say: (random) =>
      pick(random, [
        `My account number is ${pickDigits(random, pickNumber(random, 8, 10))}.`,
        `my account is ${digitWords(pickDigits(random, 8))}`,
      ]),
  },
  {
    name: 'confirmation',
    say: (random) =>
      `My confirmation code is ${pick(random, ['XK', 'BT', 'QZ'])}${pickDigits(random, 6)}, booked on the ${pickNumber(random, 4, 20)}th.`,
  },
  {
    name: 'claim and policy',
    say: (random) => `Claim ${pickDigits(random, 9)} under policy number ${pickDigits(random, 7)}.`,
  },
  {
    name: 'address',
    say: (random) =>
      pick(random, [
        `I live at ${pickNumber(random, 10, 9_999)} ${pick(random, STREETS)}, apartment ${pickNumber(random, 1, 99)}, zip ${pickDigits(random, 5)}.`,
        `it's ${pairWords(String(pickNumber(random, 10, 99)))} ${pairWords(String(pickNumber(random, 10, 99)))} ${pick(random, STREETS)}`,
        `zip code ${digitWords(pickDigits(random, 5), 'oh')}`,
      ]),
  },
  { name: 'zip plus four', say: (random) => `The zip is ${pickDigits(random, 5)}-${pickDigits(random, 4)}.` },
  {
    name: 'flight',
    say: (random) =>
      `Flight ${pick(random, ['UA', 'DL', 'BA'])} ${pickDigits(random, 4)} at ${clock(random)} from gate ${pickNumber(random, 1, 60)}, seat ${pickNumber(random, 1, 40)}C.`,
  },
  {
    name: 'people and things',
    say: (random) =>
      `We are ${pickNumber(random, 2, 9)} adults and ${pickNumber(random, 2, 4)} children, ages ${pickNumber(random, 2, 9)}, ${pickNumber(random, 2, 9)} and ${pickNumber(random, 10, 17)}, for ${pickNumber(random, 2, 14)} nights.`,
  },
  {
    name: 'card talk, no number',
    say: (random) =>
      pick(random, [
        'I want to pay by card, is that okay?',
        `My card expires in 0${pickNumber(random, 1, 9)} 20${pickNumber(random, 27, 34)}.`,
        `There is a charge of $${pickNumber(random, 100, 999)} on my card from ${pick(random, MONTHS)} ${pickNumber(random, 1, 28)}.`,
        `The last four of my card are ${pickDigits(random, 4)}.`,
        'I have one visa and two mastercards.',
      ]),
  },
  {
    name: 'years',
    say: (random) =>
      `We were there in ${pickNumber(random, 1980, 1999)}, ${pickNumber(random, 2000, 2009)}, ${pickNumber(random, 2010, 2019)} and ${pickNumber(random, 2020, 2026)}.`,
  },
  {
    name: 'counting',
    say: (random) =>
      pick(random, [
        'one two three, can you hear me?',
        'one, two, three, four, five, testing',
        'there is one for you and two for me, and that one too',
        'no, I said no, wait, one of them ate for two',
      ]),
  },
  {
    name: 'measures',
    say: (random) =>
      `The room is ${pickNumber(random, 10, 40)} by ${pickNumber(random, 10, 40)} feet, ${pickNumber(random, 100, 999)} square feet, with a ${pickNumber(random, 7, 12)} foot ceiling.`,
  },
  {
    name: 'vehicle and meter',
    say: (random) =>
      `The plate is ${pickDigits(random, 1)}ABC${pickDigits(random, 3)} and the odometer reads ${pickNumber(random, 10, 199)},${pickDigits(random, 3)} miles.`,
  },
  {
    name: 'serial',
    say: (random) =>
      `Serial number ${pick(random, ['SN', 'C02'])}${pickDigits(random, 5)}X${pickDigits(random, 3)}, model ${pickDigits(random, 4)}.`,
  },
  {
    name: 'directions',
    say: (random) =>
      `Take exit ${pickNumber(random, 10, 99)} off interstate ${pickNumber(random, 10, 95)}, then go ${pickNumber(random, 2, 9)} miles to number ${pickNumber(random, 100, 9_999)}.`,
  },
  {
    name: 'medicine',
    say: (random) =>
      `I take ${pick(random, ['200', '400', '500', '850'])} milligrams ${pickNumber(random, 2, 4)} times a day, prescription number ${pickDigits(random, 7)}.`,
  },
];
