// Digits in English text, written and spoken, with the place where each group stands and how far it is from the
// one before. Numbers are read as people dictate them: "forty-one eleven" is 4111, "double four" is 44.

export interface Group {
  /** Of the text: from its first character to behind its last. */
  readonly start: number;
  readonly end: number;
  readonly digits: string;
  /** Words between the group before and this one which have nothing to do with dictating. */
  readonly strangers: number;
  /** The speaker took something back just before. */
  readonly corrects: boolean;
}

/** How to read what can be read in more ways than one. */
export interface Reading {
  /** "for", "to" and "ate" between digits are digits that were misheard. */
  readonly homophones: boolean;
  /** "twenty three" is 203, not 23. */
  readonly apart: boolean;
}

const UNITS = 'zero one two three four five six seven eight nine'.split(' ');
const TEENS = 'ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(' ');
const TENS = 'twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');
const PLURALS = 'zeros ones twos threes fours fives sixes sevens eights nines'.split(' ');

const VALUES: ReadonlyMap<string, string> = new Map([
  ...UNITS.map((word, i): [string, string] => [word, String(i)]),
  ...TEENS.map((word, i): [string, string] => [word, String(i + 10)]),
  ...TENS.map((word, i): [string, string] => [word, String((i + 2) * 10)]),
  ['oh', '0'],
  ['o', '0'],
  ['nought', '0'],
  ['naught', '0'],
  ['nil', '0'],
  ['niner', '9'],
  ['fourty', '40'],
]);
const PLURAL_VALUES: ReadonlyMap<string, string> = new Map([
  ...PLURALS.map((word, i): [string, string] => [word, String(i)]),
  ['zeroes', '0'],
  ['ohs', '0'],
]);
const REPEATS: ReadonlyMap<string, number> = new Map([
  ['double', 2],
  ['triple', 3],
  ['treble', 3],
  ['quadruple', 4],
  ['quad', 4],
]);
const HOMOPHONES: ReadonlyMap<string, string> = new Map([
  ['for', '4'],
  ['fore', '4'],
  ['to', '2'],
  ['too', '2'],
  ['ate', '8'],
  ['won', '1'],
  ['sex', '6'],
  ['tree', '3'],
]);
/** What people say between the digits of one number. */
const FILLERS = wordSet(
  `uh um er erm ah eh hm hmm mm and then dash hyphen minus space blank dot point period comma slash next
  so okay ok yeah yes yep right alright like well now again followed by the is its it\u2019s it's that's is are last
  first second third group part block set line digits digit numbers number middle rest finally plus pause i me let see you know
  got it that this did get there still ready hold hang moment sec please sure listening repeat repeated start starts
  starting begins beginning ends ending with over slowly bear just ones`,
);
const CORRECTIONS = wordSet(
  'no sorry wait scratch correction actually oops mean meant strike rather pardon nope not',
);
/** They say what a number is, or was: what stands on the other side of them is another one. */
const BREAKS = wordSet(
  `or dollar dollars cent cents bucks euro euros pounds percent feet foot inch inches square meters metres yards miles mile
  kilometers pound ounces grams milligrams hours hour minutes days day weeks week months month years year nights night
  adult adults child children kids people guests rooms age ages aged o'clock o\u2019clock pm
  street avenue road drive lane boulevard court highway interstate exit apartment apt suite unit zip floor gate seat flight
  phone telephone mobile cell fax office home extension account order confirmation reference case ticket invoice tracking
  routing policy claim member membership serial model booking reservation customer loyalty prescription plate odometer
  expires expire expiry expiration exp valid cvv cvc cvv2 security code social born birthday
  january february march april june july august september october november december`,
);
/** Behind "one", which is then no digit: "one moment", "one of them". */
const NOT_COUNTED = wordSet('moment second sec minute more of thing');
/** "The first four are ...": how many digits come is none of them. */
const COUNTS = wordSet('two three four five six 2 3 4 5 6');
const COUNT_LEADS = wordSet('first next last other final');
const COUNT_TAILS = wordSet('are is digits numbers figures ones');
const SCALES: ReadonlyMap<string, number> = new Map([
  ['hundred', 2],
  ['thousand', 3],
]);

/** These lead from a number to one of another kind, as "on" to a date does. */
const PREPOSITIONS = wordSet('on in at from until');
/** Between two numbers that are not one. More than anything else allows within one. */
const ANOTHER_NUMBER = 100;
/** "4:45", "$1,234.50", "5th", "7%": nothing of them belongs to a number that is dictated. */
const COMPLETE =
  /[$\u20ac\u00a3] ?\d+(?:,\d{3})*(?:\.\d\d?)?(?!\d)|(?<![\d:])\d{1,2}:\d\d(?!\d)|(?<!\d)\d{1,4}(?:st|nd|rd|th)\b|(?<!\d)\d{1,3}(?:\.\d+)? ?%/gu;

function wordSet(words: string): ReadonlySet<string> {
  return new Set(words.split(/\s+/u));
}

/** One pass over the text. */
export function groupsOf(text: string, reading: Reading): readonly Group[] {
  const complete = [...text.matchAll(COMPLETE)].map(
    ({ index, 0: { length } }) => [index, index + length] as const,
  );
  let passed = 0;
  const groups: Group[] = [];
  let strangers = 0;
  let corrects = false;
  let times = 1;
  let timesFrom = 0;
  /** Places that the number before leaves to the one that follows: two behind "hundred". */
  let openPlaces = 0;
  /** Places that the word before has taken up the last of: "six thousand two" may become "six thousand two hundred". */
  let filledPlaces = 0;
  let word = '';
  let wordEnd = 0;
  for (const match of text.matchAll(/\p{N}+|[\p{L}'\u2019]+/gu)) {
    const before = word;
    const start = match.index;
    const end = start + match[0].length;
    // A comma or a pause ends a number of several words.
    const runsOn = /^[\s-]*$/u.test(text.slice(wordEnd, start));
    wordEnd = end;
    if (!runsOn) [openPlaces, filledPlaces] = [0, 0];
    word = match[0].toLowerCase();
    const last = groups.at(-1);
    while ((complete[passed]?.[1] ?? Infinity) <= start) passed += 1;
    if ((complete[passed]?.[0] ?? Infinity) <= start) {
      [strangers, times, openPlaces] = [strangers + ANOTHER_NUMBER, 1, 0];
      continue;
    }
    const repeat = REPEATS.get(word);
    if (repeat !== undefined) {
      times = repeat;
      timesFrom = start;
      continue;
    }
    const scale = SCALES.get(word);
    if (scale !== undefined && last !== undefined && strangers === 0) {
      groups[groups.length - 1] = { ...last, end, digits: scaled(last.digits, scale, filledPlaces) };
      [openPlaces, filledPlaces] = [scale, 0];
      continue;
    }
    const plural = PLURAL_VALUES.get(word);
    if (plural !== undefined) {
      const count = Number(VALUES.get(before) ?? before);
      if (last !== undefined && count >= 2 && count <= 9 && last.digits === String(count)) {
        groups[groups.length - 1] = { ...last, end, digits: plural.repeat(count) };
        continue;
      }
    }
    const misheard = reading.homophones ? HOMOPHONES.get(word) : undefined;
    const idiom = isIdiom(word, before, wordAfter(text, end));
    const value = idiom ? undefined : (figuresOf(word) ?? VALUES.get(word) ?? plural ?? misheard);
    if (value === undefined) {
      if (CORRECTIONS.has(word)) corrects = true;
      else if (!idiom) strangers += strangeness(word, before);
      times = 1;
      if (word !== 'and') openPlaces = 0;
      continue;
    }
    if (last !== undefined && strangers === 0 && !corrects && times === 1) {
      const afterTens = runsOn && !reading.apart && TENS.includes(before);
      const joined = joinedDigits(last.digits, value, openPlaces, afterTens);
      if (joined !== undefined) {
        groups[groups.length - 1] = { ...last, end, digits: joined };
        [openPlaces, filledPlaces] = [afterTens ? 0 : value.endsWith('0') ? 1 : 0, openPlaces];
        continue;
      }
    }
    groups.push({
      start: times > 1 ? timesFrom : start,
      end,
      digits: value.repeat(times),
      strangers,
      corrects,
    });
    [strangers, corrects, times, openPlaces, filledPlaces] = [0, false, 1, 0, 0];
  }
  return groups;
}

/** Groups that were dictated in one go, with no more strangers between two of them; with `again`, anew behind each correction. */
export function rowsOf(
  groups: readonly Group[],
  strangersMax: number,
  again = false,
): readonly (readonly Group[])[] {
  const rows: Group[][] = [];
  for (const group of groups) {
    const row = rows.at(-1);
    if (row === undefined || group.strangers > strangersMax || (again && group.corrects)) rows.push([group]);
    else row.push(group);
  }
  return rows;
}

/** How far a word that is no digit takes the next number from the one before. */
function strangeness(word: string, before: string): number {
  if (BREAKS.has(word)) return ANOTHER_NUMBER;
  if (PREPOSITIONS.has(word) && before !== 'hold' && before !== 'hang') return 3;
  return FILLERS.has(word) ? 0 : 1;
}

function isIdiom(word: string, before: string, after: string): boolean {
  if (word === 'one') return NOT_COUNTED.has(after);
  return COUNTS.has(word) && COUNT_LEADS.has(before) && COUNT_TAILS.has(after);
}

function wordAfter(text: string, from: number): string {
  return /^ (\p{L}+)/u.exec(text.slice(from, from + 24))?.[1]?.toLowerCase() ?? '';
}

/** Figures of every script as 0-9. */
function figuresOf(word: string): string | undefined {
  if (!/^\p{N}/u.test(word)) return undefined;
  const plain = word.normalize('NFKC');
  if (/^\d+$/u.test(plain)) return plain;
  return Array.from(plain, decimal).join('');
}

function decimal(figure: string): string {
  if (!/\p{Nd}/u.test(figure)) return '';
  // Each script's ten digits stand in a row of ten that begins with its zero.
  let code = figure.codePointAt(0) ?? 0;
  let value = 0;
  while (value < 9 && /\p{Nd}/u.test(String.fromCodePoint(code - 1))) {
    code -= 1;
    value += 1;
  }
  return String(value);
}

/** "six thousand two" and "hundred": 6200. */
function scaled(digits: string, scale: number, filledPlaces: number): string {
  const zeros = '0'.repeat(scale);
  return filledPlaces > scale
    ? digits.slice(0, -filledPlaces) + (digits.slice(-1) + zeros).padStart(filledPlaces, '0')
    : digits + zeros;
}

/** "forty one", "four hundred and twelve": one number in several words. */
function joinedDigits(last: string, value: string, places: number, afterTens: boolean): string | undefined {
  if (places > 0 && value.length <= places) return last.slice(0, -value.length) + value;
  if (afterTens && /^[1-9]$/u.test(value)) return last.slice(0, -1) + value;
  return undefined;
}
