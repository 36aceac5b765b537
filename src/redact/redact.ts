// Takes payment cards' and US social-security numbers out of a text. Pure: what was said before comes in, what
// the next text may go on from comes out. English only; figures are found in every language.
import { beginsLikeCard, CARD_DIGITS_MAX, CARD_DIGITS_MIN, isCard } from './cards.ts';
import { KNOWN_DIGITS_MIN, namedSocialAt, OPEN_STRANGERS_MAX, socialNumbers } from './socialNumbers.ts';
import { mergedSpans, without, type NumberKind, type NumberSpan, type Span } from './spans.ts';
import { groupsOf, rowsOf, type Group, type Reading } from './spokenDigits.ts';

export type { NumberKind, NumberSpan } from './spans.ts';

export interface RedactionRules {
  readonly cards: boolean;
  readonly ssn: boolean;
}

/** What a text ends with that the next one may go on from. */
export interface Tail {
  /** At most 19. */
  readonly digits: string;
  /** Those of a social-security number that was named and is not whole yet, if there is one; none may have been said. */
  readonly social: string | undefined;
}

export interface Before {
  /** What the text before ended with. */
  readonly tail: Tail;
  /** It may go on: what may be a card's number so far is hidden sooner than in a text that is whole. */
  readonly grows: boolean;
  /** What was asked, sentence by sentence, for what the digits are. */
  readonly asked: string;
  /** Digits of what was found before in this conversation: parts of them are taken out as well. */
  readonly known: ReadonlyMap<string, NumberKind>;
}

export interface Redacted {
  readonly text: string;
  readonly tail: Tail;
  /** The digits of what was hidden, one entry a number or a row that was taken for one. */
  readonly found: ReadonlyMap<string, NumberKind>;
  /** What was taken out, as it stands in the text that came in; in its order, none overlaps another. */
  readonly spans: readonly NumberSpan[];
}

export const NO_TAIL: Tail = { digits: '', social: undefined };
export const NOTHING_BEFORE: Before = { tail: NO_TAIL, grows: false, asked: '', known: new Map() };

/** A row of digits that begins like a card's is hidden from the seventh on (PCI DSS 3.4.1 lets six be seen). */
const OPEN_DIGITS_MIN = 7;
/** So many in a row are no phone number: in a whole text that is about no card, fewer are shown. */
const LONG_DIGITS_MIN = 11;
/** Words that are no part of dictating, within one number, in a text about a card. */
const CARD_STRANGERS_MAX = 4;
/** ... in any other: check digits are right in one of ten numbers, so two that have little to do with each other are not joined. */
const STRANGERS_MAX = 2;
/** So many in a row as in a known number are no chance: of 100,000 telephone numbers 72 (6 x 12 places) share them with a card's. */
const SHARED_DIGITS_MIN = 5;
const PHONE_DIGITS = 10;
/** With the code of its country behind a plus, hardly any has more. */
const ABROAD_DIGITS_MAX = 13;
/** Behind the last digit, for the next text to be able to go on. */
const WORDS_AFTER_MAX = 8;

const ABOUT_CARD = /\b(?:cards?|visa|master ?card|amex|american express|discover|credit|debit)\b/iu;
const ABOUT_OTHER =
  /\b(?:phones?|telephone|mobile|cell|fax|call|reach|text|accounts?|orders?|confirmation|reference|case|ticket|invoice|tracking|routing|policy|claim|member|membership|serial|booking|reservation|zip|code|number plate|id|part|extension|pin|isbn|customer|loyalty|flight|po|rma|born|birthday|date|dollars)\b/iu;

const SENTENCE_END = /(?<=[.?!])\s+/u;

const READINGS: readonly Reading[] = [
  { homophones: false, apart: false },
  { homophones: true, apart: false },
  { homophones: false, apart: true },
];

/**
 * `text` without the numbers. A row that may still become a card is hidden as soon as it is too long to be
 * shown, in partial texts too. Linear in the text: about 12 µs for a sentence without digits, 100 µs with a card.
 */
export function redact(text: string, rules: RedactionRules, before: Before = NOTHING_BEFORE): Redacted {
  const groups = groupsOf(text, { homophones: false, apart: false });
  if (groups.length === 0) return { text, tail: carried(text, before.tail), found: new Map(), spans: [] };
  const about = aboutOf(text, before.asked);
  const spans: Span[] = [];
  const found = new Map<string, NumberKind>();
  if (rules.cards) {
    for (const reading of READINGS) {
      const read = reading.homophones || reading.apart ? groupsOf(text, reading) : groups;
      spans.push(...cardsIn(read, before.tail.digits, about, found));
      spans.push(...openCards(text, read, before, about, found));
    }
    spans.push(...cardsInRuns(groups, found));
  }
  const { asked, grows } = before;
  const social = rules.ssn
    ? socialNumbers(text, groups, { open: before.tail.social, asked, grows }, found)
    : undefined;
  if (social !== undefined) spans.push(...social.spans);
  spans.push(...knownParts(groups, before.known));
  const digits = tailOf(text, groups, before.tail.digits, about);
  const merged = mergedSpans(spans);
  return {
    text: without(text, merged),
    tail: { digits, social: social?.open },
    found,
    spans: merged.map(({ start, end, kind }) => ({ start, end, kind })),
  };
}

/** What numbers in this text are likely to be. */
type About = 'card' | 'other' | 'anything';

/** What was asked last and says what it is about counts. */
function aboutOf(text: string, asked: string): About {
  const names = (said: string): boolean => ABOUT_CARD.test(said) || ABOUT_OTHER.test(said);
  const all = `${asked.split(SENTENCE_END).findLast(names) ?? ''} ${text}`;
  if (ABOUT_CARD.test(all)) return 'card';
  return ABOUT_OTHER.test(all) ? 'other' : 'anything';
}

/** Whether this asks for a number that is no social-security number. */
export function asksForOther(sentence: string): boolean {
  return (
    sentence.includes('?') && namedSocialAt(sentence) === undefined && aboutOf(sentence, '') !== 'anything'
  );
}

/** Every stretch of groups that is a card's number; `ahead` are the digits of the text before. */
function cardsIn(
  groups: readonly Group[],
  ahead: string,
  about: About,
  found: Map<string, NumberKind>,
): readonly Span[] {
  const spans: Span[] = [];
  const strangersMax = about === 'card' ? CARD_STRANGERS_MAX : STRANGERS_MAX;
  // The digits of the text before may belong to this number from any of them on.
  const firsts = ahead === '' ? [] : Array.from(ahead, (_digit, i) => ahead.slice(i));
  for (let from = 0; from < groups.length; from += 1) {
    const starts = from === 0 ? ['', ...firsts] : [''];
    for (const first of starts) {
      let digits = first;
      for (let to = from; to < groups.length && digits.length < CARD_DIGITS_MAX; to += 1) {
        const group = groups[to];
        if (group === undefined || (to > from && group.strangers > strangersMax)) break;
        digits += group.digits;
        const start = groups[from]?.start ?? 0;
        const card = cardAtStart(digits, group.digits.length);
        if (card === undefined) continue;
        found.set(card, 'card');
        spans.push({ start, end: group.end, kind: 'card', what: '[card number]' });
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

/** Figures without a pause between them, longer than any card's number, are hidden when one is in them: all that was pasted. */
function cardsInRuns(groups: readonly Group[], found: Map<string, NumberKind>): readonly Span[] {
  const spans: Span[] = [];
  for (const { start, end, digits } of groups) {
    if (digits.length <= CARD_DIGITS_MAX || !hasCard(digits)) continue;
    found.set(digits, 'card');
    spans.push({ start, end, kind: 'card', what: '[card number]' });
  }
  return spans;
}

function hasCard(digits: string): boolean {
  for (let from = 0; from + CARD_DIGITS_MIN <= digits.length; from += 1) {
    if (!beginsLikeCard(digits.slice(from, from + CARD_DIGITS_MIN))) continue;
    for (let length = CARD_DIGITS_MIN; length <= CARD_DIGITS_MAX; length += 1)
      if (isCard(digits.slice(from, from + length))) return true;
  }
  return false;
}

/** Rows that begin like a card's number and are too long to be shown: unfinished, misheard or corrected ones. */
function openCards(
  text: string,
  groups: readonly Group[],
  before: Before,
  about: About,
  found: Map<string, NumberKind>,
): readonly Span[] {
  const spans: Span[] = [];
  const ahead = before.tail.digits;
  const strict = rowsOf(groups, 1).map((row, i) => ({ row, i, least: OPEN_DIGITS_MIN }));
  const loose = rowsOf(groups, OPEN_STRANGERS_MAX).map((row, i) => ({ row, i, least: LONG_DIGITS_MIN }));
  // Begun again: what was taken back is no part of it.
  const again = groups.some(({ corrects }) => corrects)
    ? rowsOf(groups, 1, true).map((row, i) => ({ row, i, least: OPEN_DIGITS_MIN }))
    : [];
  for (const { row, i, least: rowLeast } of [...strict, ...loose, ...again]) {
    const first = row[0];
    const last = row.at(-1);
    if (first === undefined || last === undefined) continue;
    const own = row.map((group) => group.digits).join('');
    // "At ten thirty" is no more of the number before.
    const goesOn = i === 0 && first.strangers <= OPEN_STRANGERS_MAX;
    const digits = goesOn ? ahead + own : own;
    if (!beginsLikeCard(digits) && !(about === 'card' && digits.length >= LONG_DIGITS_MIN)) continue;
    const shown = text.slice(first.start, last.end);
    const isAbroad = text[first.start - 1] === '+' && digits.length <= ABROAD_DIGITS_MAX;
    if (isAbroad && about !== 'card') continue;
    const isPhone = /^\(?\d{3}\)?[ .-]{0,2}(?:\d{3}[ .-]?)?\d{4}$/u.test(shown);
    if (digits.length < leastHidden(about, goesOn && ahead !== '', before.grows && !isPhone, rowLeast))
      continue;
    // Misheard, unfinished or over two texts: what of it was shown before, or is said back, is hidden from now on.
    if (!isPhone) found.set(digits, 'card');
    spans.push({ start: first.start, end: last.end, kind: 'card', what: '[digits]' });
  }
  return spans;
}

/** How many digits in a row are too many to be shown. */
function leastHidden(about: About, goesOn: boolean, grows: boolean, rowLeast: number): number {
  if (about === 'card') return OPEN_DIGITS_MIN;
  // An order's number may be longer than a phone's, but not as long as a card's.
  if (about === 'other') return goesOn ? LONG_DIGITS_MIN : LONG_DIGITS_MIN + 2;
  return grows ? rowLeast : LONG_DIGITS_MIN;
}

/** What was found once is hidden wherever it, or a part of it, is said again. */
function knownParts(groups: readonly Group[], known: Before['known']): readonly Span[] {
  if (known.size === 0) return [];
  const spans: Span[] = [];
  for (const row of rowsOf(groups, 0)) {
    const first = row[0];
    const last = row.at(-1);
    const digits = row.map((group) => group.digits).join('');
    if (first === undefined || last === undefined || digits.length < KNOWN_DIGITS_MIN) continue;
    for (const [number, kind] of known) {
      if (!number.includes(digits) && !sharesDigits(digits, number)) continue;
      spans.push({ start: first.start, end: last.end, kind, what: '[digits]' });
      break;
    }
  }
  return spans;
}

/** Cut off in the middle of "thirty-six", and begun or corrected otherwise, a number still has a stretch of another. */
function sharesDigits(digits: string, number: string): boolean {
  for (let from = 0; from + SHARED_DIGITS_MIN <= digits.length; from += 1) {
    if (number.includes(digits.slice(from, from + SHARED_DIGITS_MIN))) return true;
  }
  return digits.includes(number);
}

/** The digits that the next text may go on from. */
function tailOf(text: string, groups: readonly Group[], ahead: string, about: About): string {
  const rows = rowsOf(groups, 0);
  const last = rows.at(-1);
  if (last === undefined || wordsIn(text.slice(last.at(-1)?.end ?? 0)) > WORDS_AFTER_MAX) return '';
  const own = last.map((group) => group.digits).join('');
  const digits = (rows.length === 1 ? ahead + own : own).slice(-CARD_DIGITS_MAX);
  // A phone number is over when it has all its digits.
  return about === 'other' && digits.length === PHONE_DIGITS ? '' : digits;
}

/** "Hold on, let me turn it round" doesn't end a number, nor does what leads up to its name; a long sentence does. */
function carried(text: string, tail: Tail): Tail {
  const named = namedSocialAt(text);
  if (wordsIn(text.slice(named)) > WORDS_AFTER_MAX) return NO_TAIL;
  return named === undefined ? tail : { digits: '', social: '' };
}

function wordsIn(text: string): number {
  return text.match(/[\p{L}\p{N}]+/gu)?.length ?? 0;
}
