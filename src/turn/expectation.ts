// What the agent's last question asks for: the same silence means something else after "yes" when yes was asked for.
import type { Asked, TurnLanguage } from './language/language.ts';
import { wordsOf } from './said.ts';

export type Expectation =
  /** Nothing in particular. */
  | { readonly kind: 'open' }
  | { readonly kind: 'yes_no' }
  /** `words` are those of the question. */
  | { readonly kind: 'choice'; readonly words: readonly string[] }
  /** `counts` are the lengths a whole one can have, ascending; empty when they are not known. */
  | { readonly kind: 'digits'; readonly counts: readonly number[] }
  | { readonly kind: 'spelling' | 'name' | 'address' | 'email' | 'date' | 'quantity' | 'when' };

export const NOTHING_ASKED: Expectation = { kind: 'open' };

/** North American numbers with and without the 1; elsewhere nine is as long as it takes. */
const PHONE_DIGITS = [10, 11];
const ZIP_DIGITS = [5, 9];
const CARD_DIGITS = [15, 16];

/** Reads the last question of what the agent said; a request without a question mark counts when it stands last. */
export function expectationOf(agentText: string, language: TurnLanguage): Expectation {
  const question = lastQuestion(agentText, language);
  if (question === undefined) return NOTHING_ASKED;
  const { patterns, yesNoStarts, confirmations, or } = language.questions;
  if (confirmations.test(question) && !or.test(question)) return { kind: 'yes_no' };
  const asked = patterns.find(({ pattern }) => pattern.test(question));
  if (asked !== undefined) return expectationFor(asked.asks, question, language);
  if (or.test(question)) return { kind: 'choice', words: wordsOf(question) };
  return yesNoStarts.test(question) ? { kind: 'yes_no' } : NOTHING_ASKED;
}

function expectationFor(asks: Asked, question: string, language: TurnLanguage): Expectation {
  switch (asks) {
    case 'phone':
      return { kind: 'digits', counts: PHONE_DIGITS };
    case 'zip':
      return { kind: 'digits', counts: ZIP_DIGITS };
    case 'card':
    case 'code': {
      const counts = digitCount(question, language);
      return { kind: 'digits', counts: counts.length === 0 && asks === 'card' ? CARD_DIGITS : counts };
    }
    default:
      return { kind: asks };
  }
}

/** "The last four digits", "your 16-digit card number". */
function digitCount(question: string, language: TurnLanguage): readonly number[] {
  const match = language.questions.digitCount.exec(question);
  const count = match?.[1] === undefined ? language.questions.counts.get(match?.[2] ?? '') : Number(match[1]);
  return count === undefined ? [] : [count];
}

/** A question in the last two sentences, else a request in the last; lower case. */
function lastQuestion(agentText: string, language: TurnLanguage): string | undefined {
  const sentences = sentencesOf(agentText.toLowerCase().replace(/[\u2019\u02bc]/gu, "'"));
  const question = sentences.slice(-2).findLast((sentence) => /[?\uff1f]["')]?$/u.test(sentence));
  if (question !== undefined) return question;
  const last = sentences.at(-1);
  return last !== undefined && language.questions.requests.test(last) ? last : undefined;
}

function sentencesOf(text: string): readonly string[] {
  return text.split(/(?<=[.?!\u3002\uff1f\uff01]["')]?)\s+/u).map((one) => one.trim()).filter((one) => one !== ''); // prettier-ignore
}

/** What the agent is saying, as far as it is known. */
export interface AgentWords {
  readonly replyId: number;
  /** What the caller has heard by now. */
  readonly heardText: string;
  /** All there is of the reply so far. */
  readonly text: string;
  /** Nothing will be added to `text`. */
  readonly whole: boolean;
  /** What is being said is said to its end: so long it still takes, as far as that is known. Absent: it may be stopped. */
  readonly protectedMs?: number;
  /** When the caller began to speak, no word of the reply can have been heard, and it has done nothing that stays done. */
  readonly unheard?: boolean;
}

/** So much of the closing question is enough to know it. */
const MOSTLY = 0.6;

/** The words of the reply that the caller has not heard yet. */
export function unheardText(agent: AgentWords): string {
  return tokens(agent.text).slice(tokens(agent.heardText).length).join(' ');
}

/** What the reply's closing question asks for, once most of it was heard; undefined before, or when it closes with none. */
export function askedSoFar(agent: AgentWords, language: TurnLanguage): Expectation | undefined {
  if (!agent.whole) return undefined;
  const closing = tokens(sentencesOf(agent.text).at(-1) ?? '').length;
  const unheard = Math.max(0, tokens(agent.text).length - tokens(agent.heardText).length);
  if (closing === 0 || unheard > closing * (1 - MOSTLY)) return undefined;
  const asked = expectationOf(agent.text, language);
  return asked.kind === 'open' ? undefined : asked;
}

function tokens(text: string): readonly string[] {
  return text.split(/\s+/u).filter((word) => word !== '');
}
