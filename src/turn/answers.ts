// Whether what was said is a whole answer to what was asked, or a part of one.
import { lengthAt, lengthOfEnd, onlyOf, type Clause } from './clause.ts';
import { dictated, type Dictated } from './dictated.ts';
import type { Expectation } from './expectation.ts';
import type { Ending } from './endpoint.ts';
import type { TurnLanguage } from './language/language.ts';
import { wordsOf } from './said.ts';

/** Digits in a row that nobody asked for are a number under way from here on, and a whole one at these lengths. */
const UNASKED_GROUPS_MIN = 3;
const UNASKED_WHOLE: ReadonlySet<number> = new Set([7, 10, 11]);
/** A reference of unknown length has about so many signs at least. */
const CODE_SIGNS_MIN = 6;
const NAME_WORDS_MAX = 5;

/** Undefined when the words have to be judged by themselves. */
export function askedAnswer(
  text: string,
  clause: Clause,
  expects: Expectation,
  language: TurnLanguage,
): Ending | undefined {
  const row = dictated(text, language);
  const { words, mark } = clause;
  if (mark === 'question') return undefined;
  switch (expects.kind) {
    case 'digits':
      return digitsAnswer(row, expects.counts) ?? promised(words, language);
    case 'date':
      return dateAnswer(text, row, language) ?? promised(words, language);
    case 'spelling':
      return spelled(row) ?? promised(words, language);
    case 'email':
      return emailAnswer(text, words, language);
    case 'address':
      return addressAnswer(text, row, clause, language);
    case 'yes_no':
      return isYesOrNo(clause, language) ? 'complete' : unasked(row, language);
    case 'choice':
      return isChoice(clause, expects.words, language) ? 'complete' : unasked(row, language);
    case 'name':
      return nameAnswer(row, clause, language);
    case 'quantity':
      return mark !== 'pause' && endsWithNumber(words, language) ? 'complete' : undefined;
    case 'when':
      return mark !== 'pause' && endsWithTime(text, words, language) ? 'complete' : undefined;
    case 'open':
      return unasked(row, language);
    default:
      return expects satisfies never;
  }
}

/** "Sure.", "yes": the answer itself is still to come. */
function promised(words: readonly string[], language: TurnLanguage): Ending | undefined {
  return words.every((word) => language.yesOrNo.has(word)) ? 'unsure' : undefined;
}

function digitsAnswer(row: Dictated, counts: readonly number[]): Ending | undefined {
  if (row.groups === 0) return undefined;
  if (row.pending) return 'collecting';
  const signs = row.digits + row.letters.length;
  const most = counts.at(-1);
  if (most === undefined) return signs < CODE_SIGNS_MIN ? 'collecting' : 'unsure';
  // A North American number that begins with its country's 1 has one digit more.
  const country = (row.firstDigit === '1' || row.firstDigit === 'one') && counts.includes(signs + 1);
  return signs >= most || (counts.includes(signs) && !country) ? 'complete' : 'collecting';
}

function dateAnswer(text: string, row: Dictated, language: TurnLanguage): Ending | undefined {
  const figures = /\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4}\W*$/u.test(text);
  if (figures) return 'complete';
  if (row.groups === 0) return undefined;
  if (row.pending || language.numbers.centuries.has(row.last)) return 'collecting';
  const whole = row.digits >= 6 || (row.groups >= 3 && row.digits >= 5);
  return whole ? 'complete' : 'collecting';
}

/** Done when the letters are those of a word said before them. */
function spelled(row: Dictated): Ending | undefined {
  if (row.groups === 0) return undefined;
  return row.letters.length > 1 && row.before.includes(row.letters) ? 'complete' : 'collecting';
}

function emailAnswer(text: string, words: readonly string[], language: TurnLanguage): Ending | undefined {
  const { at, dot, domains } = language.spelling;
  const last = words.at(-1) ?? '';
  if (/@\S+\.\p{L}{2,}\W*$/u.test(text) || (domains.has(last) && words.at(-2) === dot)) return 'complete';
  const begun =
    text.includes('@') || words.some((word) => word === at || language.spelling.between.has(word));
  return begun && last !== at ? 'collecting' : promised(words, language);
}

/** Whole with a postal code; a street alone may have a town to come. */
function addressAnswer(
  text: string,
  row: Dictated,
  clause: Clause,
  language: TurnLanguage,
): Ending | undefined {
  if (!/\d/u.test(text) && row.digits === 0) return promised(clause.words, language);
  const open =
    clause.mark === 'pause' ||
    lengthOfEnd(clause.words, language.open) > 0 ||
    language.seldomLast.has(clause.words.at(-1) ?? '');
  if (open) return undefined;
  return row.digits >= 5 && row.before.length > 2 ? 'complete' : 'unsure';
}

function isYesOrNo({ words, mark }: Clause, language: TurnLanguage): boolean {
  if (mark === 'pause') return false;
  if (onlyOf(words, language.answers)) return true;
  const [pronoun = '', auxiliary = ''] = words.slice(-2);
  const short = language.pronouns.has(pronoun) && language.auxiliaries.has(auxiliary);
  return short && words.slice(0, -2).every((word) => language.yesOrNo.has(word));
}

function isChoice({ words, mark }: Clause, offered: readonly string[], language: TurnLanguage): boolean {
  if (mark === 'pause') return false;
  if (onlyOf(words, language.answers) || lengthOfEnd(words, language.choices) > 0) return true;
  const last = words.findLast((word) => !language.finals.has(word)) ?? '';
  return offered.includes(last) && lengthOfEnd(words, language.open) === 0 && !language.seldomLast.has(last);
}

function nameAnswer(row: Dictated, { words, mark }: Clause, language: TurnLanguage): Ending | undefined {
  if (row.letters.length > 1) return spelled(row);
  let from = 0;
  for (
    let length = lengthAt(words, from, language.nameIntros);
    length > 0;
    length = lengthAt(words, from, language.nameIntros)
  )
    from += length;
  const name = words.slice(from);
  const last = words.at(-1) ?? '';
  if (mark === 'pause' || name.length === 0 || words.length > NAME_WORDS_MAX + 3) return undefined;
  if (
    language.hesitations.has(last) ||
    language.seldomLast.has(last) ||
    lengthOfEnd(words, language.open) > 0
  )
    return undefined;
  if (name.length > NAME_WORDS_MAX || name.some((word) => language.verbs.has(word))) return undefined;
  if (name.length > 1) return 'complete';
  return mark === 'full' ? 'likely' : 'unsure';
}

function endsWithNumber(words: readonly string[], language: TurnLanguage): boolean {
  // "six of us", "about twenty people".
  const last = words.at(-1) ?? '';
  if (
    lengthOfEnd(words, language.open) > 0 ||
    language.seldomLast.has(last) ||
    language.hesitations.has(last)
  )
    return false;
  return words
    .slice(-3)
    .some(
      (word) => language.numbers.digits.has(word) || language.numbers.scales.has(word) || /^\d+$/u.test(word),
    );
}

function endsWithTime(text: string, words: readonly string[], language: TurnLanguage): boolean {
  const last = words.at(-1) ?? '';
  if (
    lengthOfEnd(words, language.open) > 0 ||
    language.seldomLast.has(last) ||
    language.hesitations.has(last)
  )
    return false;
  if (/\d{1,2}(?::\d\d)?\s?(?:[ap]\.?m)?\W*$/iu.test(text)) return true;
  return (
    words.slice(-2).some((word) => language.times.has(word)) ||
    language.numbers.digits.has(last) ||
    lengthOfEnd(words, language.finals) > 0
  );
}

/** Digits or letters one by one that nobody asked for. */
function unasked(row: Dictated, language: TurnLanguage): Ending | undefined {
  if (row.letters.length > 1 && row.digits === 0)
    return row.before.includes(row.letters) ? 'complete' : 'collecting';
  const figures = /^\d{3,}/u.test(row.last) && row.groups > 1;
  if (row.groups < UNASKED_GROUPS_MIN && !figures) return undefined;
  if (row.before.length > 0 && language.times.has(row.before.at(-1) ?? '')) return undefined;
  const dated = wordsOf(row.before.join(' ')).some((word) => language.months.has(word));
  if (dated) return undefined;
  if (row.pending) return 'collecting';
  return UNASKED_WHOLE.has(row.digits) ? 'likely' : row.digits < 3 ? undefined : 'collecting';
}
