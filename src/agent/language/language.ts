// What has to be told about a language to find what a caller means in it. A language is a file that makes one.
import { english } from './english.ts';

export const INTENT_NAMES = [
  'no_time',
  'just_tell',
  'hostile',
  'not_interested',
  'technical_problem',
  'who_is_this',
  'permission_yes',
  'permission_no',
  'guarded',
  'confirm_yes',
  'resonance',
  'hesitation',
  'schedule',
] as const;
export type IntentName = (typeof INTENT_NAMES)[number];

/** Words in small letters. */
export type Words = ReadonlySet<string>;

/**
 * Patterns are read by `src/agent/phrase.ts`: one a line, or separated by commas.
 */
export interface IntentPatterns {
  /** Count wherever they stand. */
  readonly anywhere: string;
  /** Count only when nothing else is said: a bare "no" before other words answers a question. */
  readonly alone: string;
}

export interface IntentLanguage {
  /** Whole words that stand for several: "gonna" for "going to". */
  readonly spellings: ReadonlyMap<string, string>;
  /** Ends of words that are words of their own: "n't" is "not". Tried in this order. */
  readonly endings: readonly (readonly [string, string])[];
  /** Kinds of words, for `<kind>` in a pattern. A token with a figure in it is a `num` besides. */
  readonly kinds: Readonly<Record<string, Words>>;
  /** May stand between the words of a pattern, and before or after it: "um", "really". */
  readonly fillers: readonly string[];
  /** With nothing else beside them, what is said alone is still alone: "thanks". */
  readonly courtesies: Words;
  /** May stand before what begins a clause: "okay", "sorry". */
  readonly openers: Words;
  /** Begin something new, so that what stands before them ends a clause: "and". */
  readonly closers: Words;
  readonly negators: Words;
  /** May stand between a negator and what it denies directly: "not a bad time". */
  readonly articles: Words;
  /** End the reach of a negator, besides punctuation. */
  readonly scopeEnds: Words;
  /** What stands before one of these is taken back, or may be: "but". */
  readonly contrasts: Words;
  /** What the negation of an intent is; nothing otherwise. */
  readonly opposites: Readonly<Partial<Record<IntentName, IntentName>>>;
  /** Sound like an intent and are none: what they cover counts for nothing. */
  readonly harmless: string;
  readonly intents: Readonly<Record<IntentName, IntentPatterns>>;
}

const known: Readonly<Record<string, IntentLanguage>> = { en: english };

/** `tag` is a BCP 47 tag; only its first part counts. Undefined for a language nobody has written a file for. */
export function intentLanguage(tag: string): IntentLanguage | undefined {
  const primary = tag.toLowerCase().split(/[-_]/u)[0] ?? '';
  return Object.hasOwn(known, primary) ? known[primary] : undefined;
}
