// Which digits of a call are nobody's business. A question is sensitive when the agent's file names it, or the state
// that the call is in. The digits of the answer go to the model, which needs them, and nowhere else: what is
// told, logged and stored has their count instead. Card and social-security numbers are nobody's business whatever
// was asked, in one turn or over several.
import type { AgentFile } from '../agent/schema.ts';
import {
  asksForOther,
  NO_TAIL,
  redact,
  type Before,
  type NumberKind,
  type NumberSpan,
  type Tail,
} from '../redact/redact.ts';
import { namedSocialAt } from '../redact/socialNumbers.ts';
import type { HistoryItem } from '../llm/history.ts';
import { digitRuns, type DigitRun } from '../turn/digitRuns.ts';
import { turnLanguage, type TurnLanguage } from '../turn/language/language.ts';
import { wordsOf } from '../turn/said.ts';

/** Fewer digits than this are in every second sentence: outside the exchange itself they tell nothing. */
const SECRET_DIGITS_MIN = 3;
/** With more secrets than these, every digit of the rest of the call counts as one. */
export const SECRETS_MAX = 32;

/** What the agent has said since it began to answer the caller, for what the digits are; the oldest of it goes. */
export const ASKED_CHARS_MAX = 2_000;
/** So many turns a caller may talk of something else before they give the social-security number that was asked for. */
export const ASKED_TURNS_MAX = 3;
/** Stands for the question, when it was asked before what the agent has said last. */
const SOCIAL_ASKED = 'Social security number?';
/** What stands in the place of digits. */
const TAKEN_OUT = /\[(?:card number|social security number|(?:\d+ )?digits?)\]/gu;
/** It asks for one, and does not only speak of it. */
const ASKS = /\?|\b(?:please|give|tell|need|enter|say|read|provide|confirm)\b/iu;

/** How an exchange stands to a sensitive question: it is the answer, the one after it (a correction), or neither. */
type Exchange = 'answer' | 'after' | 'none';

/** What the agent has said that the caller may be answering. */
interface Asked {
  /** A sensitive question was asked and not answered yet. */
  readonly sensitive: boolean;
  /** So many turns on a social-security number that was asked for may still be given. */
  readonly socialTurns: number;
  /** All its sentences since it began to answer the caller's last turn. */
  readonly text: string;
  /** What it ends with; a number may go on. */
  readonly tail: Tail;
}

const NOTHING_ASKED: Asked = { sensitive: false, socialTurns: 0, text: '', tail: NO_TAIL };

export class Privacy {
  readonly #phrases: readonly string[];
  readonly #language: TurnLanguage;
  readonly #inSensitiveState: () => boolean;
  readonly #secrets = new Set<string>();
  #asked = NOTHING_ASKED;
  /** The same when the caller's last turn began to be answered ... */
  #askedBefore = NOTHING_ASKED;
  /** ... and as it was until an answer began of which nothing may have been heard yet. */
  #askedUntilHeard: Asked | undefined;
  readonly #rules: AgentFile['redaction'];
  /** Card and social-security numbers that were found; parts of them are hidden from then on. */
  readonly #known = new Map<string, NumberKind>();
  #numbersKnown = 0;
  /** What the caller's last turn ended with, and the one before it; a number may go on. */
  #turnTail = NO_TAIL;
  #turnTailBefore = NO_TAIL;
  /** The same for what the ears have finished in the turn under way. */
  #wordTail = NO_TAIL;
  #exchange: Exchange = 'none';
  #exchangeBefore: Exchange = 'none';

  /** `stateName` is where the conversation stands in the agent's states now. */
  constructor(
    { dtmf, language, states, redaction }: Pick<AgentFile, 'dtmf' | 'language' | 'states' | 'redaction'>,
    stateName: () => string | undefined,
  ) {
    this.#phrases = dtmf.sensitive.map((phrase) => ` ${wordsOf(phrase).join(' ')} `);
    this.#language = turnLanguage(language);
    this.#rules = redaction;
    this.#inSensitiveState = () => states?.named[stateName() ?? '']?.sensitive === true;
  }

  /** How often a card or social-security number was found, or more of one than before. */
  get numbersKnown(): number {
    return this.#numbersKnown;
  }

  /** What the ears' last words on an utterance end with, and the next one may go on from. */
  get wordTail(): Tail {
    return this.#wordTail;
  }

  /**
   * Where in a text there are card and social-security numbers, or parts of them, as far as they are known by now.
   * `past`: it was said before, and does not answer what is asked now.
   */
  numbersIn(text: string, tail: Tail = NO_TAIL, past = false): readonly NumberSpan[] {
    const before = this.#before(tail, false);
    return redact(text, this.#rules, past ? { ...before, asked: '' } : before).spans;
  }

  /** A sentence of the agent begins to be heard. `answers`: it is the first one of an answer to the caller. */
  agentSays(text: string, answers: boolean): void {
    const before = this.#asked;
    // What was asked before has been answered. A line, such as "are you still there?", answers nobody.
    if (answers) this.#askedUntilHeard = before;
    const said = ` ${wordsOf(text).join(' ')} `;
    const asksSocial = ASKS.test(text) && namedSocialAt(text) !== undefined;
    const socialTurns = asksForOther(text) ? 0 : before.socialTurns;
    this.#asked = {
      sensitive: (!answers && before.sensitive) || this.#phrases.some((phrase) => said.includes(phrase)),
      socialTurns: asksSocial ? ASKED_TURNS_MAX : socialTurns,
      text: (answers ? text : `${before.text} ${text}`).slice(-ASKED_CHARS_MAX),
      tail: before.tail,
    };
    this.#asked = { ...this.#asked, tail: this.#learnNumbers(text, before.tail) };
  }

  /** What the agent had to say is over, or was cut off. Not heard, it has answered nobody, and what was asked before stands. */
  agentSpoke(heard: boolean): void {
    if (!heard && this.#askedUntilHeard !== undefined) this.#asked = this.#askedUntilHeard;
    this.#askedUntilHeard = undefined;
  }

  /** This was said before, and others have kept it without its numbers: what was asked is still asked. */
  goOnFrom(items: readonly HistoryItem[]): void {
    let answers = false;
    for (const { kind, text } of items) {
      const said = text.replaceAll(TAKEN_OUT, '');
      if (kind === 'caller') this.turnBegan(said);
      else if (kind === 'agent' && said !== '') this.agentSays(said, answers);
      if (kind === 'caller' && said !== text) this.#asked = { ...this.#asked, socialTurns: 0 };
      answers = kind !== 'agent';
    }
    this.agentSpoke(true);
  }

  /** The caller has finished and is being answered. */
  turnBegan(callerText: string): void {
    const answers = this.#asked.sensitive || this.#inSensitiveState();
    if (this.#isSensitive) this.#learn(callerText);
    this.#turnTailBefore = this.#turnTail;
    this.#turnTail = this.#learnNumbers(callerText, this.#turnTail);
    this.#wordTail = this.#turnTail;
    this.#exchangeBefore = this.#exchange;
    this.#exchange = answers ? 'answer' : this.#exchange === 'answer' ? 'after' : 'none';
    this.#askedBefore = this.#asked;
    this.#askedUntilHeard = undefined;
    this.#noteGiven(callerText);
  }

  /** They had not finished after all: what was asked is what was asked before. */
  turnTakenBack(): void {
    this.#exchange = this.#exchangeBefore;
    this.#turnTail = this.#turnTailBefore;
    this.#asked = this.#askedBefore;
    this.#askedUntilHeard = undefined;
  }

  /** What the ears have understood of an utterance so far, for others to see. It may go on with the one before. */
  ofWords(text: string, final: boolean): string {
    const tail = this.#wordTail;
    const masked = this.#withoutNumbers(this.#masked(text, this.#isSensitive), tail, !final);
    if (final) this.#wordTail = this.#learnNumbers(text, tail);
    return masked;
  }

  /** What the caller has said or keyed in the turn that is not answered yet, for others to see. */
  ofCaller(text: string): string {
    return this.#withoutNumbers(this.#masked(text, this.#isSensitive), this.#turnTail);
  }

  /** The caller's side of the exchange under way, which may go on with a number of the turn before. */
  ofQuestion(text: string): string {
    return this.#withoutNumbers(this.#masked(text, this.#exchange !== 'none'), this.#turnTailBefore);
  }

  /** The agent's side of the exchange under way, for others to see. */
  ofExchange(text: string): string {
    return this.#withoutNumbers(this.#masked(text, this.#exchange !== 'none'), NO_TAIL);
  }

  /** Text of an earlier exchange, in the light of what is known by now. What is asked now it does not answer. */
  ofThePast(text: string): string {
    return redact(text, this.#rules, { ...this.#before(NO_TAIL, false), asked: '' }).text;
  }

  /** Whoever answers a sensitive question may correct it in the next turn. */
  get #isSensitive(): boolean {
    return this.#asked.sensitive || this.#exchange === 'answer' || this.#inSensitiveState();
  }

  /** Answers what the text ends with. */
  #learnNumbers(text: string, tail: Tail): Tail {
    const redacted = redact(text, this.#rules, this.#before(tail, false));
    for (const [number, kind] of redacted.found) this.#learnNumber(number, kind);
    return redacted.tail;
  }

  /** One that grew from turn to turn takes the place of its parts. */
  #learnNumber(number: string, kind: NumberKind): void {
    for (const known of this.#known.keys()) {
      if (known.includes(number)) return;
      if (number.includes(known)) this.#known.delete(known);
    }
    this.#known.set(number, kind);
    // What is said back is what was said of late.
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= SECRETS_MAX) break;
      this.#known.delete(oldest);
    }
    this.#numbersKnown += 1;
  }

  #withoutNumbers(text: string, tail: Tail, grows = false): string {
    return redact(text, this.#rules, this.#before(tail, grows)).text;
  }

  #before(tail: Tail, grows: boolean): Before {
    const { text, socialTurns } = this.#asked;
    return { tail, grows, asked: socialTurns > 0 ? `${text} ${SOCIAL_ASKED}` : text, known: this.#known };
  }

  /** Digits are the answer to whatever was asked; "one second" has none. */
  #noteGiven(callerText: string): void {
    const given = digitRuns(callerText, this.#language).some(
      ({ digits }) => digits !== undefined && digits.length >= SECRET_DIGITS_MIN,
    );
    const socialTurns = given ? 0 : Math.max(0, this.#asked.socialTurns - 1);
    this.#asked = { ...this.#asked, socialTurns };
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
