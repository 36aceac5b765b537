// A number on its way through a call's privacy as the call itself asks for it: partial by partial, turn by turn, and at the
// end what is at rest. How many digits are still to be seen is told without what took them out.
import type { AgentFile } from '../agent/schema.ts';
import { Privacy } from '../call/privacy.ts';
import type { Turns } from './cardForms.ts';

const DIGIT_WORDS = new Set(
  (
    'zero one two three four five six seven eight nine oh o nought ten eleven twelve thirteen fourteen fifteen sixteen ' +
    'seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety ' +
    'zeros ones twos threes fours fives sixes sevens eights nines'
  ).split(' '),
);
/** When a card expires says nothing of its number. */
const BESIDE_IT = /, (?:exp|expires|valid through) .*$/u;

/** How many digits come next is no digit. */
const COUNTED = /\b(?:first|next|last) (?:two|three|four|five|six)\b/giu;

/** Figures one by one, and words that stand for one or more digits once each. */
export function visibleDigits(text: string): number {
  const words =
    text
      .replace(BESIDE_IT, '')
      .replace(COUNTED, '')
      .normalize('NFKC')
      .toLowerCase()
      .match(/\p{Nd}+|\p{L}+/gu) ?? [];
  let count = 0;
  for (const word of words) {
    if (/^\p{Nd}/u.test(word)) count += Array.from(word).length;
    else if (DIGIT_WORDS.has(word)) count += 1;
  }
  return count;
}

/** The most digits that could be seen at once. */
export interface Walked {
  readonly partial: number;
  readonly final: number;
  /** In all that was stored of the call together. */
  readonly atRest: number;
  /** In what is kept of an agent that said all of it back, and was cut off after some word. */
  readonly readBack: number;
  /** The text with the most, and what was told of it. */
  readonly worst: string;
}

type Rules = AgentFile['redaction'];

/** `asked`: the agent's sentences before the first turn. */
export function walk(
  turns: Turns,
  asked: readonly string[] = ['How can I help you?'],
  rules: Rules = { cards: true, ssn: true },
): Walked {
  const dtmf = {
    endKey: '#',
    clearKey: '*',
    timeoutMs: 2_000,
    digitsMax: 32,
    interrupts: true,
    sensitive: [],
  } as const;
  const privacy = new Privacy(
    { dtmf, language: 'en-US', states: undefined, redaction: rules },
    () => undefined,
  );
  let [partial, final, most, worst] = [0, 0, -1, ''];
  const note = (said: string, told: string): number => {
    const count = visibleDigits(told);
    if (count > most) [most, worst] = [count, `${said} => ${told}`];
    return count;
  };
  for (const [i, sentence] of asked.entries()) privacy.agentSays(sentence, i === 0);
  for (const text of turns) {
    const words = text.split(' ');
    for (let count = 1; count < words.length; count += 1) {
      const said = words.slice(0, count).join(' ');
      partial = Math.max(partial, note(said, privacy.ofWords(said, false)));
    }
    final = Math.max(final, note(text, privacy.ofWords(text, true)), note(text, privacy.ofCaller(text)));
    privacy.turnBegan(text);
    final = Math.max(final, note(text, privacy.ofQuestion(text)));
    privacy.agentSays('Go on, please.', true);
  }
  const kept = turns.map((text) => privacy.ofThePast(text)).join(' | ');
  const atRest = note(turns.join(' | '), kept);
  const words = turns.join(' ').split(' ');
  let readBack = 0;
  for (let count = 1; count <= words.length; count += 1) {
    const heard = `I have written down ${words.slice(0, count).join(' ')}`;
    readBack = Math.max(readBack, note(heard, privacy.ofThePast(heard)));
  }
  return { partial, final, atRest, readBack, worst };
}
