// Text into sentences as it streams. Words are judged when they end, so what comes out depends on the
// text alone and never on how it was cut into deltas, and each character is looked at once.
import {
  isAsciiLetter,
  isCjk,
  isCjkClauseMark,
  isCjkStop,
  isCloser,
  isDigit,
  isLowerCase,
  isSpace,
  isWordCode,
} from './characters.ts';
import { rulesFor } from './language.ts';
import type { LanguageRules } from './rules.ts';
import { bareWord, missingSpaceAt, wordEnd, type WordEnd } from './wordEnd.ts';

/** Above this we cut at a clause or a space: a caller should not wait for a model that forgot the full stop. */
export const SENTENCE_CHARS_MAX = 240;
/** A longer piece sounds better: the cut for length takes a clause only after this many characters. */
const LONG_CLAUSE_CHARS_MIN = 80;

/**
 * The first piece may end at a comma, semicolon, colon or dash once it is this long: about 0.8 s of
 * speech, in which the rest of the sentence arrives. A shorter one ("Yes,") is over before that, and
 * the caller hears the gap.
 */
export const CLAUSE_WORDS_MIN = 3;
export const CLAUSE_CHARS_MIN = 12;
/** Before a conjunction no comma excuses the breath, so more has to be said first. */
export const JOINT_WORDS_MIN = 5;
export const JOINT_CHARS_MIN = 24;
/** The same in a script without spaces, where a character is about a syllable; and what must follow. */
const CJK_CLAUSE_CHARS_MIN = 6;
const CJK_REST_CHARS_MIN = 3;

/** A later sentence below both is joined to the next: a voice says "Okay. Let me see." in one breath. */
const SHORT_WORDS_MAX = 2;
const SHORT_CHARS_MAX = 16;

export interface SplitterOptions {
  /** BCP 47; an unknown one gets cautious rules. */
  readonly language: string;
  /** Cut the first piece at a clause when it is long enough. */
  readonly earlyClause: boolean;
}

/** Where the first piece is cut if the next word shows that more than a fragment follows. */
interface Breath {
  readonly at: number;
  /** "and": only when a subject follows, so that "salt and pepper" stays whole. */
  readonly needsSubject: boolean;
  /** "March 3, 2025" is one date. */
  readonly afterDigit: boolean;
}

/** Where the sentence ends if the next word says so. */
interface Doubt {
  readonly at: number;
  readonly end: 'ifCapital' | 'ifStarter';
}

/**
 * One a reply. `push` answers the pieces that the new text completed, in order and trimmed; joined
 * they are the whole text up to white space. A full stop is believed when one more character is
 * there, after an abbreviation or a number when the next word is; `end` answers what is left.
 * At most SENTENCE_CHARS_MAX characters are held.
 */
export class SentenceSplitter {
  readonly #rules: LanguageRules;
  readonly #earlyClause: boolean;
  #pieces: string[] = [];
  /** The text from `#base` on. All positions count from the start of the reply. */
  #text = '';
  #base = 0;
  #at = 0;
  /** Where the piece under way begins. */
  #from = 0;
  #first = true;
  /** Where the word under way begins, and whether it has a letter or digit yet; -1 between words. */
  #wordAt = -1;
  #wordSays = false;
  /** Words in the piece, and in its sentence: a piece can hold a short sentence and the next. */
  #words = 0;
  #sentenceWords = 0;
  #cjkChars = 0;
  #cjkStopped = false;
  #doubt: Doubt | undefined;
  #breath: Breath | undefined;
  #lastClauseAt = 0;
  #lastSpaceAt = 0;

  constructor(options: SplitterOptions) {
    this.#rules = rulesFor(options.language);
    this.#earlyClause = options.earlyClause;
  }

  push(delta: string): string[] {
    this.#text += delta;
    const end = this.#base + this.#text.length;
    while (this.#at < end) {
      if (this.#at - this.#from >= SENTENCE_CHARS_MAX) this.#cutLong();
      this.#look(this.#text.charCodeAt(this.#at - this.#base));
      this.#at += 1;
    }
    return this.#take();
  }

  end(): string[] {
    if (this.#wordAt >= 0 && !this.#cjkStopped) this.#wordEnded(this.#at);
    this.#cut(this.#at);
    return this.#take();
  }

  #take(): string[] {
    if (this.#from > this.#base) {
      this.#text = this.#text.slice(this.#from - this.#base);
      this.#base = this.#from;
    }
    const pieces = this.#pieces;
    if (pieces.length > 0) this.#pieces = [];
    return pieces;
  }

  #look(code: number): void {
    if (this.#wordSays && isAsciiLetter(code) && !this.#cjkStopped) return; // most of all characters
    if (isSpace(code)) {
      this.#space(code);
      return;
    }
    const closing = this.#cjkStopped && (isCjkStop(code) || isCloser(String.fromCharCode(code)));
    if (closing) return;
    if (this.#cjkStopped) this.#cjkSentenceEnded();
    if (this.#wordAt < 0) this.#wordAt = this.#at;
    if (!this.#wordSays && isWordCode(code)) this.#wordBegan();
    if (code >= 0x2014) this.#wideCharacter(code);
  }

  #space(code: number): void {
    if (this.#cjkStopped) this.#cjkSentenceEnded();
    else if (this.#wordAt >= 0) this.#wordEnded(this.#at);
    // The line settles what the next word would have: "at 9 a.m." and then a list's "2."
    if (code === 0x0a && this.#doubt !== undefined) this.#sentenceEnded(this.#doubt.at);
    if (this.#at === this.#from) this.#from += 1;
    this.#lastSpaceAt = this.#at;
  }

  /** From the long dash on: CJK and what is rare. */
  #wideCharacter(code: number): void {
    if (code === 0x2014) {
      // "that—let me check": a dash ends a word with or without a space.
      if (this.#wordSays) this.#wordEnded(this.#at + 1);
    } else if (isCjkStop(code)) {
      this.#cjkStopped = this.#words > 0 || this.#wordSays;
      this.#breath = undefined;
    } else if (isCjkClauseMark(code)) {
      this.#lastClauseAt = this.#at + 1;
      if (this.#first && this.#earlyClause && this.#cjkChars >= CJK_CLAUSE_CHARS_MIN) {
        this.#breath ??= { at: this.#at + 1, needsSubject: false, afterDigit: false };
      }
    } else if (isCjk(code)) {
      this.#cjkChars += 1;
      const breath = this.#breath;
      if (breath !== undefined && this.#at - breath.at >= CJK_REST_CHARS_MIN - 1) this.#cut(breath.at);
    }
  }

  #cjkSentenceEnded(): void {
    this.#wordAt = -1;
    this.#wordSays = false;
    this.#sentenceEnded(this.#at);
  }

  /** The first letter or digit of a word: it tells whether the word is capitalised. */
  #wordBegan(): void {
    this.#wordSays = true;
    const doubt = this.#doubt;
    if (doubt?.end !== 'ifCapital') return;
    this.#doubt = undefined;
    const letter = this.#text.charAt(this.#at - this.#base);
    if (!isLowerCase(letter) && !isDigit(letter.charCodeAt(0))) this.#sentenceEnded(doubt.at);
  }

  #wordEnded(end: number): void {
    let start = this.#wordAt;
    let word = this.#text.slice(start - this.#base, end - this.#base);
    const says = this.#wordSays;
    this.#wordAt = -1;
    this.#wordSays = false;
    if (!says) {
      if (this.#words > 0) this.#judge(word, start, false, wordEnd(word, false, this.#rules));
      return;
    }
    if (this.#doubt?.end === 'ifStarter') this.#answerDoubt(this.#doubt.at, word);
    for (
      let gapAt = missingSpaceAt(word, this.#rules);
      gapAt > 0;
      gapAt = missingSpaceAt(word, this.#rules)
    ) {
      this.#judge(word.slice(0, gapAt), start, true, 'sentence');
      start += gapAt;
      word = word.slice(gapAt);
    }
    this.#judge(word, start, true, wordEnd(word, this.#sentenceWords === 0, this.#rules));
  }

  #answerDoubt(at: number, word: string): void {
    this.#doubt = undefined;
    const bare = bareWord(word);
    const capitalised = !isLowerCase(bare.charAt(0));
    if (capitalised && this.#rules.starters.has(bare.toLowerCase())) this.#sentenceEnded(at);
  }

  #judge(word: string, start: number, says: boolean, kind: WordEnd): void {
    if (this.#breath !== undefined && says) this.#answerBreath(this.#breath, word, kind);
    if (says) {
      this.#words += 1;
      this.#sentenceWords += 1;
    }
    const end = start + word.length;
    if (kind === 'sentence') this.#sentenceEnded(end);
    else if (kind === 'clause') this.#clauseEnded(end);
    else if (kind !== 'none') this.#doubt = { at: end, end: kind };
    else if (this.#breath === undefined) this.#maybeJoint(word, start);
  }

  /** A word that itself ends the sentence would be left alone by the cut: "..., sir." */
  #answerBreath(breath: Breath, word: string, kind: WordEnd): void {
    this.#breath = undefined;
    if (kind !== 'none' && kind !== 'clause') return;
    if (breath.needsSubject && !this.#rules.subjects.has(bareWord(word).toLowerCase())) return;
    if (breath.afterDigit && isDigit(word.charCodeAt(0))) return;
    this.#cut(breath.at);
  }

  #clauseEnded(at: number): void {
    this.#lastClauseAt = at;
    if (!this.#mayBreathe(CLAUSE_WORDS_MIN, this.#words, CLAUSE_CHARS_MIN, at)) return;
    const afterDigit = isDigit(this.#text.charCodeAt(at - 2 - this.#base));
    this.#breath ??= { at, needsSubject: false, afterDigit };
  }

  #maybeJoint(word: string, start: number): void {
    if (!this.#mayBreathe(JOINT_WORDS_MIN, this.#words - 1, JOINT_CHARS_MIN, start)) return;
    const lower = word.toLowerCase();
    const coordinator = this.#rules.coordinators.has(lower);
    if (!coordinator && !this.#rules.clauseWords.has(lower)) return;
    this.#breath = { at: start, needsSubject: coordinator, afterDigit: false };
  }

  #mayBreathe(wordsMin: number, words: number, charsMin: number, at: number): boolean {
    return this.#first && this.#earlyClause && words >= wordsMin && at - this.#from >= charsMin;
  }

  #sentenceEnded(at: number): void {
    this.#doubt = undefined;
    this.#breath = undefined;
    this.#cjkStopped = false;
    this.#lastClauseAt = at;
    const chars = at - this.#from + this.#cjkChars;
    if (!this.#first && this.#words <= SHORT_WORDS_MAX && chars < SHORT_CHARS_MAX) {
      this.#sentenceWords = 0;
      return;
    }
    this.#cut(at);
    this.#sentenceWords = 0;
  }

  #cutLong(): void {
    let at = this.#at;
    if (this.#lastClauseAt - this.#from >= LONG_CLAUSE_CHARS_MIN) at = this.#lastClauseAt;
    else if (this.#lastSpaceAt > this.#from) at = this.#lastSpaceAt;
    else if (isLowSurrogate(this.#text.charCodeAt(at - this.#base))) at -= 1;
    if (this.#doubt !== undefined && this.#doubt.at <= at) this.#doubt = undefined;
    if (this.#wordAt >= 0 && this.#wordAt < at) this.#wordAt = at;
    this.#cut(at);
  }

  #cut(at: number): void {
    const piece = this.#text
      .slice(this.#from - this.#base, at - this.#base)
      .trim()
      .replaceAll('\n', ' ');
    if (piece !== '') this.#pieces.push(piece);
    this.#from = at;
    this.#first = false;
    this.#breath = undefined;
    this.#words = 0;
    this.#cjkChars = 0;
  }
}

function isLowSurrogate(code: number): boolean {
  return code >= 0xdc00 && code <= 0xdfff;
}
