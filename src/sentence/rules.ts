// What the splitter and the cleaner have to be told about a language. A language is a file that makes one.

/** Every word is lower case and without its last full stop (`dr`, `a.m`). */
export interface LanguageRules {
  /** Abbreviations that never end a sentence: `dr`, `e.g`. */
  readonly neverLast: ReadonlySet<string>;
  /** Abbreviations that end a sentence only when one of `starters` follows: `inc`, `a.m`. */
  readonly seldomLast: ReadonlySet<string>;
  /** Abbreviations that are also words or stand before numbers (`no`, `jan`): last when a capital follows. */
  readonly lastBeforeCapital: ReadonlySet<string>;
  /** Words that, capitalised, begin a sentence and are hardly ever a name. */
  readonly starters: ReadonlySet<string>;
  /** Words that begin a clause, whatever follows: `because`. */
  readonly clauseWords: ReadonlySet<string>;
  /** Words that begin a clause only when a subject follows: `and`. */
  readonly coordinators: ReadonlySet<string>;
  readonly subjects: ReadonlySet<string>;
  /** `am 1. Januar`: a full stop after a number says "first" more often than it ends a sentence. */
  readonly ordinalDots: boolean;
  /** Who might be named before a colon at the start of a line of a script. */
  readonly speakerLabels: readonly string[];
  /** First words of a stage direction such as `*laughs*`. */
  readonly stageVerbs: ReadonlySet<string>;
}

/** A set out of words separated by white space, so that the lists read as text. */
export function wordSet(text: string): ReadonlySet<string> {
  return new Set(text.split(/\s+/u).filter((word) => word !== ''));
}
