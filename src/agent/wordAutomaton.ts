// All patterns as one automaton over words: built once, then a text is read once, word by word, and every pattern
// that stands in it is found, wherever it begins. Patterns with the same beginning share it.
import type { Phrase, PhraseStep } from './phrase.ts';

/** `..` stands for so many words at most. */
const GAP_WORDS_MAX = 3;
/** Places in patterns that are held at once, far above what a text of 200 words has had. Above it the newest are not begun. */
const ACTIVE_MAX = 512;

interface Accept<Label> {
  readonly label: Label;
  readonly atEnd: boolean;
}

interface Node<Label> {
  readonly id: number;
  readonly next: Map<string, Node<Label>[]>;
  /** After any word whatever: the inside of a gap. */
  any: Node<Label> | undefined;
  readonly accepts: Accept<Label>[];
}

/** A text as the automaton reads it. All lists are as long as `words`. */
export interface Reading {
  readonly words: readonly string[];
  readonly clauseStarts: readonly boolean[];
  readonly clauseEnds: readonly boolean[];
  /** No pattern reaches over the end of a sentence. */
  readonly sentenceEnds: readonly boolean[];
  /** How many words from here on may be passed over within a pattern: the longest filler that begins here, or 0. */
  readonly fillers: readonly number[];
  /** May be passed over within a pattern as well, which is then denied. */
  readonly negators: readonly boolean[];
}

export interface WordMatch<Label> {
  readonly label: Label;
  /** First word, and the one after the last. */
  readonly from: number;
  readonly to: number;
  /** A negator stands inside that is no word of the pattern. */
  readonly denied: boolean;
}

export class WordAutomaton<Label> {
  readonly #root: Node<Label>;
  readonly #clauseRoot: Node<Label>;
  /** Where a step leads from a set of nodes, so that equal beginnings are shared. */
  readonly #children = new Map<string, Node<Label>>();
  #nodes = 0;

  constructor() {
    this.#root = this.#node();
    this.#clauseRoot = this.#node();
  }

  add(phrase: Phrase, label: Label): void {
    let places = [phrase.atStart ? this.#clauseRoot : this.#root];
    for (const step of phrase.steps) places = this.#extend(places, step);
    for (const place of places) place.accepts.push({ label, atEnd: phrase.atEnd });
  }

  /** Every pattern in the text, in the order of their ends. */
  read(reading: Reading): WordMatch<Label>[] {
    const { words } = reading;
    const found: WordMatch<Label>[] = [];
    const waiting: Place<Label>[][] = [];
    let places: Place<Label>[] = [];
    for (let at = 0; at < words.length; at += 1) {
      places.push(...(waiting[at] ?? []));
      const ended = reading.sentenceEnds[at] === true;
      const next: Place<Label>[] = [];
      this.#begin(reading, at, next);
      for (const place of places) advance(place, words[at] ?? '', reading.negators[at] === true, next);
      for (const { node, from, denied } of next) {
        for (const { label, atEnd } of node.accepts) {
          if (!atEnd || reading.clauseEnds[at] === true) found.push({ label, from, to: at + 1, denied });
        }
      }
      if (ended) {
        places = [];
        continue;
      }
      const skipped = reading.fillers[at] ?? 0;
      if (skipped === 1) next.push(...places);
      else if (skipped > 1) waiting[at + skipped] = [...(waiting[at + skipped] ?? []), ...places];
      if (reading.negators[at] === true) for (const place of places) next.push({ ...place, denied: true });
      places = next;
      places.length = Math.min(places.length, ACTIVE_MAX);
    }
    return found;
  }

  #begin(reading: Reading, at: number, next: Place<Label>[]): void {
    const word = reading.words[at] ?? '';
    for (const node of this.#root.next.get(word) ?? []) next.push({ node, from: at, denied: false });
    if (reading.clauseStarts[at] !== true) return;
    for (const node of this.#clauseRoot.next.get(word) ?? []) next.push({ node, from: at, denied: false });
  }

  #extend(places: readonly Node<Label>[], step: PhraseStep): Node<Label>[] {
    if (step.kind === 'gap') return places.flatMap((place) => this.#gapAfter(place));
    const key = `${places.map((place) => place.id).join(',')}/${step.oneOf.join('|')}`;
    let child = this.#children.get(key);
    if (child === undefined) {
      child = this.#node();
      this.#children.set(key, child);
      for (const place of places) for (const word of step.oneOf) join(place, word, child);
    }
    return step.optional ? [...places, child] : [child];
  }

  #gapAfter(place: Node<Label>): Node<Label>[] {
    // A gap is a row of places of its own: other patterns that go on from here have none.
    const row = [place];
    for (let length = 1; length <= GAP_WORDS_MAX; length += 1) {
      const last = row.at(-1);
      if (last === undefined) break;
      last.any ??= this.#node();
      row.push(last.any);
    }
    return row;
  }

  #node(): Node<Label> {
    this.#nodes += 1;
    return { id: this.#nodes, next: new Map(), any: undefined, accepts: [] };
  }
}

interface Place<Label> {
  readonly node: Node<Label>;
  readonly from: number;
  readonly denied: boolean;
}

function advance<Label>(
  { node, from, denied }: Place<Label>,
  word: string,
  negator: boolean,
  next: Place<Label>[],
): void {
  for (const child of node.next.get(word) ?? []) next.push({ node: child, from, denied });
  if (node.any !== undefined) next.push({ node: node.any, from, denied: denied || negator });
}

function join<Label>(node: Node<Label>, word: string, child: Node<Label>): void {
  const there = node.next.get(word);
  if (there === undefined) node.next.set(word, [child]);
  else there.push(child);
}
