// Payment cards' numbers and US social-security numbers as people write, dictate and mishear them. From a seed, and knowing
// nothing of how they are found: what is taken out of calls is held against this.
import type { Random } from '../base/random.ts';
import { pick, pickDigits, pickNumber } from './chance.ts';

/** What a caller says in one turn after the other; most say it in one. */
export type Turns = readonly string[];

export interface NumberForm {
  readonly name: string;
  readonly say: (number: string, random: Random) => Turns;
}

const UNITS = 'zero one two three four five six seven eight nine'.split(' ');
const TEENS = 'ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(' ');
const TENS = 'ten twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');

/** First digits and length, as the schemes issue them. */
const SCHEMES: readonly (readonly [string, number])[] = [
  ['4', 16],
  ['4', 16],
  ['4', 13],
  ['4', 19],
  ['51', 16],
  ['53', 16],
  ['55', 16],
  ['2221', 16],
  ['2512', 16],
  ['2720', 16],
  ['34', 15],
  ['37', 15],
  ['6011', 16],
  ['644', 16],
  ['65', 16],
  ['36', 14],
  ['38', 14],
  ['3095', 14],
  ['3528', 16],
  ['3589', 16],
  ['62', 16],
  ['62', 19],
  ['6304', 16],
  ['5018', 13],
];

/** A number that a scheme could have issued, with the check digit of ISO/IEC 7812-1, annex B. */
export function anyCardNumber(random: Random): string {
  const [prefix, length] = pick(random, SCHEMES);
  const body = prefix + pickDigits(random, length - prefix.length - 1);
  let sum = 0;
  for (const [place, digit] of [...body].toReversed().entries()) {
    const doubled = place % 2 === 0 ? Number(digit) * 2 : Number(digit);
    sum += Math.floor(doubled / 10) + (doubled % 10);
  }
  return body + String((10 - (sum % 10)) % 10);
}

/** One that could be issued: no 000, 666 or 9xx in front, no 00, no 0000. */
export function anySocialNumber(random: Random): string {
  const part = (most: number, length: number): string =>
    String(pickNumber(random, 1, most)).padStart(length, '0');
  const area = part(899, 3);
  return (area === '666' ? '665' : area) + part(99, 2) + part(9_999, 4);
}

/** "four oh two". */
export function digitWords(digits: string, zero = 'zero'): string {
  return [...digits].map((digit) => (digit === '0' ? zero : (UNITS[Number(digit)] ?? ''))).join(' ');
}

/** "forty-two", "oh seven", "nineteen". */
export function pairWords(pair: string, joint = '-'): string {
  const value = Number(pair);
  if (pair.length < 2 || value < 10) return digitWords(pair, 'oh');
  if (value < 20) return TEENS[value - 10] ?? '';
  const tens = TENS[Math.floor(value / 10) - 1] ?? '';
  return value % 10 === 0 ? tens : `${tens}${joint}${UNITS[value % 10] ?? ''}`;
}

/** "four hundred twelve", "four hundred and twelve"; a zero in front is said. */
function hundredWords(digits: string, and: string): string {
  if (digits.length !== 3 || digits.startsWith('0')) return digitWords(digits, 'oh');
  const rest = digits.slice(1);
  const hundred = `${UNITS[Number(digits[0])] ?? ''} hundred`;
  if (rest === '00') return hundred;
  return `${hundred} ${and}${rest.startsWith('0') ? digitWords(rest.slice(1)) : pairWords(rest, ' ')}`;
}

/** "four thousand two hundred forty two". */
function thousandWords(digits: string): string {
  if (digits.length !== 4 || digits.startsWith('0')) return digitWords(digits, 'oh');
  const rest = digits.slice(1);
  const thousand = `${UNITS[Number(digits[0])] ?? ''} thousand`;
  if (rest === '000') return thousand;
  if (rest.startsWith('00')) return `${thousand} and ${digitWords(rest.slice(2))}`;
  if (rest.startsWith('0')) return `${thousand} and ${pairWords(rest.slice(1), ' ')}`;
  return `${thousand} ${hundredWords(rest, '')}`;
}

/** As it is printed: 4-6-5 for fifteen digits, else fours. */
export function printedGroups(digits: string): string[] {
  if (digits.length === 15) return [digits.slice(0, 4), digits.slice(4, 10), digits.slice(10)];
  return groupsOf(digits, 4);
}

function groupsOf(digits: string, length: number): string[] {
  return digits.match(new RegExp(`.{1,${length}}`, 'gu')) ?? [];
}

function raggedGroups(digits: string, random: Random): string[] {
  const groups: string[] = [];
  for (let at = 0; at < digits.length;) {
    const length = 1 + Math.floor(random.next() * 5);
    groups.push(digits.slice(at, at + length));
    at += length;
  }
  return groups;
}

/** "double four", "three sevens". */
function repeatWords(digits: string, random: Random): string {
  const plurals = 'zeros ones twos threes fours fives sixes sevens eights nines'.split(' ');
  const words = ['', '', 'double', 'triple', 'quadruple'];
  return (digits.match(/(\d)\1{0,3}/gu) ?? [])
    .map((run) => {
      const digit = Number(run[0]);
      if (run.length === 1) return UNITS[digit];
      return random.next() < 0.5
        ? `${words[run.length]} ${UNITS[digit]}`
        : `${UNITS[run.length]} ${plurals[digit]}`;
    })
    .join(' ');
}

/** Digits of a script by its zero. */
function inScript(digits: string, zero: number): string {
  return [...digits].map((digit) => String.fromCodePoint(zero + Number(digit))).join('');
}

function between(digits: string, ...joints: readonly string[]): (random: Random) => Turns {
  return (random) => [printedGroups(digits).join(pick(random, joints))];
}

const spokenBetween =
  (...joints: readonly string[]) =>
  (digits: string, random: Random): Turns => [
    printedGroups(digits)
      .map((group) => digitWords(group, pick(random, ['zero', 'oh', 'o'])))
      .reduce((said, group) => `${said}${pick(random, joints)}${group}`),
  ];

const MISHEARD: readonly (readonly [string, readonly string[]])[] = [
  ['four', ['for', 'fore', 'four']],
  ['two', ['to', 'too', 'two']],
  ['eight', ['ate', 'eight']],
  ['one', ['won', 'one']],
  ['three', ['tree', 'three']],
  ['six', ['sex', 'six']],
];

const written: readonly NumberForm[] = [
  { name: 'figures', say: (number) => [number] },
  {
    name: 'figures in printed groups',
    say: (number, random) => between(number, ' ', '-', '.', ', ', '. ')(random),
  },
  {
    name: 'figures in groups, odd joints',
    say: (number, random) =>
      between(
        number,
        '/',
        '_',
        ' - ',
        '\u00a0',
        '\u2009',
        '\u2013',
        ' \u2014 ',
        '\n',
        ' / ',
        '*',
        '+',
        ' | ',
      )(random),
  },
  {
    name: 'figures in ragged groups',
    say: (number, random) => [raggedGroups(number, random).join(pick(random, [' ', '-', ', ']))],
  },
  {
    name: 'single figures',
    say: (number, random) => [
      [...number].join(pick(random, [' ', ', ', '-', '. ', ',', '.', ' . ', '... '])),
    ],
  },
  { name: 'figures with thousands marked', say: (number) => [BigInt(number).toLocaleString('en-US')] },
  {
    name: 'groups with thousands marked',
    say: (number) => [
      printedGroups(number)
        .map((group) => (group.startsWith('0') ? group : Number(group).toLocaleString('en-US')))
        .join(' '),
    ],
  },
  {
    name: 'other scripts',
    say: (number, random) => [inScript(number, pick(random, [0xff10, 0x0660, 0x06f0, 0x0966, 0x1d7ce]))],
  },
  {
    name: 'figures with unseen characters',
    say: (number, random) => [
      printedGroups(number).join(pick(random, ['\u200b', '\u00ad', '\u2060', '\ufeff', '\u200d'])),
    ],
  },
  {
    name: 'quoted groups',
    say: (number, random) => [
      printedGroups(number)
        .map((group) => `"${group}"`)
        .join(pick(random, [', ', ' ', ' then ', ' and '])),
    ],
  },
  {
    name: 'groups in brackets',
    say: (number) => [
      printedGroups(number)
        .map((group) => `(${group})`)
        .join(' '),
    ],
  },
  {
    name: 'with expiry and code',
    say: (number, random) => [
      `${printedGroups(number).join(' ')}, ${pick(random, ['exp', 'expires', 'valid through'])} ${pick(random, ['04/29', '4 29', 'April 2029'])}`,
    ],
  },
];

const spoken: readonly NumberForm[] = [
  {
    name: 'spoken digits',
    say: (number, random) => [digitWords(number, pick(random, ['zero', 'oh', 'o', 'nought']))],
  },
  { name: 'spoken digits, commas', say: (number) => [digitWords(number).replaceAll(' ', ', ')] },
  {
    name: 'spoken digits, joined',
    say: (number, random) => [digitWords(number, 'oh').replaceAll(' ', pick(random, ['-', '. ', '... ']))],
  },
  {
    name: 'spoken digits in capitals',
    say: (number, random) => [
      pick(random, [
        digitWords(number).toUpperCase(),
        digitWords(number).replaceAll(/\b\w/gu, (letter) => letter.toUpperCase()),
      ]),
    ],
  },
  { name: 'spoken groups, pauses', say: spokenBetween(', ', ' ... ', '. ', ' \u2014 ') },
  {
    name: 'spoken groups, fillers',
    say: spokenBetween(
      ' uh ',
      ' um, ',
      ' and then ',
      ' dash ',
      ' space ',
      ' hmm ',
      ' okay ',
      ' then ',
      ' and ',
    ),
  },
  {
    name: 'spoken groups, talk between',
    say: spokenBetween(
      ' got that? ',
      ' you know, ',
      ' let me see, ',
      ' are you ready? ',
      ' hold on. ',
      ' one moment. ',
      ' did you get that? ',
      ' still there? ',
    ),
  },
  {
    name: 'spoken groups, labelled',
    say: (number) => [
      printedGroups(number)
        .map(
          (group, at) =>
            `${['the first four are', 'the next four are', 'then', 'and the last ones are', 'and'][at]} ${digitWords(group)}`,
        )
        .join(', '),
    ],
  },
  {
    name: 'pairs',
    say: (number, random) => [
      groupsOf(number, 2)
        .map((pair) => pairWords(pair, pick(random, ['-', ' '])))
        .join(' '),
    ],
  },
  {
    name: 'pairs, commas',
    say: (number) => [
      groupsOf(number, 2)
        .map((pair) => pairWords(pair))
        .join(', '),
    ],
  },
  {
    name: 'threes as hundreds',
    say: (number, random) => [
      groupsOf(number, 3)
        .map((group) => hundredWords(group, pick(random, ['', 'and '])))
        .join(', '),
    ],
  },
  { name: 'fours as thousands', say: (number) => [groupsOf(number, 4).map(thousandWords).join(', ')] },
  { name: 'double, triple, three sevens', say: (number, random) => [repeatWords(number, random)] },
  {
    name: 'digits and words mixed',
    say: (number, random) => [
      [...number].map((digit) => (random.next() < 0.5 ? digit : digitWords(digit))).join(' '),
    ],
  },
  {
    name: 'groups and words mixed',
    say: (number, random) => [
      printedGroups(number)
        .map((group) => (random.next() < 0.5 ? group : digitWords(group, 'oh')))
        .join(pick(random, [' ', ', ', ' uh '])),
    ],
  },
  {
    name: 'pairs and digits mixed',
    say: (number, random) => [
      groupsOf(number, 4)
        .map((group) =>
          random.next() < 0.5
            ? digitWords(group)
            : groupsOf(group, 2)
                .map((pair) => pairWords(pair, ' '))
                .join(' '),
        )
        .join(', '),
    ],
  },
  {
    name: 'misheard digits',
    say: (number, random) => [
      digitWords(number, 'oh')
        .split(' ')
        .map((word) => pick(random, MISHEARD.find(([said]) => said === word)?.[1] ?? [word]))
        .join(' '),
    ],
  },
  {
    name: 'a group taken back',
    say: (number, random) => {
      const groups = printedGroups(number);
      const at = Math.floor(random.next() * groups.length);
      const right = digitWords(groups[at] ?? '');
      const wrong = digitWords(pickDigits(random, (groups[at] ?? '').length));
      const taken = pick(random, [
        'no sorry',
        'sorry, no',
        'scratch that',
        'I mean',
        'no wait',
        'correction',
      ]);
      return [
        groups
          .map((group, place) => (place === at ? `${wrong} ${taken} ${right}` : digitWords(group)))
          .join(', '),
      ];
    },
  },
  {
    name: 'a group said twice',
    say: (number, random) => {
      const groups = printedGroups(number).map((group) => digitWords(group));
      const at = Math.floor(random.next() * groups.length);
      return [groups.map((group, place) => (place === at ? `${group}, ${group}` : group)).join(', ')];
    },
  },
  {
    name: 'begun again',
    say: (number, random) => {
      const cut = 3 + Math.floor(random.next() * (number.length - 4));
      return [
        `${digitWords(number.slice(0, cut))} ${pick(random, ['let me start over', 'sorry, again', 'no wait, again'])} ${digitWords(number)}`,
      ];
    },
  },
];

const split: readonly NumberForm[] = [
  { name: 'a group a turn, figures', say: (number) => printedGroups(number) },
  {
    name: 'a group a turn, spoken',
    say: (number, random) =>
      printedGroups(number).map(
        (group) => `${pick(random, ['', 'then ', 'okay, ', 'and '])}${digitWords(group, 'oh')}`,
      ),
  },
  {
    name: 'two groups a turn, spoken',
    say: (number) => groupsOf(number, 8).map((group) => digitWords(group)),
  },
  {
    name: 'cut anywhere, two turns',
    say: (number, random) => cutOnce(number, random).map((part) => digitWords(part)),
  },
  { name: 'cut anywhere, two turns, figures', say: cutOnce },
  {
    name: 'pairs, over two turns',
    say: (number) =>
      [number.slice(0, 8), number.slice(8)].map((part) =>
        groupsOf(part, 2)
          .map((pair) => pairWords(pair, ' '))
          .join(' '),
      ),
  },
  {
    name: 'talk between two turns',
    say: (number, random) => {
      const [first, second] = cutOnce(number, random);
      return [
        `${digitWords(first)}`,
        pick(random, ['hold on', 'sorry, my glasses', 'one second please']),
        digitWords(second),
      ];
    },
  },
];

function cutOnce(number: string, random: Random): [string, string] {
  const at = 2 + Math.floor(random.next() * (number.length - 3));
  return [number.slice(0, at), number.slice(at)];
}

export const CARD_FORMS: readonly NumberForm[] = [...written, ...spoken, ...split];

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
  { name: 'named, single figures', say: (number) => [`social security number ${[...number].join(' ')}`] },
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

const LEADS = [
  '',
  '',
  'my card is ',
  'it is ',
  'sure, ',
  'yeah so the number is ',
  'the visa is ',
  'ok ',
  'uh, ',
  "it's a mastercard, ",
  'card number ',
];
const TAILS = ['', '', '', '.', ' thanks', ' and it is in my name', ', okay?'];

/** The number with what people say round it. */
export function inTalk(turns: Turns, random: Random): Turns {
  return turns.map(
    (text, at) =>
      `${at === 0 ? pick(random, LEADS) : ''}${text}${at === turns.length - 1 ? pick(random, TAILS) : ''}`,
  );
}
