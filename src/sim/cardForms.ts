// Payment cards' numbers and US social-security numbers as people write, dictate and mishear them. From a seed, and knowing
// nothing of how they are found: what is taken out of calls is held against this.
import type { Random } from '../base/random.ts';
import { pick, pickDigits } from './chance.ts';
import {
  digitWords,
  groupsOf,
  hundredWords,
  inScript,
  pairWords,
  printedGroups,
  raggedGroups,
  repeatWords,
  thousandWords,
} from './numberWords.ts';

/** What a caller says in one turn after the other; most say it in one. */
export type Turns = readonly string[];

export interface NumberForm {
  readonly name: string;
  readonly say: (number: string, random: Random) => Turns;
  /** What the agent has asked before, sentence by sentence; otherwise nothing that says what the number is. */
  readonly asked?: readonly string[];
}

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
  for (const [place, digit] of Array.from(body).toReversed().entries()) {
    const doubled = place % 2 === 0 ? Number(digit) * 2 : Number(digit);
    sum += Math.floor(doubled / 10) + (doubled % 10);
  }
  return body + String((10 - (sum % 10)) % 10);
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
      Array.from(number).join(pick(random, [' ', ', ', '-', '. ', ',', '.', ' . ', '... '])),
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
      Array.from(number)
        .map((digit) => (random.next() < 0.5 ? digit : digitWords(digit)))
        .join(' '),
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
        digitWords(first),
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
