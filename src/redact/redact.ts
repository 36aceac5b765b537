// Takes payment cards' and US social-security numbers out of a text. Pure: what was said before comes in, what
// the next text may go on from comes out. English only; figures are found in every language.
import { beginsLikeCard, CARD_DIGITS_MAX, CARD_DIGITS_MIN, isCard } from './cards.ts';
import { groupsOf, type Group, type Reading } from './spokenDigits.ts';

export interface RedactionRules {
  readonly cards: boolean;
  readonly ssn: boolean;
}

export interface Before {
  /** Digits that the text before ended with, which this one may go on with; at most 19. */
  readonly digits: string;
  /** What was asked, for what the digits are. */
  readonly asked: string;
  /** Numbers that were found before in this conversation: parts of them are taken out as well. */
  readonly known: readonly string[];
}

export interface Redacted {
  readonly text: string;
  /** The digits that the text ends with. */
  readonly digits: string;
  /** Whole numbers that were found. */
  readonly found: readonly string[];
}

export const NOTHING_BEFORE: Before = { digits: '', asked: '', known: [] };

/** A row of digits that begins like a card's is hidden from the seventh on (PCI DSS 3.4.1 lets six be seen). */
const OPEN_DIGITS_MIN = 7;
/** So many in a row are no phone number. */
const LONG_DIGITS_MIN = 11;
/** Words that are no part of dictating, within one number. */
const STRANGERS_MAX = 4;
/** The same, while there is no check digit to say that it is one number. */
const OPEN_STRANGERS_MAX = 2;
/** Fewer digits of a known number than these tell nothing. */
const KNOWN_DIGITS_MIN = 3;
/** Behind the last digit, for the next text to be able to go on. */
const WORDS_AFTER_MAX = 8;

const ABOUT_CARD = /\b(?:cards?|visa|master ?card|amex|american express|discover|credit|debit)\b/iu;
const ABOUT_SSN = /\b(?:ssn|social|s\.s\.n)\b/iu;
const ABOUT_OTHER =
  /\b(?:phones?|telephone|mobile|cell|fax|call|reach|text|accounts?|orders?|confirmation|reference|case|ticket|invoice|tracking|routing|policy|claim|member|membership|serial|booking|reservation|zip|code|number plate|id|part|extension|pin|isbn|customer|loyalty|flight|po|rma|born|birthday|date|dollars)\b/iu;

interface Span {
  readonly start: number;
  readonly end: number;
  readonly what: string;
}

const READINGS: readonly Reading[] = [
  { homophones: false, apart: false },
  { homophones: true, apart: false },
  { homophones: false, apart: true },
];

/**
 * `text` without the numbers. A row that may still become a card is hidden as soon as it is too long to be
 * shown, in partial texts too. Linear in the text: about 6 µs for a sentence without digits, 40 µs with a card.
 */
export function redact(text: string, rules: RedactionRules, before: Before = NOTHING_BEFORE): Redacted {
  const groups = groupsOf(text, { homophones: false, apart: false });
  if (groups.length === 0) return { text, digits: carried(text, before.digits), found: [] };
  const spans: Span[] = [];
  const found = new Set<string>();
  if (rules.cards) {
    for (const reading of READINGS) {
      const read = reading.homophones || reading.apart ? groupsOf(text, reading) : groups;
      spans.push(...cardsIn(read, before.digits, found));
      spans.push(...openCards(text, read, before));
    }
  }
  if (rules.ssn) spans.push(...socialNumbers(text, groups, before.asked, found));
  spans.push(...knownParts(groups, before.known));
  return { text: without(text, spans), digits: tailOf(text, groups, before.digits), found: [...found] };
}

/** Every stretch of groups that is a card's number; `ahead` are the digits of the text before. */
function cardsIn(groups: readonly Group[], ahead: string, found: Set<string>): readonly Span[] {
  const spans: Span[] = [];
  // The digits of the text before may belong to this number from any of them on.
  const firsts = ahead === '' ? [] : Array.from(ahead, (_digit, i) => ahead.slice(i));
  for (let from = 0; from < groups.length; from += 1) {
    const starts = from === 0 ? ['', ...firsts] : [''];
    for (const first of starts) {
      let digits = first;
      for (let to = from; to < groups.length && digits.length < CARD_DIGITS_MAX; to += 1) {
        const group = groups[to];
        if (group === undefined || (to > from && group.strangers > STRANGERS_MAX)) break;
        digits += group.digits;
        const start = groups[from]?.start ?? 0;
        const card = cardAtStart(digits, group.digits.length);
        if (card === undefined) continue;
        found.add(card);
        spans.push({ start, end: group.end, what: '[card number]' });
      }
    }
  }
  return spans;
}

/** The card that these digits are, or that ends or begins within the last, unbroken, `lastLength` of them. */
function cardAtStart(digits: string, lastLength: number): string | undefined {
  if (isCard(digits)) return digits;
  if (lastLength < CARD_DIGITS_MIN) return undefined;
  const tail = digits.slice(-lastLength);
  for (let from = 0; from + CARD_DIGITS_MIN <= tail.length; from += 1) {
    for (let length = CARD_DIGITS_MAX; length >= CARD_DIGITS_MIN; length -= 1) {
      const part = tail.slice(from, from + length);
      if (part.length === length && length >= tail.length - 4 && isCard(part)) return part;
    }
  }
  return undefined;
}

/** Rows that begin like a card's number and are too long to be shown: unfinished, misheard or corrected ones. */
function openCards(text: string, groups: readonly Group[], before: Before): readonly Span[] {
  const spans: Span[] = [];
  const about = `${before.asked} ${text}`;
  const card = ABOUT_CARD.test(about);
  const other = !card && ABOUT_OTHER.test(about);
  const strict = rowsOf(groups, 1).map((row, i) => ({ row, i, least: OPEN_DIGITS_MIN }));
  const loose = rowsOf(groups, OPEN_STRANGERS_MAX).map((row, i) => ({ row, i, least: LONG_DIGITS_MIN }));
  for (const { row, i, least: rowLeast } of [...strict, ...loose]) {
    const first = row[0];
    const last = row.at(-1);
    if (first === undefined || last === undefined) continue;
    const own = row.map((group) => group.digits).join('');
    // "At ten thirty" is no more of the number before.
    const goesOn = i === 0 && first.strangers <= OPEN_STRANGERS_MAX;
    const digits = goesOn ? before.digits + own : own;
    const length = digits.length;
    if (!beginsLikeCard(digits) && !(card && length >= LONG_DIGITS_MIN)) continue;
    const shown = text.slice(first.start, last.end);
    const phone = !card && /^\(?\d{3}\)?[ .-]{0,2}(?:\d{3}[ .-]?)?\d{4}$/u.test(shown);
    const least = other || phone ? LONG_DIGITS_MIN : card ? OPEN_DIGITS_MIN : rowLeast;
    // An order's number may be longer than a phone's, but not as long as a card's.
    if (length < (other && before.digits === '' ? LONG_DIGITS_MIN + 2 : least)) continue;
    spans.push({ start: first.start, end: last.end, what: '[digits]' });
  }
  return spans;
}

/** Groups that were dictated in one go, with no more strangers between two of them. */
function rowsOf(groups: readonly Group[], strangersMax: number): readonly (readonly Group[])[] {
  const rows: Group[][] = [];
  for (const group of groups) {
    const row = rows.at(-1);
    if (row === undefined || group.strangers > strangersMax) rows.push([group]);
    else row.push(group);
  }
  return rows;
}

/** 3-2-4 as it is written, and every row of digits where it was asked for or named as such. */
function socialNumbers(
  text: string,
  groups: readonly Group[],
  asked: string,
  found: Set<string>,
): readonly Span[] {
  const spans: Span[] = [];
  const named = ABOUT_SSN.exec(text)?.index ?? (ABOUT_SSN.test(asked) ? 0 : undefined);
  for (const row of rowsOf(groups, 0)) {
    const first = row[0];
    const last = row.at(-1);
    if (first === undefined || last === undefined) continue;
    const digits = row.map((group) => group.digits).join('');
    // The agent may name it after the digits, the caller before.
    const isNamed = named !== undefined && (digits.length === 9 || named <= first.start);
    if (isNamed && digits.length >= 4 && digits.length <= 11) {
      found.add(digits);
      spans.push({ start: first.start, end: last.end, what: '[social security number]' });
      continue;
    }
    for (let i = 0; i + 2 < row.length; i += 1) {
      const [area, group, serial] = row.slice(i, i + 3);
      if (area === undefined || group === undefined || serial === undefined) continue;
      const whole = area.digits + group.digits + serial.digits;
      const shape = /^\d{3}[ .\u2010-\u2015-]\d{2}[ .\u2010-\u2015-]\d{1,4}$/u;
      // Numbers are not issued with 000, 666 or 9xx in front (SSA, POMS RM 10201.035).
      if (!shape.test(text.slice(area.start, serial.end)) || /^(?:000|666|9)/u.test(whole)) continue;
      if (whole.length === 9) found.add(whole);
      spans.push({ start: area.start, end: serial.end, what: '[social security number]' });
    }
  }
  return spans;
}

/** What was found once is hidden wherever it, or a part of it, is said again. */
function knownParts(groups: readonly Group[], known: readonly string[]): readonly Span[] {
  if (known.length === 0) return [];
  const spans: Span[] = [];
  for (const row of rowsOf(groups, 0)) {
    const first = row[0];
    const last = row.at(-1);
    const digits = row.map((group) => group.digits).join('');
    if (first === undefined || last === undefined || digits.length < KNOWN_DIGITS_MIN) continue;
    if (known.some((number) => number.includes(digits) || digits.includes(number)))
      spans.push({ start: first.start, end: last.end, what: '[digits]' });
  }
  return spans;
}

function without(text: string, spans: readonly Span[]): string {
  const inOrder = [...spans].sort((a, b) => a.start - b.start || b.end - a.end);
  const merged: Span[] = [];
  for (const span of inOrder) {
    const last = merged.at(-1);
    if (last === undefined || span.start >= last.end) merged.push(span);
    else {
      const what = last.what === '[digits]' ? span.what : last.what;
      merged[merged.length - 1] = { start: last.start, end: Math.max(last.end, span.end), what };
    }
  }
  let out = '';
  let from = 0;
  for (const { start, end, what } of merged) {
    out += text.slice(from, start) + what;
    from = end;
  }
  return out + text.slice(from);
}

/** The digits that the next text may go on from. */
function tailOf(text: string, groups: readonly Group[], ahead: string): string {
  const rows = rowsOf(groups, 0);
  const last = rows.at(-1);
  if (last === undefined || wordsIn(text.slice(last.at(-1)?.end ?? 0)) > WORDS_AFTER_MAX) return '';
  const own = last.map((group) => group.digits).join('');
  return (rows.length === 1 ? ahead + own : own).slice(-CARD_DIGITS_MAX);
}

/** "Hold on, let me turn it round" doesn't end a number; a long sentence does. */
function carried(text: string, digits: string): string {
  return wordsIn(text) > WORDS_AFTER_MAX ? '' : digits;
}

function wordsIn(text: string): number {
  return text.match(/[\p{L}\p{N}]+/gu)?.length ?? 0;
}
