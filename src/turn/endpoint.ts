// How long to wait, after the voice stopped, before the caller's turn is taken to be over.
import { wordsOf } from './said.ts';

export interface EndpointSettings {
  readonly minWaitMs: number;
  readonly maxWaitMs: number;
}

/** Words after which English goes on. */
const OPEN_ENDS: ReadonlySet<string> = new Set(
  `a about after although an and as at because before but by can could did do does for from had has have he her his i
   i'd i'll i'm if in into is it's its just like maybe my not of on or our over she should so than that the their then
   they this to under until was we were what when where which while who will with would you your`
    .split(/\s+/)
    .filter((word) => word !== ''),
);
const HESITATIONS: ReadonlySet<string> = new Set([
  'uh',
  'uhm',
  'um',
  'umm',
  'er',
  'erm',
  'hm',
  'hmm',
  'well',
]);

/** The share of the range between the least and the longest wait. */
const WAIT_OF = { complete: 0, unknown: 0.25, digits: 0.5, open: 1 } as const;

/**
 * Milliseconds of silence that end a turn which so far is `text`: the least after a whole sentence, the
 * most after a word or a mark that leaves it open, between them after digits (there may be more) and
 * after words without punctuation.
 */
export function waitMs(text: string, settings: EndpointSettings): number {
  return settings.minWaitMs + WAIT_OF[endingOf(text)] * (settings.maxWaitMs - settings.minWaitMs);
}

function endingOf(text: string): keyof typeof WAIT_OF {
  const trimmed = text.trim();
  const last = wordsOf(trimmed).at(-1) ?? '';
  if (HESITATIONS.has(last) || /[,;:\u2014\u2026-]$|\.\.\.$/.test(trimmed)) return 'open';
  if (/\d$/.test(last)) return 'digits';
  if (/[?!\u3002\uff1f\uff01]["')\u201d]?$/.test(trimmed)) return 'complete';
  if (OPEN_ENDS.has(last)) return 'open';
  return /\.["')\u201d]?$/.test(trimmed) ? 'complete' : 'unknown';
}
