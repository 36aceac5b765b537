// The writing end of the cleaner: single spaces, and a full stop where a line ended without one.
import { isCjk, isCloser, isDigit, isLowerCase, isWordCode } from './characters.ts';

/** After these a line needs no full stop, and white space need not wait for what follows. */
const MARKS = new Set('.!?…:;,。！？，、：；—');
const TIGHT = new Set('.,!?;:)]”’…。！？，');
const LIST_NUMBER_DIGITS_MAX = 3;

const SENTENCE_ENDS = new Set('.!?…。！？');

/**
 * Takes characters and line breaks, gives text without runs of white space. A line break is left only
 * after a full stop: there it tells "at 9 a.m." at the end of a line from one within.
 */
export class SpokenText {
  #out = '';
  /** The last character said that closes nothing: it decides whether a stop is missing. */
  #last = '';
  #lastCode = 0x20;
  /** White space owed before the next character; `dropped` when something was taken out there. */
  #gap: 'none' | 'space' | 'dropped' = 'none';
  #lineStart = true;
  /** A heading, list item or table row: it ends like a sentence. */
  #lineEnds = false;
  /** A line ended without a stop; the first letter of the next tells whether one was meant. */
  #softBreak = false;
  #cellBreak = false;
  #inRow = false;
  /** Digits at the start of the line, 0 when "1." was seen, -1 when it isn't a list's number. */
  #lineDigits = -1;

  /** Nothing of this line was said yet. */
  get atLineStart(): boolean {
    return this.#lineStart;
  }

  get inRow(): boolean {
    return this.#inRow;
  }

  /** Inside a heading, list item or table row. */
  get lineEnds(): boolean {
    return this.#lineEnds;
  }

  get atSentenceStart(): boolean {
    return this.#lineStart || this.#last === '' || (MARKS.has(this.#last) && this.#last !== ',');
  }

  /** What the next character will stand behind. */
  get before(): 'space' | 'digit' | 'word' | 'other' {
    if (this.#gap !== 'none' || this.#lastCode === 0x20) return 'space';
    if (isDigit(this.#lastCode)) return 'digit';
    return isWordCode(this.#lastCode) ? 'word' : 'other';
  }

  get lastCode(): number {
    return this.#lastCode;
  }

  take(): string {
    const out = this.#out;
    this.#out = '';
    return out;
  }

  say(character: string, code: number): void {
    if (this.#softBreak) {
      this.#softBreak = false;
      if (isWordCode(code) && !isLowerCase(character)) this.#stop();
    }
    if (this.#cellBreak) {
      this.#cellBreak = false;
      if (!MARKS.has(this.#last)) this.#out += ',';
      this.#gap = 'space';
    }
    if (this.#gap !== 'none') this.#payGap(character);
    const said = this.#lineDigits >= 0 || this.#lineStart ? this.#listNumber(character, code) : character;
    this.#lineStart = false;
    this.#out += said;
    this.#lastCode = code;
    if (!isCloser(said)) this.#last = said;
  }

  space(): void {
    if (this.#lineDigits === 0) {
      this.#lineEnds = true;
      this.#lineDigits = -1;
    }
    if (this.#lastCode === 0x20) return;
    this.#gap = 'space';
    // The splitter waits for this space; nothing can come before it any more.
    if (MARKS.has(this.#last)) this.#payGap('');
  }

  /** Something was taken out here: what stands on both sides stays apart. */
  dropped(): void {
    if (this.#lastCode !== 0x20) this.#gap = 'dropped';
  }

  newline(): void {
    if (this.#lineStart ? this.#softBreak : this.#lineEnds) this.#stop();
    else if (!this.#lineStart) this.#softBreak = !MARKS.has(this.#last);
    this.#lineStart = true;
    this.#lineEnds = false;
    this.#cellBreak = false;
    this.#inRow = false;
    this.#lineDigits = -1;
    this.#breakLine();
  }

  /** A heading or a list item begins. */
  item(): void {
    if (!this.#lineStart) {
      this.#lineEnds = true;
      this.newline();
    }
    if (this.#softBreak) this.#stop();
    this.#lineEnds = true;
  }

  /** The bar between two cells of a table, or before the first. */
  cell(): void {
    if (this.#lineStart) {
      if (this.#softBreak) this.#stop();
      this.#inRow = true;
    } else this.#cellBreak = true;
    this.#lineEnds = true;
  }

  #payGap(next: string): void {
    const tight = this.#gap === 'dropped' && TIGHT.has(next);
    this.#gap = 'none';
    if (tight || this.#lastCode === 0x20) return;
    this.#out += ' ';
    this.#lastCode = 0x20;
  }

  #stop(): void {
    this.#softBreak = false;
    if (this.#last === '' || MARKS.has(this.#last)) return;
    this.#out += isCjk(this.#last.charCodeAt(0)) ? '。' : '.';
    this.#last = '.';
    this.#lastCode = 0x2e;
    this.#breakLine();
  }

  #breakLine(): void {
    if (this.#lastCode === 0x20 || !SENTENCE_ENDS.has(this.#last)) {
      this.space();
      return;
    }
    this.#gap = 'none';
    this.#out += '\n';
    this.#lastCode = 0x20;
  }

  /** "1)" at the start of a line is said as "1."; both make the line a list's. */
  #listNumber(character: string, code: number): string {
    if (isDigit(code) && (this.#lineStart || this.#lineDigits > 0)) {
      this.#lineDigits = this.#lineStart ? 1 : this.#lineDigits + 1;
      return character;
    }
    const marker =
      this.#lineDigits > 0 &&
      this.#lineDigits <= LIST_NUMBER_DIGITS_MAX &&
      (character === '.' || character === ')');
    this.#lineDigits = marker ? 0 : -1;
    return marker ? '.' : character;
  }
}
