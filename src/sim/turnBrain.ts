// The model of the evaluation of turn-taking: answers an opening with the reply that its cases are about, and all else
// with a short sentence.
import type { Brain } from './brain.ts';
import { TURN_TEXTS, type TurnTexts } from './turnTexts.ts';

/** Of an opening's words this share has to be there: in noise some get lost. */
const SAME_SHARE_MIN = 0.6;

export function turnBrain(): Brain {
  const all = Object.values(TURN_TEXTS);
  const openings = all.flatMap(openingsOf);
  const short = all.flatMap((texts) => texts.short);
  return (messages) => {
    const said = messages.filter(({ role }) => role === 'user').map(({ content }) => content);
    const words = wordsOf(said.at(-1) ?? '');
    const known = openings
      .map(({ opening, reply }) => ({ reply, share: sharedShare(wordsOf(opening), words) }))
      .reduce((best, one) => (one.share > best.share ? one : best), { reply: '', share: 0 });
    if (known.share >= SAME_SHARE_MIN) return { text: known.reply };
    return { text: short[words.join(' ').length % short.length] ?? '' };
  };
}

function openingsOf(texts: TurnTexts): readonly { readonly opening: string; readonly reply: string }[] {
  const asked = [texts.phone, texts.spelling, texts.yesNo];
  return [...texts.long, ...asked.map(({ opening, question }) => ({ opening, reply: question }))];
}

/** The words of both, as a share of the words of the longer. */
function sharedShare(opening: readonly string[], words: readonly string[]): number {
  const shared = opening.filter((word) => words.includes(word)).length;
  return shared / Math.max(opening.length, words.length, 1);
}

function wordsOf(text: string): readonly string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}']+/gu) ?? [];
}
