// What a model writes, as it would be said: markup, pictures, tags, speaker labels and stage directions
// are taken out while the text streams. A mark may be cut anywhere by a delta, so this is a machine over
// characters. It holds back only what it cannot judge yet, and each kind within a bound.
import { isAsciiLetter, isDigit, isLowerCase, isSpace, isUnsayable, isWordCode } from './characters.ts';
import { rulesFor } from './language.ts';
import { entityText, HIDDEN_TAIL_CHARS, readTag } from './markup.ts';
import type { LanguageRules } from './rules.ts';
import { SpokenText } from './spokenText.ts';

const LABEL_CHARS_MAX = 32;
/** Longer text between single asterisks is emphasis, not a stage direction. */
const STAGE_CHARS_MAX = 60;
const STAGE_WORDS_MAX = 6;
const BRACKET_CHARS_MAX = 80;
const TAG_CHARS_MAX = 200;
const ENTITY_CHARS_MAX = 9;
/** Of a link's address we keep nothing; beyond this it was not one, and we speak again. */
const LINK_CHARS_MAX = 2_000;

/** Text that waits until the next characters tell what it is. */
type Hold =
  /** The first words of a line: perhaps a speaker's label. */
  | { readonly kind: 'label'; text: string }
  /** After a single asterisk: emphasis or a stage direction. */
  | { readonly kind: 'stage'; text: string }
  /** After "!": an image or the end of a sentence. */
  | { readonly kind: 'bang'; text: string }
  | { readonly kind: 'bracket'; text: string }
  /** After the closing bracket: a link's address or not. */
  | { readonly kind: 'bracketed'; text: string }
  | { readonly kind: 'tag'; text: string }
  | { readonly kind: 'entity'; text: string }
  /** These three are dropped as they come. */
  | { readonly kind: 'link'; readonly opener: string; readonly closer: string; depth: number; chars: number }
  | { readonly kind: 'hidden'; readonly name: string; text: string }
  | { readonly kind: 'restOfLine' };

/** One mark several times: how many, and what stands round them, decides what it means. */
interface Run {
  readonly mark: string;
  count: number;
}

const RUN_MARKS = new Set('*_~-=#`+');
const EMPHASIS = /[*_]/gu;
const SPACES = /\s+/u;
const AFTER_VERB = /[^a-z]+$/u;
/** A citation, a box to tick, or the note on an interruption that a model copied from its history. */
const CITATION = /^[\d\s,^†‡-]*$|^x$|\binterrupted\b/iu;
const BULLETS = new Set('•‣◦▪●∙');
/** In front of an underscore these are the inside of an address. */
const ADDRESS_CODES = new Set(Buffer.from('/.-=@&%?'));

/** One a reply. What `push` and `end` answer, joined, doesn't depend on how the text was cut into deltas. */
export class SpeechText {
  readonly #rules: LanguageRules;
  readonly #spoken = new SpokenText();
  #highSurrogate = 0;
  #afterPicture = false;
  /** No second look at a line's first words once they were no label. */
  #mayBeLabel = true;
  #run: Run | undefined;
  #hold: Hold | undefined;

  constructor(options: { readonly language: string }) {
    this.#rules = rulesFor(options.language);
  }

  push(delta: string): string {
    for (let i = 0; i < delta.length; i += 1) this.#unit(delta.charCodeAt(i));
    return this.#spoken.take();
  }

  end(): string {
    this.#settleRun();
    for (let hold = this.#hold; hold !== undefined; hold = this.#hold) {
      this.#hold = undefined;
      if (hold.kind === 'bang') this.#spoken.say('!', 0x21);
      else if (hold.kind === 'entity') this.#undecoded(hold.text);
      else if (hold.kind === 'bracketed') this.#bracketed(hold.text, '');
      else if (hold.kind === 'label' || hold.kind === 'stage' || hold.kind === 'bracket') {
        this.#mayBeLabel = false;
        this.#again(hold.text);
      }
      this.#settleRun();
    }
    return this.#spoken.take();
  }

  #unit(code: number): void {
    const high = this.#highSurrogate;
    if (code >= 0xd800 && code <= 0xdbff) {
      this.#highSurrogate = code;
    } else if (high === 0) {
      this.#character(String.fromCharCode(code), code);
    } else {
      this.#highSurrogate = 0;
      const character =
        code >= 0xdc00 && code <= 0xdfff ? String.fromCharCode(high, code) : String.fromCharCode(code);
      this.#character(character, character.codePointAt(0) ?? code);
    }
  }

  #character(character: string, code: number): void {
    if (this.#run?.mark === character) {
      this.#run.count += 1;
      return;
    }
    if (this.#run !== undefined) this.#runEnded(character);
    if (this.#hold === undefined) this.#plain(character, code);
    else this.#held(this.#hold, character, code);
  }

  /** Text that was held and is no mark. */
  #again(text: string): void {
    for (const character of text) this.#character(character, character.codePointAt(0) ?? 0);
  }

  #plain(character: string, code: number): void {
    if (isAsciiLetter(code)) {
      if (this.#mayBeLabel && this.#spoken.atLineStart) this.#hold = { kind: 'label', text: character };
      else this.#spoken.say(character, code);
    } else if (code === 0x20) this.#spoken.space();
    else if (code === 0x0a) this.#newline();
    else if (isSpace(code)) this.#spoken.space();
    else if (RUN_MARKS.has(character)) this.#run = { mark: character, count: 1 };
    else if (code < 0x80) this.#ascii(character, code);
    else this.#wide(character, code);
  }

  #wide(character: string, code: number): void {
    if (isUnsayable(code) || (code === 0x200d && this.#afterPicture)) {
      if (!BULLETS.has(character)) this.#spoken.dropped();
      else this.#spoken.item();
      this.#afterPicture = true;
      return;
    }
    this.#afterPicture = false;
    if (BULLETS.has(character)) this.#spoken.item();
    else this.#spoken.say(character, code);
  }

  #ascii(character: string, code: number): void {
    if (character === '[') this.#hold = { kind: 'bracket', text: '' };
    else if (character === '!') this.#hold = { kind: 'bang', text: '' };
    else if (character === '<') this.#hold = { kind: 'tag', text: '' };
    else if (character === '&') this.#hold = { kind: 'entity', text: '' };
    else if (character === '|') this.#spoken.cell();
    else if (character === '\\' || character === ']' || isUnsayable(code)) return;
    // Of a quotation, of a table's ruler, and of a label with two.
    else if (this.#spoken.atLineStart && (character === '>' || character === ':')) return;
    else this.#spoken.say(character, code);
  }

  #newline(): void {
    this.#spoken.newline();
    this.#mayBeLabel = true;
  }

  #settleRun(): void {
    if (this.#run !== undefined) this.#runEnded('');
  }

  #runEnded(next: string): void {
    const { mark, count } = this.#run ?? { mark: '', count: 0 };
    this.#run = undefined;
    const nextSpace = next === '' || isSpace(next.charCodeAt(0));
    const spoken = this.#spoken;
    const bullet = spoken.atLineStart && count === 1 && nextSpace && !spoken.inRow;
    switch (mark) {
      case '*':
        if (bullet) spoken.item();
        else if (count === 1) this.#asterisk(next, nextSpace);
        return;
      case '-':
        if (bullet) spoken.item();
        else if (count === 1 && !(spoken.atLineStart && spoken.inRow)) spoken.say('-', 0x2d);
        else if (!spoken.atLineStart) this.#dash();
        return;
      case '+':
        if (bullet) spoken.item();
        else this.#literally(mark, count);
        return;
      case '#':
        if (spoken.atLineStart && nextSpace) spoken.item();
        else if (!(spoken.lineEnds && nextSpace)) this.#literally(mark, count);
        return;
      case '_':
        if (this.#insideWord() && isWordCode(next.codePointAt(0) ?? 0)) this.#literally(mark, count);
        return;
      case '`':
        if (count >= 3 && spoken.atLineStart && next !== '\n') this.#hold = { kind: 'restOfLine' };
        return;
      default:
        // "=" and "~": alone they are text, in rows they underline or strike through.
        if (count < (mark === '=' ? 3 : 2)) this.#literally(mark, count);
    }
  }

  #literally(mark: string, count: number): void {
    for (let i = 0; i < count; i += 1) this.#spoken.say(mark, mark.charCodeAt(0));
  }

  #dash(): void {
    this.#spoken.dropped();
    this.#spoken.say('—', 0x2014);
    this.#spoken.dropped();
  }

  #asterisk(next: string, nextSpace: boolean): void {
    const before = this.#spoken.before;
    const product =
      (before === 'space' && nextSpace && next !== '') || (before === 'digit' && isDigit(next.charCodeAt(0)));
    if (product) this.#spoken.say('*', 0x2a);
    else if (before !== 'word' && before !== 'digit' && !nextSpace) this.#hold = { kind: 'stage', text: '' };
  }

  #insideWord(): boolean {
    const before = this.#spoken.before;
    return (
      before === 'word' ||
      before === 'digit' ||
      (before === 'other' && ADDRESS_CODES.has(this.#spoken.lastCode))
    );
  }

  #held(hold: Hold, character: string, code: number): void {
    switch (hold.kind) {
      case 'label':
        return this.#heldLabel(hold, character, code);
      case 'stage':
        return this.#heldStage(hold, character, code);
      case 'bang':
        this.#hold = undefined;
        if (character !== '[') this.#spoken.say('!', 0x21);
        return this.#character(character, code);
      case 'bracket':
        if (character === ']') this.#hold = { kind: 'bracketed', text: hold.text };
        else if (character === '[' || code === 0x0a || hold.text.length >= BRACKET_CHARS_MAX) {
          this.#release(hold.text, character, code);
        } else hold.text += character;
        return;
      case 'bracketed':
        this.#hold = undefined;
        if (!this.#bracketed(hold.text, character)) this.#character(character, code);
        return;
      case 'tag':
        return this.#heldTag(hold, character, code);
      case 'entity':
        return this.#heldEntity(hold, character, code);
      case 'link':
        hold.chars += 1;
        if (character === hold.opener) hold.depth += 1;
        else if (character === hold.closer) hold.depth -= 1;
        if (hold.depth === 0 || hold.chars > LINK_CHARS_MAX) this.#hold = undefined;
        return;
      case 'hidden':
        hold.text = (hold.text + character.toLowerCase()).slice(-HIDDEN_TAIL_CHARS);
        if (hold.text.endsWith(`</${hold.name}>`)) this.#hold = undefined;
        return;
      case 'restOfLine':
        if (code !== 0x0a) return;
        this.#hold = undefined;
        return this.#newline();
      default:
        return hold satisfies never;
    }
  }

  #release(text: string, character: string, code: number): void {
    this.#hold = undefined;
    this.#again(text);
    this.#character(character, code);
  }

  #heldLabel(hold: Hold & { kind: 'label' }, character: string, code: number): void {
    const name = hold.text.replaceAll(EMPHASIS, '').trimEnd().toLowerCase();
    if ((character === ':' || code === 0xff1a) && this.#rules.speakerLabels.includes(name)) {
      this.#hold = undefined;
      return;
    }
    const text = hold.text + character;
    const prefix = text.replaceAll(EMPHASIS, '').toLowerCase();
    const possible = this.#rules.speakerLabels.some((label) => `${label} `.startsWith(prefix));
    if (possible && text.length <= LABEL_CHARS_MAX) {
      hold.text = text;
      return;
    }
    this.#mayBeLabel = false;
    this.#release(hold.text, character, code);
  }

  #heldStage(hold: Hold & { kind: 'stage' }, character: string, code: number): void {
    const closing = character === '*' && !isSpace(hold.text.charCodeAt(hold.text.length - 1));
    if (closing) {
      this.#hold = undefined;
      if (this.#isStageDirection(hold.text)) this.#spoken.dropped();
      else this.#again(hold.text);
    } else if (character === '*' || code === 0x0a || hold.text.length >= STAGE_CHARS_MAX) {
      this.#release(hold.text, character, code);
    } else hold.text += character;
  }

  /** "*laughs*" anywhere; "*types on the keyboard*" where a sentence would have begun with a capital. */
  #isStageDirection(text: string): boolean {
    const words = text.trim().split(SPACES);
    const verb = (words[0] ?? '').toLowerCase().replace(AFTER_VERB, '');
    if (this.#rules.stageVerbs.has(verb)) return true;
    return this.#spoken.atSentenceStart && isLowerCase(text.charAt(0)) && words.length <= STAGE_WORDS_MAX;
  }

  /** Answers whether `next` was used up. */
  #bracketed(text: string, next: string): boolean {
    const label = next === ':' && this.#rules.speakerLabels.includes(text.trim().toLowerCase());
    if (label && this.#spoken.atLineStart) return true;
    const citation = CITATION.test(text);
    const verb = (text.trim().split(SPACES)[0] ?? '').toLowerCase();
    if (citation || this.#rules.stageVerbs.has(verb)) this.#spoken.dropped();
    else {
      this.#again(text);
      this.#settleRun();
    }
    if (next !== '(' && next !== '[') return false;
    this.#hold = { kind: 'link', opener: next, closer: next === '(' ? ')' : ']', depth: 1, chars: 0 };
    return true;
  }

  #heldTag(hold: Hold & { kind: 'tag' }, character: string, code: number): void {
    const begins = isAsciiLetter(code) || '/!|?'.includes(character);
    if ((hold.text === '' && !begins) || hold.text.length >= TAG_CHARS_MAX) {
      this.#hold = undefined;
      this.#spoken.say('<', 0x3c);
      this.#release(hold.text, character, code);
      return;
    }
    if (character !== '>') {
      hold.text += character;
      return;
    }
    this.#hold = undefined;
    const tag = readTag(hold.text);
    if (tag.kind === 'hidden') this.#hold = { kind: 'hidden', name: tag.name, text: '' };
    else if (tag.kind === 'line') this.#newline();
    else if (tag.kind === 'address') this.#again(tag.text);
  }

  #heldEntity(hold: Hold & { kind: 'entity' }, character: string, code: number): void {
    const goesOn = isAsciiLetter(code) || isDigit(code) || (character === '#' && hold.text === '');
    if (goesOn && hold.text.length < ENTITY_CHARS_MAX) {
      hold.text += character;
      return;
    }
    this.#hold = undefined;
    const decoded = character === ';' ? entityText(hold.text) : undefined;
    if (decoded === undefined) {
      this.#undecoded(hold.text);
      this.#character(character, code);
    } else if (decoded === ' ') this.#spoken.space();
    else this.#wide(decoded, decoded.codePointAt(0) ?? 0);
  }

  #undecoded(text: string): void {
    this.#spoken.say('&', 0x26);
    this.#again(text);
  }
}
