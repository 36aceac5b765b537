// What has to be told about a language to judge turns in it. A language is a file that makes one.
import { english } from './english.ts';

/** Words and phrases are lower case, apostrophes kept, no other punctuation, single spaces. */
export type Phrases = ReadonlySet<string>;

export interface TurnLanguage {
  /** Last words that always want more, whatever mark the recogniser puts behind them: "the", "and", "my name is". */
  readonly open: Phrases;
  /** Last words that leave a statement open but may end a question or a relative clause: "for", "is". */
  readonly seldomLast: Phrases;
  /** Last words that end it although one of the above stands last: "i think so". */
  readonly closed: Phrases;
  /** Last words after which hardly anybody goes on: "thank you". */
  readonly finals: Phrases;
  readonly hesitations: Phrases;
  /** A sentence that begins so asks for time: "let me see". */
  readonly stalls: Phrases;
  /** With one of these in it, words are a clause and not a fragment. */
  readonly verbs: Phrases;
  /** Begin a relative clause or a question: what the last word belongs to stands there. */
  readonly relatives: Phrases;
  /** Verb forms that may leave their preposition behind: "what I'm looking for". */
  readonly leavesPreposition: RegExp;
  readonly pronouns: Phrases;
  readonly auxiliaries: Phrases;
  /** Begin a clause, or are what the one before is about: "did you know that?" */
  readonly eitherWay: Phrases;
  /** Who "you" is when it is the object: open unless a verb or a preposition stands before it. */
  readonly objects: Phrases;
  /** Answers to a yes-or-no question: "yes", "not really". */
  readonly answers: Phrases;
  /** Begin an answer and are a whole one. */
  readonly yesOrNo: Phrases;
  /** Whole choices between what was offered: "either one". */
  readonly choices: Phrases;
  /** Days and times: "tuesday", "pm". */
  readonly times: Phrases;
  readonly months: Phrases;
  /** Before a name: "my name is". */
  readonly nameIntros: Phrases;
  readonly numbers: NumberWords;
  readonly spelling: SpellingWords;
  readonly questions: QuestionWords;
  readonly overAgent: OverAgentWords;
}

export interface NumberWords {
  /** A spoken word and how many digits it stands for. */
  readonly digits: ReadonlyMap<string, number>;
  /** ... and how it is written, for those that stand for digits alone: "oh" is 0. */
  readonly values: ReadonlyMap<string, string>;
  /** Words to which a unit adds no digit: "twenty" (three). */
  readonly tens: Phrases;
  /** Add so many digits to a number before them: "hundred". */
  readonly scales: ReadonlyMap<string, number>;
  /** Say the next digit so often: "double". */
  readonly repeats: ReadonlyMap<string, number>;
  /** First halves of a year: "nineteen" (eighty). */
  readonly centuries: Phrases;
}

export interface SpellingWords {
  /** Stand between letters and digits without ending the row: "dash", "capital". */
  readonly between: Phrases;
  /** Between a letter and the word that explains it: "as", "in". */
  readonly links: Phrases;
  readonly at: string;
  readonly dot: string;
  readonly domains: Phrases;
}

export type Asked =
  | 'date'
  | 'phone'
  | 'zip'
  | 'card'
  | 'code'
  | 'spelling'
  | 'email'
  | 'address'
  | 'name'
  | 'quantity'
  | 'when';

export interface QuestionWords {
  /** Tried in this order against the agent's question, lower case. */
  readonly patterns: readonly { readonly asks: Asked; readonly pattern: RegExp }[];
  /** A question that begins so is answered by yes or no. */
  readonly yesNoStarts: RegExp;
  /** ... and so even if it names a number or a day: "is that your phone number?" */
  readonly confirmations: RegExp;
  /** Between two things offered. */
  readonly or: RegExp;
  /** How many digits: first group is a number or a word of `counts`. */
  readonly digitCount: RegExp;
  readonly counts: ReadonlyMap<string, number>;
  /** Begins an order that asks for something without a question mark. */
  readonly requests: RegExp;
}

export interface OverAgentWords {
  /** Interrupt, besides those of the agent's file. */
  readonly always: Phrases;
  /** Let the agent go on, besides those of the agent's file. */
  readonly backchannels: Phrases;
}

const NONE: Phrases = new Set();
const NEVER = /(?!)/u;

/** A language nobody has written a file for: punctuation and figures alone judge. */
const unknown: TurnLanguage = {
  open: NONE,
  seldomLast: NONE,
  closed: NONE,
  finals: NONE,
  hesitations: NONE,
  stalls: NONE,
  verbs: NONE,
  relatives: NONE,
  leavesPreposition: NEVER,
  pronouns: NONE,
  auxiliaries: NONE,
  eitherWay: NONE,
  objects: NONE,
  answers: NONE,
  yesOrNo: NONE,
  choices: NONE,
  times: NONE,
  months: NONE,
  nameIntros: NONE,
  numbers: {
    digits: new Map(),
    values: new Map(),
    tens: NONE,
    scales: new Map(),
    repeats: new Map(),
    centuries: NONE,
  },
  spelling: { between: NONE, links: NONE, at: '@', dot: '.', domains: NONE },
  questions: {
    patterns: [],
    yesNoStarts: NEVER,
    confirmations: NEVER,
    or: NEVER,
    digitCount: NEVER,
    counts: new Map(),
    requests: NEVER,
  },
  overAgent: { always: NONE, backchannels: NONE },
};

const known: Readonly<Record<string, TurnLanguage>> = { en: english };

/** `tag` is a BCP 47 tag; only its first part counts. Never throws. */
export function turnLanguage(tag: string): TurnLanguage {
  const primary = tag.toLowerCase().split(/[-_]/u)[0] ?? '';
  return known[primary] ?? unknown;
}
