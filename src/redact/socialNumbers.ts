// US social-security numbers in a text. They have no check digit: one is told by how it is written or read out, or by what
// was asked for or is said to be one.
import { rowsOf, type Group } from './spokenDigits.ts';
import type { NumberKind, Span } from './spans.ts';

/** So many words of others between two digits, and they are not of one number. */
export const OPEN_STRANGERS_MAX = 2;
/** Fewer digits of a known number than these tell nothing. */
export const KNOWN_DIGITS_MIN = 3;
const SOCIAL_DIGITS = 9;
const ABOUT_SOCIAL =
  /(?<!['\u2019])\b(?:s[ .-]{0,2}s[ .-]{0,2}n|social|tax(?:payer)?(?:['\u2019]?s)?[ -]?(?:id|identification))\b/giu;

/** Behind which character a text last says that it is about a social-security number. */
export function namedSocialAt(text: string): number | undefined {
  const last = [...text.matchAll(ABOUT_SOCIAL)].at(-1);
  return last === undefined ? undefined : last.index + last[0].length;
}

export interface SocialBefore {
  /** The digits of one that the text before ended in the middle of, or had named. */
  readonly open: string | undefined;
  /** What was asked. */
  readonly asked: string;
  /** The text may go on. */
  readonly grows: boolean;
}

interface Socials {
  readonly spans: readonly Span[];
  /** Of the one that the text ends in the middle of. */
  readonly open: string | undefined;
}

/** 3-2-4 as it is written or dictated, and every row of digits where it was asked for or named as such. */
export function socialNumbers(
  text: string,
  groups: readonly Group[],
  before: SocialBefore,
  found: Map<string, NumberKind>,
): Socials {
  const spans: Span[] = [];
  const named = namedSocialAt(before.asked) === undefined ? firstNamedAt(text) : 0;
  let open = named === undefined ? undefined : '';
  for (const [i, row] of rowsOf(groups, 0).entries()) {
    const first = row[0];
    const last = row.at(-1);
    if (first === undefined || last === undefined) continue;
    const ahead = i === 0 && first.strangers <= OPEN_STRANGERS_MAX ? before.open : undefined;
    const own = row.map((group) => group.digits).join('');
    const digits = (ahead ?? '') + own;
    // The agent may name it after the digits, the caller before.
    const isNamed =
      ahead !== undefined || (named !== undefined && (own.length === SOCIAL_DIGITS || named <= first.start));
    // Said twice, or with a zip code behind it, it is in a row that is too long: where it ends in there nobody can tell.
    if (isNamed && digits.length >= KNOWN_DIGITS_MIN) {
      for (const number of numbersOf(row, digits)) if (!found.has(number)) found.set(number, 'ssn');
      spans.push({ start: first.start, end: last.end, kind: 'ssn', what: '[social security number]' });
      open = digits.length < SOCIAL_DIGITS ? digits : undefined;
      continue;
    }
    if (isNamed && digits.length < KNOWN_DIGITS_MIN) open = digits;
    for (const [from, to, whole] of printedSocials(text, row, before.grows)) {
      if (whole.length === SOCIAL_DIGITS) found.set(whole, 'ssn');
      spans.push({ start: from, end: to, kind: 'ssn', what: '[social security number]' });
    }
  }
  return { spans, open };
}

function firstNamedAt(text: string): number | undefined {
  return [...text.matchAll(ABOUT_SOCIAL)][0]?.index;
}

/** What is to be known from now on of a row that was named: those figures that are a whole number, or all of it. */
function numbersOf(row: readonly Group[], digits: string): readonly string[] {
  const whole = row.map((group) => group.digits).filter(({ length }) => length === SOCIAL_DIGITS);
  if (whole.length > 0) return whole;
  return digits.length > KNOWN_DIGITS_MIN ? [digits] : [];
}

/** Between the parts of a number that is printed, and of one that is read out as it is printed. */
const PART_ENDS = /[.,;\u2010-\u2015-]| (?:dash|hyphen|minus|space|then) /iu;
const PRINTED = /^\d{3}[ .\u2010-\u2015-]\d{2}[ .\u2010-\u2015-]\d{1,4}$/u;

/** Rows of 3-2-4 digits with something between these parts and nothing within; the last part may be unfinished. */
function printedSocials(
  text: string,
  row: readonly Group[],
  grows: boolean,
): readonly (readonly [number, number, string])[] {
  const parts: { start: number; end: number; digits: string }[] = [];
  let figuresAlone = true;
  let lastLength = 0;
  for (const { start, end, digits } of row) {
    const part = parts.at(-1);
    figuresAlone &&= /^\d/u.test(text.slice(start, end));
    if (
      part === undefined ||
      PART_ENDS.test(text.slice(part.end, start)) ||
      lastLength > 1 ||
      digits.length > 1
    )
      parts.push({ start, end, digits });
    else parts[parts.length - 1] = { start: part.start, end, digits: part.digits + digits };
    lastLength = digits.length;
  }
  const found: (readonly [number, number, string])[] = [];
  for (let i = 0; i + 2 < parts.length; i += 1) {
    const [area, group, serial] = parts.slice(i, i + 3);
    if (area === undefined || group === undefined || serial === undefined) continue;
    const whole = area.digits + group.digits + serial.digits;
    const lengths = `${area.digits.length} ${group.digits.length} ${serial.digits.length}`;
    const isPrinted = PRINTED.test(text.slice(area.start, serial.end));
    // Read out, it is nothing else only if it is whole and stands alone.
    const isReadOut =
      !figuresAlone && parts.length === 3 && (grows ? /^3 2 [1-4]$/u : /^3 2 4$/u).test(lengths);
    // Numbers are not issued with 000, 666 or 9xx in front (SSA, POMS RM 10201.035).
    if ((!isPrinted && !isReadOut) || /^(?:000|666|9)/u.test(whole)) continue;
    found.push([area.start, serial.end, whole]);
  }
  return found;
}
