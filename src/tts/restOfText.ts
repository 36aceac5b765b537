// How much of a sentence lies in the audio that a voice gave of it before it failed.
import type { WordTime } from './port.ts';

/** A letter lasts so long in an ordinary voice, 15 letters a second; a digit is a word of its own. */
const LETTER_MS = 65;
const DIGIT_LETTERS = 4;
/** A voice draws out the last word before a comma or a full stop. */
const PAUSE_LETTERS = 3;
/** No voice speaks so much faster than that. */
const FASTEST_SHARE = 0.35;
/** The length of a shorter text says nothing: "OK." */
const LETTERS_MIN = 20;

/**
 * The words that are still to be said when `audioMs` of the sentence are there: after the last one of which half was
 * said, by the provider's word times where there are any, else by length. Empty when all was.
 */
export function restOfText(text: string, audioMs: number, wordTimes: readonly WordTime[]): string {
  const words = text.split(/\s+/u).filter((word) => word !== '');
  if (wordTimes.length > 0) {
    const said = wordTimes.filter(({ startMs, endMs }) => (startMs + endMs) / 2 <= audioMs);
    return words.slice(said.length).join(' ');
  }
  let spokenMs = 0;
  let count = 0;
  for (const word of words) {
    const ownMs = letters(word) * LETTER_MS;
    if (spokenMs + ownMs / 2 > audioMs) break;
    spokenMs += ownMs;
    count += 1;
  }
  return words.slice(count).join(' ');
}

/** Less audio than this, ms, is not the whole of `text`; 0 when nothing can be told. `speed` as asked of the voice. */
export function leastAudioMs(text: string, speed: number): number {
  const all = text
    .split(/\s+/u)
    .filter((word) => word !== '')
    .reduce((sum, word) => sum + letters(word), 0);
  return all < LETTERS_MIN ? 0 : (all * LETTER_MS * FASTEST_SHARE) / speed;
}

function letters(word: string): number {
  const digits = word.match(/\d/gu)?.length ?? 0;
  const own = word.match(/\p{L}/gu)?.length ?? 0;
  return 1 + own + digits * DIGIT_LETTERS + (/[.,:;!?]$/u.test(word) ? PAUSE_LETTERS : 0);
}
