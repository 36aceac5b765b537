// Kinds of characters, as a voice sees them. All take UTF-16 code units or code points, never a regex:
// they are asked once a character.

const CLOSERS = new Set('"\'”’)]»›」』）】〉》*_');
const OPENERS = new Set('"\'“‘([«‹「『（【〈《¿¡*_');

/** Quotes and brackets that may stand between a full stop and the space after it. */
export function isCloser(character: string): boolean {
  return CLOSERS.has(character);
}

export function isOpener(character: string): boolean {
  return OPENERS.has(character);
}

export function isSpace(code: number): boolean {
  return (
    code === 0x20 ||
    (code >= 0x09 && code <= 0x0d) ||
    code === 0xa0 ||
    code === 0x3000 ||
    (code >= 0x2000 && code <= 0x200a) ||
    code === 0x2028 ||
    code === 0x2029 ||
    code === 0x202f
  );
}

export function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

export function isAsciiLetter(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a);
}

/** A letter or digit of any script, near enough: beyond Latin, everything that is no punctuation. */
export function isWordCode(code: number): boolean {
  if (code < 0x80) return isDigit(code) || isAsciiLetter(code);
  if (code < 0xc0) return code === 0xaa || code === 0xb5 || code === 0xba;
  return !(
    code === 0xd7 ||
    code === 0xf7 ||
    (code >= 0x2000 && code <= 0x206f) ||
    (code >= 0x3000 && code <= 0x303f) ||
    (code >= 0xff01 && code <= 0xff0f) ||
    (code >= 0xff1a && code <= 0xff20)
  );
}

/** Scripts written without spaces: Chinese, Japanese; full-width forms too. */
export function isCjk(code: number): boolean {
  return (
    (code >= 0x3040 && code <= 0x30ff) ||
    (code >= 0x3400 && code <= 0x9fff) ||
    (code >= 0xf900 && code <= 0xfaff)
  );
}

/** 。！？｡ */
export function isCjkStop(code: number): boolean {
  return code === 0x3002 || code === 0xff01 || code === 0xff1f || code === 0xff61;
}

/** ，、；： */
export function isCjkClauseMark(code: number): boolean {
  return code === 0xff0c || code === 0x3001 || code === 0xff1b || code === 0xff1a;
}

/** Has a case, and it is the lower one. */
export function isLowerCase(character: string): boolean {
  return character !== character.toUpperCase() && character === character.toLowerCase();
}

export function isUpperCase(character: string): boolean {
  return character !== character.toLowerCase() && character === character.toUpperCase();
}

/**
 * Pictures, arrows, boxes and invisible joiners: what a voice reads as "sparkles" or chokes on.
 * Covers emoji with skin tones, keycaps, flags and variation selectors. The zero-width joiner is
 * left out: some scripts need it, so the caller drops it only after a picture.
 */
export function isUnsayable(codePoint: number): boolean {
  if (codePoint < 0x200b)
    return codePoint === 0xad || (codePoint < 0x20 && !isSpace(codePoint)) || codePoint === 0x7f;
  return (
    codePoint === 0x200b ||
    codePoint === 0x200e ||
    codePoint === 0x200f ||
    codePoint === 0x2060 ||
    codePoint === 0x20e3 ||
    (codePoint >= 0x2190 && codePoint <= 0x21ff) ||
    (codePoint >= 0x2300 && codePoint <= 0x23ff) ||
    (codePoint >= 0x2500 && codePoint <= 0x27bf) ||
    (codePoint >= 0x2b00 && codePoint <= 0x2bff) ||
    codePoint === 0x3030 ||
    codePoint === 0x303d ||
    codePoint === 0x3297 ||
    codePoint === 0x3299 ||
    (codePoint >= 0xd800 && codePoint <= 0xf8ff) ||
    (codePoint >= 0xfe00 && codePoint <= 0xfe0f) ||
    codePoint === 0xfeff ||
    codePoint === 0xfffd ||
    (codePoint >= 0x1f000 && codePoint <= 0x1faff) ||
    codePoint >= 0xe0000
  );
}
