// What makes a row of digits a payment card's number: its first digits, its length, and its check digit.

/** A card's number has from 13 to 19 digits (ISO/IEC 7812-1). */
export const CARD_DIGITS_MIN = 13;
export const CARD_DIGITS_MAX = 19;

/**
 * The ranges that the card schemes issue from. Visa; Mastercard 51-55 and 2221-2720; American Express; Diners
 * Club; Discover, which has 644-65; JCB; UnionPay; Maestro.
 */
const RANGES =
  /^(?:4|5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720|3[47]|30[0-5]|3095|3[689]|35[2-8]|6011|64[4-9]|65|62|50|5[6-8]|63|67)/u;

/** Whether a card's number may begin with these digits; needs four of them to be sure. */
export function beginsLikeCard(digits: string): boolean {
  return RANGES.test(digits);
}

export function isCard(digits: string): boolean {
  return (
    digits.length >= CARD_DIGITS_MIN &&
    digits.length <= CARD_DIGITS_MAX &&
    beginsLikeCard(digits) &&
    luhn(digits)
  );
}

/** The check digit is right (ISO/IEC 7812-1, annex B). `digits` has figures only. */
export function luhn(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i += 1) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 48;
    const doubled = i % 2 === 0 ? digit : digit * 2;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}
