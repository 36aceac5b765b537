// What of a speech is said to its end: fixed lines that are marked so, and sentences with a phrase that the agent's
// file protects.
import { BYTES_PER_MS } from '../audio/mulaw.ts';
import type { Heard } from '../playout/playout.ts';
import type { Sentence, Speech } from '../playout/speech.ts';
import { wordsOf } from '../turn/said.ts';

/** A reply comes in pieces, and the first of a sentence may be a clause: it ends with the piece that ends so. */
const SENTENCE_END = /[.!?\u2026\u3002\uff01\uff1f]["'\u201d\u2019)\]]*$/u;

/** A sentence whose rest doesn't come is not waited for any longer: the caller, who has spoken, hears nothing. */
export const STALLED_MS_MAX = 1_000;

/** Protected pieces that follow one another. */
interface Stretch {
  readonly fromByte: number;
  toByte: number;
  /** All of its audio is there. */
  whole: boolean;
}

/**
 * How long the caller, who has `heard` so much of the speech, will hear words that are said to their end, as far as their
 * audio is there; at least a millisecond until they are over. 0: what is being said, and what lies at the carrier, may
 * be stopped. `phrases` are compared word by word; a few hundred words are looked through.
 */
export function protectedMs(
  speech: Speech,
  { audioMs, dryMs }: Pick<Heard, 'audioMs' | 'dryMs'>,
  phrases: readonly string[],
): number {
  if (dryMs >= STALLED_MS_MAX) return 0;
  const heardByte = audioMs * BYTES_PER_MS;
  const begun = stretchesOf(speech, phrases).find(
    ({ fromByte, toByte, whole }) => fromByte < speech.readBytes && (toByte > heardByte || !whole),
  );
  return begun === undefined ? 0 : Math.max(1, (begun.toByte - heardByte) / BYTES_PER_MS);
}

function stretchesOf({ sentences: pieces, ended }: Speech, phrases: readonly string[]): readonly Stretch[] {
  const marked = markedPieces(pieces, phrases);
  const stretches: Stretch[] = [];
  let open: Stretch | undefined;
  let atByte = 0;
  for (const [index, { text, audioBytes, whole }] of pieces.entries()) {
    const fromByte = atByte;
    atByte += audioBytes;
    if (!marked.has(index)) {
      open = undefined;
      continue;
    }
    if (open === undefined) {
      open = { fromByte, toByte: fromByte, whole };
      stretches.push(open);
    }
    open.toByte = atByte;
    const endComes = index === pieces.length - 1 && !ended && !SENTENCE_END.test(text);
    open.whole = whole && !endComes;
  }
  return stretches;
}

/** The pieces of every sentence that is marked or has one of the phrases in it. */
function markedPieces(pieces: readonly Sentence[], phrases: readonly string[]): ReadonlySet<number> {
  const marked = new Set<number>();
  for (const [index, piece] of pieces.entries()) if (!piece.interruptible) marked.add(index);
  if (phrases.length === 0) return marked;
  const words = pieces.flatMap(({ text }, index) => wordsOf(text).map((word) => ({ word, index })));
  for (const phrase of phrases.map(wordsOf)) {
    for (let at = 0; phrase.length > 0 && at + phrase.length <= words.length; at += 1) {
      if (!phrase.every((word, i) => words[at + i]?.word === word)) continue;
      const from = words[at]?.index ?? 0;
      const to = words[at + phrase.length - 1]?.index ?? from;
      for (let index = from; index <= to; index += 1) markSentence(pieces, index, marked);
    }
  }
  return marked;
}

function markSentence(pieces: readonly Sentence[], index: number, marked: Set<number>): void {
  const goesOn = (at: number): boolean => {
    const text = pieces[at]?.text ?? '';
    return text !== '' && !SENTENCE_END.test(text);
  };
  let from = index;
  while (goesOn(from - 1)) from -= 1;
  let to = index;
  while (goesOn(to) && to < pieces.length - 1) to += 1;
  for (let at = from; at <= to; at += 1) marked.add(at);
}
