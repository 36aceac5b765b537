// What a server says of its refusal, for a log: short, and without what the call has said. Some compatible servers quote the
// request they refuse.

const REASON_CHARS_MAX = 300;
/** So many words in a row are no chance. Of a text that has fewer all of them are looked for. */
const QUOTED_WORDS = 3;
/** A text that is shorter than this, such as "yes", may well stand in any message. */
const QUOTED_CHARS_MIN = 5;

/**
 * At most 300 characters of `message`; that it quotes the request, when words of one of the texts `sent` stand in it. Costs
 * some ms for a long conversation, and is asked when a request has failed.
 */
export function serverReason(message: string, sent: () => readonly string[]): string {
  const said = wordsIn(message);
  const quotes = sent().some((text) => quotesOf(wordsIn(text)).some((quote) => said.includes(quote)));
  if (quotes) return `the server's message quotes the request (${message.length} characters)`;
  return message.length <= REASON_CHARS_MAX ? message : `${message.slice(0, REASON_CHARS_MAX)}...`;
}

/** ` one two three `: small, whatever stood between the words. */
function wordsIn(text: string): string {
  return ` ${(
    text
      .normalize('NFKC')
      .toLowerCase()
      .match(/[\p{L}\p{M}\p{N}]+/gu) ?? []
  ).join(' ')} `;
}

function quotesOf(text: string): readonly string[] {
  const words = text.trim().split(' ');
  if (words.length <= QUOTED_WORDS) return text.length - 2 < QUOTED_CHARS_MIN ? [] : [text];
  return words
    .slice(0, 1 - QUOTED_WORDS)
    .map((_word, from) => ` ${words.slice(from, from + QUOTED_WORDS).join(' ')} `);
}
