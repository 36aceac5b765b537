// How long to wait, after the voice stopped, before the caller's turn is taken to be over. Judged by the text alone: what
// was said, and what the agent had asked for. The words of a language are in ./language.
import { askedAnswer } from './answers.ts';
import type { Expectation } from './expectation.ts';
import type { TurnLanguage } from './language/language.ts';
import { pauseScale, type Pauses } from './pauses.ts';
import { clauseOf, lengthOfEnd, onlyOf, type Clause } from './clause.ts';

export interface EndpointSettings {
  readonly minWaitMs: number;
  readonly maxWaitMs: number;
}

export type Ending =
  /** A whole sentence, or the whole answer to what was asked. */
  | 'complete'
  /** A clause that could end here. */
  | 'likely'
  /** A fragment. */
  | 'unsure'
  /** A number or a spelt word under way. */
  | 'collecting'
  /** It wants more. */
  | 'open';

/** The share of the range between the least and the longest wait. */
const SHARE_OF: Readonly<Record<Ending, number>> = {
  complete: 0,
  likely: 0.15,
  unsure: 0.5,
  collecting: 0.9,
  open: 1,
};
/** How a turn ends stands in its last words; a caller may talk for minutes. */
const TAIL_CHARS = 200;
/** After having cut in, every wait grows by so much of the range at most. */
const CAUTION_SHARE = 0.35;

/** Milliseconds of silence that end a turn with this ending. The caller's own pauses scale the middle ones. */
export function waitMs(ending: Ending, settings: EndpointSettings, pauses: Pauses): number {
  const { minWaitMs, maxWaitMs } = settings;
  const middle = ending === 'likely' || ending === 'unsure' || ending === 'collecting';
  const share = SHARE_OF[ending] * (middle ? pauseScale(pauses) : 1) + pauses.caution * CAUTION_SHARE;
  return minWaitMs + Math.min(1, share) * (maxWaitMs - minWaitMs);
}

/** How the caller's turn so far ends. Some 20 us; depends on nothing but what it is given. */
export function endingOf(text: string, expects: Expectation, language: TurnLanguage): Ending {
  const tail = text.length > TAIL_CHARS ? text.slice(-TAIL_CHARS).replace(/^\S*\s/u, '') : text;
  const clause = clauseOf(tail);
  if (clause.words.length === 0) return 'unsure';
  const asked = askedAnswer(tail, clause, expects, language);
  return asked ?? plainEnding(clause, language);
}

/** Without regard to what was asked. */
function plainEnding(clause: Clause, language: TurnLanguage): Ending {
  const { words, mark } = clause;
  const last = words.at(-1) ?? '';
  if (mark === 'pause' || isStall(words, language)) return 'open';
  const closed = Math.max(lengthOfEnd(words, language.closed), lengthOfEnd(words, language.finals));
  if (language.hesitations.has(last)) return 'open';
  const open = lengthOfEnd(words, language.open);
  if (open > closed) return openEnding(clause, language);
  if (mark === 'question') return 'complete';
  if (closed === 0 && (language.seldomLast.has(last) || isLooseObject(words, language))) {
    if (isShortAnswer(words, language)) return 'complete';
    const ends = isStranded(words, language) || (mark === 'full' && isContactClause(words, language));
    return ends ? 'likely' : 'open';
  }
  if (lengthOfEnd(words, language.finals) > 0) return 'complete';
  const known = onlyOf(words, language.answers);
  const clausal = known || words.some((word) => language.verbs.has(word));
  if (mark === 'full')
    return clausal || words.length > 2 || language.verbs.size === 0 ? 'complete' : 'likely';
  if (known) return 'likely';
  return clausal && words.length > 2 ? 'likely' : 'unsure';
}

/**
 * "Did you know that": "know that" wants a clause, but a question may be about what was said before, and a mark of the
 * recogniser's says that it is. Other open words it takes less far: fragments are often heard as questions.
 */
function openEnding({ words, mark }: Clause, language: TurnLanguage): Ending {
  if (!language.eitherWay.has(words.at(-1) ?? '')) return mark === 'question' ? 'unsure' : 'open';
  if (mark === 'question') return 'likely';
  const inverted = language.auxiliaries.has(words.at(-4) ?? '') && language.pronouns.has(words.at(-3) ?? '');
  return inverted ? 'unsure' : 'open';
}

/** "Let me see", "hang on": the caller asks for time. */
function isStall(words: readonly string[], language: TurnLanguage): boolean {
  // "okay, let me check": what they begin with may be an answer.
  for (let from = 0; from < Math.min(3, words.length); from += 1) {
    for (let length = 2; length <= 4; length += 1) {
      if (language.stalls.has(words.slice(from, from + length).join(' '))) return true;
    }
    if (!language.yesOrNo.has(words[from] ?? '') && !language.hesitations.has(words[from] ?? ''))
      return false;
  }
  return false;
}

/** "... the last time I was there you": a subject, unless it follows what takes an object. */
function isLooseObject(words: readonly string[], language: TurnLanguage): boolean {
  if (!language.objects.has(words.at(-1) ?? '')) return false;
  const before = words.at(-2) ?? '';
  return !language.verbs.has(before) && !language.seldomLast.has(before) && !language.open.has(before);
}

/** "Yes I do", "no it isn't": a pronoun and its auxiliary after an answer. */
function isShortAnswer(words: readonly string[], language: TurnLanguage): boolean {
  const [pronoun = '', auxiliary = ''] = words.slice(-2);
  const answered = words.slice(0, -2).every((word) => language.yesOrNo.has(word));
  return (
    words.length > 2 && answered && language.pronouns.has(pronoun) && language.auxiliaries.has(auxiliary)
  );
}

/** "That was a great job you did": a second clause that leans on the noun before it, behind one with its own verb. */
function isContactClause(words: readonly string[], language: TurnLanguage): boolean {
  if (!language.pronouns.has(words.at(-2) ?? '') || !language.auxiliaries.has(words.at(-1) ?? ''))
    return false;
  const before = words.slice(0, -2);
  const noun = before.at(-1) ?? '';
  const isNoun = !language.verbs.has(noun) && !language.open.has(noun) && !language.seldomLast.has(noun);
  return before.length > 2 && isNoun && before.some((word) => language.verbs.has(word));
}

/** "That's what I'm looking for", "I don't know who he is": what the last word belongs to stands before it. */
function isStranded(words: readonly string[], language: TurnLanguage): boolean {
  const relative = words.findIndex((word) => language.relatives.has(word));
  if (relative < 0 || relative >= words.length - 2) return false;
  const beforeLast = words.at(-2) ?? '';
  return (
    language.leavesPreposition.test(beforeLast) ||
    !(language.open.has(beforeLast) || language.verbs.has(beforeLast))
  );
}
