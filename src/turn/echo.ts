// The agent's own voice coming back over a loudspeaker: words that match what is being played are not the caller's.
import { wordsOf } from './said.ts';

/** Fewer words match by chance. */
const WORDS_MIN = 2;
const MATCHED_SHARE_MIN = 0.7;
/** About the last three seconds of speech at 15 letters a second, for the way back and the recogniser's delay. */
const HEARD_CHARS = 60;
/** What the carrier plays within the next half second. */
const AHEAD_CHARS = 16;

/** The part of the agent's words that an echo heard now can come from. */
export function spokenWindow(heardText: string, unheardText: string): string {
  const before = heardText.slice(-HEARD_CHARS);
  const after = unheardText.slice(0, AHEAD_CHARS);
  // Whole words only.
  const from = heardText.length > HEARD_CHARS ? before.replace(/^\S*\s/u, '') : before;
  const to = unheardText.length > AHEAD_CHARS ? after.replace(/\s\S*$/u, '') : after;
  return `${from} ${to}`.trim();
}

/**
 * Whether what was heard is what is being said: two words or more, at least 70 % of them in the agent's order and close
 * together, misheard ones allowed for. Words of `always` that the agent isn't saying are never echo.
 */
export function isEcho(
  heard: string,
  spokenNow: string,
  always: Iterable<string> = [],
  wordsMin = WORDS_MIN,
): boolean {
  const words = wordsOf(heard);
  if (words.length < wordsMin) return false;
  const spoken = wordsOf(spokenNow);
  if (matchedInOrder(words, spoken) < words.length * MATCHED_SHARE_MIN) return false;
  return !saysBesides(heard, spokenNow, always);
}

/** Whether a phrase of `always` was heard that is not being said. */
export function saysBesides(heard: string, spokenNow: string, always: Iterable<string>): boolean {
  const text = ` ${wordsOf(heard).join(' ')} `;
  const said = ` ${wordsOf(spokenNow).join(' ')} `;
  for (const phrase of always) {
    const wanted = ` ${wordsOf(phrase).join(' ')} `;
    if (wanted.trim() !== '' && text.includes(wanted) && !said.includes(wanted)) return true;
  }
  return false;
}

/** Whether a single word is among those being said: it may be an echo, the next word will tell. */
export function mayBeEcho(heard: string, spokenNow: string): boolean {
  const words = wordsOf(heard);
  const spoken = wordsOf(spokenNow);
  return words.length === 1 && spoken.some((one) => alike(one, words[0] ?? ''));
}

/** The most words of `words` that stand in this order within a stretch of `spoken` little longer than they are. */
function matchedInOrder(words: readonly string[], spoken: readonly string[]): number {
  const stretch = words.length + Math.ceil(words.length / 3);
  let best = 0;
  for (let start = 0; start < spoken.length; start += 1) {
    if (best === words.length) break;
    best = Math.max(best, longestCommon(words, spoken.slice(start, start + stretch)));
  }
  return best;
}

/** Length of the longest common subsequence. */
function longestCommon(a: readonly string[], b: readonly string[]): number {
  let row = Array.from({ length: b.length + 1 }, () => 0);
  for (const word of a) {
    const next = [0];
    for (const [i, other] of b.entries()) {
      next.push(alike(word, other) ? (row[i] ?? 0) + 1 : Math.max(row[i + 1] ?? 0, next[i] ?? 0));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

/** The same word, or one that a recogniser takes for it: a letter in four may differ. */
function alike(a: string, b: string): boolean {
  if (a === b) return true;
  const longer = Math.max(a.length, b.length);
  const allowed = Math.floor(longer / 4);
  if (allowed === 0 || Math.abs(a.length - b.length) > allowed) return false;
  return editDistance(a, b) <= allowed;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_unused, i) => i);
  for (let i = 0; i < a.length; i += 1) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j += 1) {
      const change = (row[j] ?? 0) + (a[i] === b[j] ? 0 : 1);
      next.push(Math.min(change, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
