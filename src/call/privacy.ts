// Which digits of a call are nobody's business. A question is sensitive when the agent's file names it, or the state
// that the call is in. The digits of the answer go to the model, which needs them, and nowhere else: what is
// told, logged and stored has their count instead.
import type { AgentFile } from '../agent/schema.ts';
import { digitRuns, type DigitRun } from '../turn/digitRuns.ts';
import { turnLanguage, type TurnLanguage } from '../turn/language/language.ts';
import { wordsOf } from '../turn/said.ts';

/** Fewer digits than this are in every second sentence: outside the exchange itself they tell nothing. */
const SECRET_DIGITS_MIN = 3;
/** With more secrets than these, every digit of the rest of the call counts as one. */
export const SECRETS_MAX = 32;

/** How an exchange stands to a sensitive question: it is the answer, the one after it (a correction), or neither. */
type Exchange = 'answer' | 'after' | 'none';

export class Privacy {
  readonly #phrases: readonly string[];
  readonly #language: TurnLanguage;
  readonly #inSensitiveState: () => boolean;
  readonly #secrets = new Set<string>();
  /** A sensitive question was asked and not answered yet. */
  #asked = false;
  #exchange: Exchange = 'none';
  #exchangeBefore: Exchange = 'none';

  /** `stateName` is where the conversation stands in the agent's states now. */
  constructor(
    { dtmf, language, states }: Pick<AgentFile, 'dtmf' | 'language' | 'states'>,
    stateName: () => string | undefined,
  ) {
    this.#phrases = dtmf.sensitive.map((phrase) => ` ${wordsOf(phrase).join(' ')} `);
    this.#language = turnLanguage(language);
    this.#inSensitiveState = () => states?.named[stateName() ?? '']?.sensitive === true;
  }

  /** A sentence of the agent begins to be heard. `answers`: it is the first one of an answer to the caller. */
  agentSays(text: string, answers: boolean): void {
    // What was asked before has been answered. A line, such as "are you still there?", changes nothing.
    if (answers) this.#asked = false;
    const said = ` ${wordsOf(text).join(' ')} `;
    this.#asked ||= this.#phrases.some((phrase) => said.includes(phrase));
  }

  /** The caller has finished and is being answered. */
  turnBegan(callerText: string): void {
    const answers = this.#asked || this.#inSensitiveState();
    if (this.#isSensitive) this.#learn(callerText);
    this.#exchangeBefore = this.#exchange;
    this.#exchange = answers ? 'answer' : this.#exchange === 'answer' ? 'after' : 'none';
  }

  /** They had not finished after all. */
  turnTakenBack(): void {
    this.#exchange = this.#exchangeBefore;
  }

  /** What the caller says or keys, for others to see. */
  ofCaller(text: string): string {
    return this.#masked(text, this.#isSensitive);
  }

  /** Text of the exchange under way, the agent's and the question that it answers, for others to see. */
  ofExchange(text: string): string {
    return this.#masked(text, this.#exchange !== 'none');
  }

  /** Whoever answers a sensitive question may correct it in the next turn. */
  get #isSensitive(): boolean {
    return this.#asked || this.#exchange === 'answer' || this.#inSensitiveState();
  }

  #learn(callerText: string): void {
    for (const { digits, count } of digitRuns(callerText, this.#language)) {
      if (count < SECRET_DIGITS_MIN || this.#secrets.size > SECRETS_MAX) continue;
      // What cannot be written down cannot be looked for.
      this.#secrets.add(digits ?? '');
    }
  }

  #masked(text: string, all: boolean): string {
    if (!all && this.#secrets.size === 0) return text;
    let masked = '';
    let from = 0;
    for (const run of digitRuns(text, this.#language)) {
      if (!all && !this.#isSecret(run)) continue;
      masked += `${text.slice(from, run.start)}[${run.count} ${run.count === 1 ? 'digit' : 'digits'}]`;
      from = run.end;
    }
    return masked + text.slice(from);
  }

  #isSecret({ digits, count }: DigitRun): boolean {
    if (this.#secrets.size > SECRETS_MAX) return true;
    if (count < SECRET_DIGITS_MIN) return false;
    if (digits === undefined) return true;
    return [...this.#secrets].some(
      (secret) => secret !== '' && (secret.includes(digits) || digits.includes(secret)),
    );
  }
}
