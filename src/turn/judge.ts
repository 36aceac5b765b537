// Is what was said over the agent meant to stop it?
import { onlyOf } from './clause.ts';
import type { Expectation } from './expectation.ts';
import type { Phrases, TurnLanguage } from './language/language.ts';
import { wordsOf } from './said.ts';

export interface InterruptionSettings {
  readonly enabled: boolean;
  /** Voice that lasts this long interrupts, whatever it says; of which no word is known yet, twice as long. */
  readonly minVoiceMs: number;
  /** A voice over the agent so much fainter than the caller's is somebody else's; 0: every voice is the caller's. */
  readonly faintDb: number;
  /** So many words that are no backchannel interrupt. */
  readonly minWords: number;
  /** Words and phrases that always interrupt. */
  readonly always: readonly string[];
  /** Words and phrases that say "I am listening, go on". */
  readonly backchannels: readonly string[];
}

export type Verdict =
  | 'interrupt'
  /** Words, but only such as invite the agent to go on. */
  | 'backchannel'
  /** Nothing to judge yet, or too little. */
  | 'undecided';

/**
 * Judges the words said over the agent so far. `asked` is what the agent's closing question asks for, once most of it
 * was heard: "yes" is then an answer and takes the turn. The longest phrase at each place counts, so "no way" and
 * "oh no" are no "no". Unless the words are `whole`, the beginning of "I see" at their end may become one.
 */
export function judge(
  text: string,
  settings: InterruptionSettings,
  language: TurnLanguage,
  asked: Expectation | undefined,
  whole = true,
): Verdict {
  const words = wordsOf(text);
  if (words.length === 0) return 'undecided';
  const parts = partsOf(words, settings, language, whole);
  if (parts.always > 0) return 'interrupt';
  if (parts.others >= settings.minWords) return 'interrupt';
  if (parts.others > 0 || parts.backchannels === 0) return 'undecided';
  return answers(words, language, asked) ? 'interrupt' : 'backchannel';
}

/** Whether words that otherwise mean "go on" are the answer to the closing question. */
function answers(words: readonly string[], language: TurnLanguage, asked: Expectation | undefined): boolean {
  if (asked?.kind !== 'yes_no' && asked?.kind !== 'choice') return false;
  return words.some((_word, at) => onlyOf(words.slice(at), language.answers));
}

interface Parts {
  readonly always: number;
  readonly backchannels: number;
  /** Words that are neither, hesitations left out. */
  readonly others: number;
}

function partsOf(
  words: readonly string[],
  settings: InterruptionSettings,
  language: TurnLanguage,
  whole: boolean,
): Parts {
  const always = phrasesOf(settings.always, language.overAgent.always);
  const backchannels = phrasesOf(settings.backchannels, language.overAgent.backchannels);
  const longest = Math.max(always.wordsMax, backchannels.wordsMax);
  const parts = { always: 0, backchannels: 0, others: 0 };
  for (let at = 0; at < words.length;) {
    let length = Math.min(longest, words.length - at);
    let kind: keyof Parts = 'others';
    for (; length > 0 && kind === 'others'; length -= 1) {
      const phrase = words.slice(at, at + length).join(' ');
      if (always.has(phrase)) kind = 'always';
      else if (backchannels.has(phrase)) kind = 'backchannels';
    }
    if (kind === 'others' && !whole && backchannels.begins(words.slice(at).join(' '))) return parts;
    // The loop has gone one below the length that matched.
    const taken = kind === 'others' ? 1 : length + 1;
    if (kind !== 'others' || !language.hesitations.has(words[at] ?? '')) parts[kind] += 1;
    at += taken;
  }
  return parts;
}

function phrasesOf(
  own: readonly string[],
  ofLanguage: Phrases,
): { has(phrase: string): boolean; begins(words: string): boolean; wordsMax: number } {
  const normal = new Set(own.map((phrase) => wordsOf(phrase).join(' ')));
  const lengths = own.map((phrase) => wordsOf(phrase).length);
  const begins = (words: string) => (phrase: string) => phrase.startsWith(`${words} `);
  return {
    has: (phrase) => normal.has(phrase) || ofLanguage.has(phrase),
    begins: (words) => [...normal].some(begins(words)) || [...ofLanguage].some(begins(words)),
    wordsMax: Math.max(LANGUAGE_PHRASE_WORDS, ...lengths),
  };
}

/** Longest phrase of the language files over the agent, in words. */
const LANGUAGE_PHRASE_WORDS = 4;
