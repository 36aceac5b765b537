// From a language tag to its rules.
import { english } from './english.ts';
import { wordSet, type LanguageRules } from './rules.ts';

const known: Readonly<Record<string, LanguageRules>> = { en: english };

/** Languages that write an ordinal as a number with a full stop. */
const ordinalDotLanguages = wordSet('cs da de et fi fo hr hu is lv nb nn no pl sk sl sr tr');

/**
 * What can be said of a language nobody has written a file for: titles that travel, and caution.
 * Single letters and dotted words never end a sentence, no clause is cut before a conjunction, and
 * the labels stay English because prompts are.
 */
const unknown: LanguageRules = {
  neverLast: wordSet(
    'dr dra prof mr mrs ms sr sra srta hr fr st ing mme mlle bzw ca z.b d.h u.a p.ej e.g i.e vs nr',
  ),
  seldomLast: wordSet('a.m p.m etc inc ltd co usw'),
  lastBeforeCapital: wordSet('no p pp fig vol tel'),
  starters: wordSet(''),
  clauseWords: wordSet(''),
  coordinators: wordSet(''),
  subjects: wordSet(''),
  ordinalDots: false,
  speakerLabels: english.speakerLabels,
  stageVerbs: english.stageVerbs,
};

const unknownWithOrdinals: LanguageRules = { ...unknown, ordinalDots: true };

/** `language` is a BCP 47 tag; only its first part counts. Never throws. */
export function rulesFor(language: string): LanguageRules {
  const primary = language.toLowerCase().split(/[-_]/u)[0] ?? '';
  return known[primary] ?? (ordinalDotLanguages.has(primary) ? unknownWithOrdinals : unknown);
}
