// Digits as they are said and grouped.
import type { Random } from '../base/random.ts';

const UNITS = 'zero one two three four five six seven eight nine'.split(' ');
const TEENS = 'ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(' ');
const TENS = 'ten twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');

/** "four oh two". */
export function digitWords(digits: string, zero = 'zero'): string {
  return Array.from(digits)
    .map((digit) => (digit === '0' ? zero : (UNITS[Number(digit)] ?? '')))
    .join(' ');
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
export function hundredWords(digits: string, and: string): string {
  if (digits.length !== 3 || digits.startsWith('0')) return digitWords(digits, 'oh');
  const rest = digits.slice(1);
  const hundred = `${UNITS[Number(digits[0])] ?? ''} hundred`;
  if (rest === '00') return hundred;
  return `${hundred} ${and}${rest.startsWith('0') ? digitWords(rest.slice(1)) : pairWords(rest, ' ')}`;
}

/** "four thousand two hundred forty two". */
export function thousandWords(digits: string): string {
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

export function groupsOf(digits: string, length: number): string[] {
  return digits.match(new RegExp(`.{1,${length}}`, 'gu')) ?? [];
}

export function raggedGroups(digits: string, random: Random): string[] {
  const groups: string[] = [];
  for (let at = 0; at < digits.length;) {
    const length = 1 + Math.floor(random.next() * 5);
    groups.push(digits.slice(at, at + length));
    at += length;
  }
  return groups;
}

/** "double four", "three sevens". */
export function repeatWords(digits: string, random: Random): string {
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
export function inScript(digits: string, zero: number): string {
  return Array.from(digits)
    .map((digit) => String.fromCodePoint(zero + Number(digit)))
    .join('');
}
