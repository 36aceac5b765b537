// A pattern of words, as language files and authors of agents write it:
//
//   i|we am|are busy     alternatives for one word
//   at the? office       a word that may be missing
//   not .. interested    up to three words of any kind between two
//   <day> works          a kind of word that the language lists
//   ^ shoot $            where a clause begins, where it ends
import type { IntentLanguage } from './language/language.ts';
import { wordsOf } from './words.ts';

export type PhraseStep =
  | { readonly kind: 'word'; readonly oneOf: readonly string[]; readonly optional: boolean }
  | { readonly kind: 'gap' };

export interface Phrase {
  readonly steps: readonly PhraseStep[];
  /** Only where a clause begins. */
  readonly atStart: boolean;
  /** Only where a clause ends. */
  readonly atEnd: boolean;
}

export type ParsedPhrase =
  | { readonly ok: true; readonly phrases: readonly Phrase[] }
  | { readonly ok: false; readonly mistake: string };

type PhraseLanguage = Pick<IntentLanguage, 'kinds' | 'spellings' | 'endings'>;

/** Longest phrase an author may write. */
export const PHRASE_WORDS_MAX = 16;
const PART = /^(?:[\p{L}\p{N}'-]+|<[a-z]+>|\$)(?:\|(?:[\p{L}\p{N}'-]+|<[a-z]+>|\$))*\??$/u;

/** Never throws. Several phrases come of one whose last word may also be the end of the clause: `for you|$`. */
export function parsePhrase(text: string, language: PhraseLanguage): ParsedPhrase {
  const parts = text
    .trim()
    .split(/\s+/u)
    .filter((part) => part !== '');
  const atStart = parts[0] === '^';
  if (atStart) parts.shift();
  const atEnd = parts.at(-1) === '$';
  if (atEnd) parts.pop();
  if (parts.length === 0 || parts.length > PHRASE_WORDS_MAX) {
    return refuse(`expected 1 to ${PHRASE_WORDS_MAX} words, got ${parts.length}`);
  }
  const steps: PhraseStep[] = [];
  let ending: readonly PhraseStep[] | undefined;
  for (const [index, part] of parts.entries()) {
    if (part === '..') {
      if (index === 0 || index === parts.length - 1) return refuse('expected words on both sides of ..');
      steps.push({ kind: 'gap' });
      continue;
    }
    if (!PART.test(part)) return refuse(`cannot read ${JSON.stringify(part)} in a phrase`);
    const optional = part.endsWith('?');
    const choices = (optional ? part.slice(0, -1) : part).split('|');
    if (choices.includes('$')) {
      if (index === 0 || index < parts.length - 1) return refuse('expected $ at the end of the phrase');
      ending = steps.slice();
    }
    const added = stepsOf(
      choices.filter((choice) => choice !== '$'),
      optional,
      language,
    );
    if (typeof added === 'string') return refuse(added);
    steps.push(...added);
  }
  const phrases: Phrase[] = [{ steps, atStart, atEnd }];
  if (ending !== undefined) phrases.push({ steps: ending, atStart, atEnd: true });
  if (phrases.some((phrase) => phrase.steps.every((step) => step.kind === 'gap' || step.optional))) {
    return refuse('expected at least one word that has to be there');
  }
  return { ok: true, phrases };
}

/** One word of the text may be two of ours: "can't". It has no alternatives then. */
function stepsOf(
  choices: readonly string[],
  optional: boolean,
  language: PhraseLanguage,
): readonly PhraseStep[] | string {
  const oneOf: string[] = [];
  for (const choice of choices) {
    if (choice.startsWith('<')) {
      const name = choice.slice(1, -1);
      const kind = Object.hasOwn(language.kinds, name) ? language.kinds[name] : undefined;
      if (kind === undefined) {
        return `there is no kind of word ${choice}; there are ${Object.keys(language.kinds).join(', ')}`;
      }
      oneOf.push(...kind);
      if (name === 'num' || name === 'amount' || name === 'date') oneOf.push('#');
      continue;
    }
    const { words } = wordsOf(choice, language);
    const [only] = words;
    if (words.length === 1 && only !== undefined) oneOf.push(only);
    else if (choices.length === 1) return words.map((word) => ({ kind: 'word', oneOf: [word], optional }));
    else return `expected alternatives of one word each: ${choice} is ${words.length}`;
  }
  return oneOf.length === 0 ? [] : [{ kind: 'word', oneOf: [...new Set(oneOf)], optional }];
}

function refuse(mistake: string): ParsedPhrase {
  return { ok: false, mistake };
}
