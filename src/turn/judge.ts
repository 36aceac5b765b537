// Is what was said over the agent meant to stop it?
import { wordsOf } from './said.ts';

export interface InterruptionSettings {
  readonly enabled: boolean;
  /** Voice that lasts this long interrupts, whatever it says. */
  readonly minVoiceMs: number;
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

/** Judges the words said over the agent so far. */
export function judge(text: string, settings: InterruptionSettings): Verdict {
  const words = wordsOf(text);
  if (words.length === 0) return 'undecided';
  if (settings.always.some((phrase) => contains(words, wordsOf(phrase)))) return 'interrupt';
  const others = withoutPhrases(words, settings.backchannels.map(wordsOf));
  if (others.length === 0) return 'backchannel';
  return others.length >= settings.minWords ? 'interrupt' : 'undecided';
}

function contains(words: readonly string[], phrase: readonly string[]): boolean {
  return words.some((_word, start) => startsAt(words, phrase, start));
}

function startsAt(words: readonly string[], phrase: readonly string[], start: number): boolean {
  return phrase.length > 0 && phrase.every((word, i) => words[start + i] === word);
}

/** The words that belong to none of the phrases; at each place the longest phrase is taken. */
function withoutPhrases(
  words: readonly string[],
  phrases: readonly (readonly string[])[],
): readonly string[] {
  const longestFirst = [...phrases].sort((a, b) => b.length - a.length);
  const rest: string[] = [];
  for (let i = 0; i < words.length;) {
    const phrase = longestFirst.find((one) => startsAt(words, one, i));
    if (phrase === undefined) rest.push(words[i] as string);
    i += phrase?.length ?? 1;
  }
  return rest;
}
