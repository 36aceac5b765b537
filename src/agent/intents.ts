// What a caller means by what they say, found in one pass over the words, without a model: the intents of the
// language and those of the agent's author. Pure. By word and not by substring; "not a bad time" is no bad time.
import { intentLanguage, INTENT_NAMES, type IntentLanguage } from './language/language.ts';
import { parsePhrase } from './phrase.ts';
import { WordAutomaton, type Reading, type WordMatch } from './wordAutomaton.ts';
import { wordsOf, type Words } from './words.ts';

export interface FoundIntent {
  readonly intent: string;
  /** Its first words that say so: the first, and the one after the last. Contractions count as two. */
  readonly from: number;
  readonly to: number;
  /** 0 to 1: how much of the text says it; half of that when a "but" after it takes it back. */
  readonly strength: number;
}

export interface IntentMatcher {
  /** In the order in which they are said. */
  find(text: string): readonly FoundIntent[];
}

/** Phrases of the agent's author, by the intent they belong to. */
export type AuthorPhrases = Readonly<Record<string, readonly string[]>>;

interface Label {
  readonly intent: string;
  readonly kind: 'anywhere' | 'alone' | 'harmless';
}

/** A negator denies what begins so many words after it at most. */
const NEGATION_WORDS_MAX = 4;
/** So many words after a "but" are something new. */
const CONTRAST_WORDS_MIN = 2;

const NOTHING: ReadonlyMap<string, string> = new Map();
/** A language without a file: the author's phrases as they are written. */
const bare: IntentLanguage = {
  spellings: NOTHING,
  endings: [],
  kinds: {},
  fillers: [],
  courtesies: new Set(),
  openers: new Set(),
  closers: new Set(),
  negators: new Set(),
  articles: new Set(),
  scopeEnds: new Set(),
  contrasts: new Set(),
  opposites: {},
  harmless: '',
  intents: Object.fromEntries(
    INTENT_NAMES.map((name) => [name, { anywhere: '', alone: '' }]),
  ) as IntentLanguage['intents'],
};

/** What is wrong with an author's phrase in this language; undefined when it can be used. */
export function wrongWithPhrase(text: string, languageTag: string): string | undefined {
  const parsed = parsePhrase(text, intentLanguage(languageTag) ?? bare);
  return parsed.ok ? undefined : parsed.mistake;
}

/** Builds the automaton. Throws when a phrase cannot be read: the agent's file has been checked before. */
export function openIntents(languageTag: string, authors: AuthorPhrases = {}): IntentMatcher {
  const language = intentLanguage(languageTag) ?? bare;
  const automaton = new WordAutomaton<Label>();
  const add = (text: string, label: Label): void => {
    const parsed = parsePhrase(text, language);
    if (!parsed.ok) throw new Error(`${label.intent}: ${text}: ${parsed.mistake}`);
    for (const phrase of parsed.phrases) automaton.add(phrase, label);
  };
  for (const text of listed(language.harmless)) add(text, { intent: '', kind: 'harmless' });
  for (const intent of INTENT_NAMES) {
    const { anywhere, alone } = language.intents[intent];
    for (const text of listed(anywhere)) add(text, { intent, kind: 'anywhere' });
    for (const text of listed(alone)) add(text, { intent, kind: 'alone' });
  }
  for (const [intent, phrases] of Object.entries(authors)) {
    for (const text of phrases) add(text, { intent, kind: 'anywhere' });
  }
  const fillers = fillerTree(language.fillers);
  return {
    find: (text) => {
      const said = wordsOf(text, language);
      if (said.words.length === 0) return [];
      const reading = readingOf(said, language, fillers);
      return judged(automaton.read(reading), reading, language);
    },
  };
}

function listed(text: string): string[] {
  return text
    .split(/[,\n]/u)
    .map((one) => one.trim())
    .filter((one) => one !== '');
}

/** First words of the fillers and what follows them, the longest first. */
function fillerTree(fillers: readonly string[]): ReadonlyMap<string, readonly (readonly string[])[]> {
  const tree = new Map<string, (readonly string[])[]>();
  for (const [first = '', ...rest] of fillers.map((filler) => filler.split(' '))) {
    const there = tree.get(first) ?? [];
    there.push(rest);
    tree.set(
      first,
      there.sort((a, b) => b.length - a.length),
    );
  }
  return tree;
}

function readingOf(
  { words, breaks }: Words,
  language: IntentLanguage,
  tree: ReadonlyMap<string, readonly (readonly string[])[]>,
): Reading {
  const { openers, closers, courtesies, negators } = language;
  const fillers = words.map((word, at) => {
    const rest = tree.get(word)?.find((one) => one.every((next, i) => words[at + 1 + i] === next));
    return rest === undefined ? 0 : rest.length + 1;
  });
  // "Hello? Hello?", "No. Thanks.": a sentence of one word is part of the next.
  const sentenceEnds = breaks.map(
    (one, at) => one === 'sentence' && !(at === 0 || breaks[at - 1] === 'sentence'),
  );
  const clauseStarts: boolean[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const before = words[at - 1] ?? '';
    const joined = openers.has(before) && closers.has(before);
    const led = clauseStarts[at - 1] === true && (openers.has(before) || fillers[at - 1] === 1);
    clauseStarts.push(at === 0 || breaks[at - 1] !== 'none' || joined || led);
  }
  const clauseEnds: boolean[] = words.map(() => false);
  for (let at = words.length - 1; at >= 0; at -= 1) {
    const after = words[at + 1] ?? '';
    const skipped = fillers[at + 1] ?? 0;
    const trailing = skipped > 0 ? clauseEnds[at + skipped] : courtesies.has(after) && clauseEnds[at + 1];
    clauseEnds[at] =
      at === words.length - 1 || breaks[at] !== 'none' || closers.has(after) || trailing === true;
  }
  return {
    words,
    clauseStarts,
    clauseEnds,
    sentenceEnds,
    fillers,
    negators: words.map((w) => negators.has(w)),
  };
}

/** Leaves out what is harmless, denied, or not said alone; answers each intent once. */
function judged(
  all: readonly WordMatch<Label>[],
  reading: Reading,
  language: IntentLanguage,
): readonly FoundIntent[] {
  const harmless = all.filter(({ label }) => label.kind === 'harmless');
  const spans = new Map<string, { from: number; to: number }[]>();
  const note = (intent: string, { from, to }: { readonly from: number; readonly to: number }): void => {
    const there = spans.get(intent);
    if (there === undefined) spans.set(intent, [{ from, to }]);
    else there.push({ from, to });
  };
  for (const match of all) {
    if (match.label.kind !== 'anywhere') continue;
    if (harmless.some(({ from, to }) => from <= match.from && to >= match.to)) continue;
    const denial = denialOf(match, all, reading, language);
    if (denial === 'none') note(match.label.intent, match);
    else if (denial === 'direct') {
      const opposite = oppositeOf(match.label.intent, language);
      if (opposite !== undefined) note(opposite, match);
    }
  }
  const inPassing = passedOver(reading, language);
  const alone = all.filter(
    (match) => match.label.kind === 'alone' && denialOf(match, all, reading, language) === 'none',
  );
  for (const intent of new Set(alone.map(({ label }) => label.intent))) {
    if (spans.size > 0 && !spans.has(intent)) continue;
    const own = alone.filter(({ label }) => label.intent === intent);
    if (saysAll([...own, ...(spans.get(intent) ?? [])], inPassing))
      for (const match of own) note(intent, match);
  }
  return [...spans]
    .map(([intent, places]) => foundIn(intent, places, reading, inPassing, language))
    .sort((a, b) => a.from - b.from || a.to - b.to);
}

function denialOf(
  match: WordMatch<Label>,
  all: readonly WordMatch<Label>[],
  { words, fillers, negators, clauseStarts }: Reading,
  { scopeEnds, articles }: IntentLanguage,
): 'none' | 'far' | 'direct' {
  if (match.denied) return 'direct';
  let direct = true;
  for (let at = match.from - 1; at >= Math.max(0, match.from - NEGATION_WORDS_MAX); at -= 1) {
    const word = words[at] ?? '';
    if (clauseStarts[at + 1] === true || scopeEnds.has(word)) return 'none';
    if (negators[at] === true) {
      // A negator that another pattern has as a word of its own denies nothing more.
      const spent = all.some((one) => !one.denied && one.from <= at && one.to > at && one.to <= match.from);
      return spent ? 'none' : direct ? 'direct' : 'far';
    }
    direct &&= articles.has(word) || (fillers[at] ?? 0) > 0;
  }
  return 'none';
}

function oppositeOf(intent: string, { opposites }: IntentLanguage): string | undefined {
  return INTENT_NAMES.filter((name) => name === intent).map((name) => opposites[name])[0];
}

/** Words that say nothing of their own: fillers and courtesies. */
function passedOver({ words, fillers }: Reading, { courtesies }: IntentLanguage): boolean[] {
  const passed = words.map((word) => courtesies.has(word));
  for (const [at, length] of fillers.entries()) passed.fill(true, at, at + length);
  return passed;
}

function saysAll(matches: readonly { from: number; to: number }[], inPassing: readonly boolean[]): boolean {
  return inPassing.every((passed, at) => passed || matches.some(({ from, to }) => from <= at && at < to));
}

function foundIn(
  intent: string,
  places: readonly { from: number; to: number }[],
  { words }: Reading,
  inPassing: readonly boolean[],
  { contrasts }: IntentLanguage,
): FoundIntent {
  const covered = inPassing.filter(
    (passed, at) => passed || places.some(({ from, to }) => from <= at && at < to),
  ).length;
  const end = Math.max(...places.map(({ to }) => to));
  const takenBack = words.some(
    (word, at) =>
      at >= end &&
      contrasts.has(word) &&
      inPassing.slice(at + 1).filter((passed) => !passed).length >= CONTRAST_WORDS_MIN,
  );
  const first = places.reduce((a, b) => (b.from < a.from || (b.from === a.from && b.to > a.to) ? b : a));
  const strength = (covered / words.length) * (takenBack ? 0.5 : 1);
  return { intent, from: first.from, to: first.to, strength };
}
