// When each written word is heard. The engine tells of the words as it says them: "10:30" is two of its
// words, "on the" is one, a dash may carry the word after it. The text's own words are what counts here.
import assert from 'node:assert/strict';

export interface WordTime {
  /** As written, with its punctuation: the words joined by spaces are the text (but for lone dashes). */
  readonly word: string;
  readonly startMs: number;
  readonly endMs: number;
}

/** A moment in the engine's sound. `offset` is where in the text, in characters from 0, its word stands. */
export interface SoundEvent {
  readonly kind: 'word' | 'phoneme' | 'pause';
  readonly offset: number;
  readonly atMs: number;
}

interface WrittenWord {
  readonly word: string;
  /** The offset after its last character. */
  readonly end: number;
}

/** A run of written words that the engine says as one, and the sounds it makes of them. */
interface Group {
  readonly words: readonly WrittenWord[];
  readonly startMs: number;
  readonly endMs: number;
  readonly phonemeStartsMs: readonly number[];
}

/** What is pronounced: letters, digits, signs and emoji; a dash or dots alone are a pause. */
const PRONOUNCED = /[\p{L}\p{N}\p{S}&%@#*/]/u;

/** Every written word of `text`, in order. */
export function writtenWords(text: string): string[] {
  return findWords(text).map(({ word }) => word);
}

/**
 * The times of the text's words, one for each, in order, none before the one before it.
 * `phonemeCount` says of how many sounds a word consists when said alone; it is asked for those words
 * that the engine runs together, to divide what they share.
 */
export function wordTimes(
  text: string,
  events: readonly SoundEvent[],
  durationMs: number,
  phonemeCount: (word: string) => number,
): WordTime[] {
  return groupsOf(findWords(text), events, durationMs).flatMap((group) => divide(group, phonemeCount));
}

function findWords(text: string): WrittenWord[] {
  const words: WrittenWord[] = [];
  let end = 0;
  for (const [run] of text.matchAll(/\s+|\S+/gu)) {
    end += Array.from(run).length;
    if (PRONOUNCED.test(run)) words.push({ word: run, end });
  }
  return words;
}

function groupsOf(words: readonly WrittenWord[], events: readonly SoundEvent[], durationMs: number): Group[] {
  if (words.length === 0) return [];
  /** Where each group begins: the word's index, and its event's place in the list. */
  const begins: { readonly word: number; readonly event: number }[] = [];
  let word = 0;
  for (const [event, { kind, offset }] of events.entries()) {
    if (kind !== 'word') continue;
    // The engine may stand on the space or the dash before the word it says.
    while (word < words.length - 1 && offset >= (words[word]?.end ?? 0)) word += 1;
    if (begins.at(-1)?.word !== word) begins.push({ word, event });
  }
  if (begins.length === 0) return [{ words, startMs: 0, endMs: durationMs, phonemeStartsMs: [] }];
  return begins.map((begin, index) => {
    const next = begins[index + 1];
    const sounds = events.slice(begin.event, next?.event);
    const nextStartMs = next === undefined ? durationMs : (events[next.event]?.atMs ?? durationMs);
    return {
      // Words before the first that the engine tells of belong to it.
      words: words.slice(index === 0 ? 0 : begin.word, next?.word),
      startMs: sounds[0]?.atMs ?? 0,
      endMs: endOfSound(sounds, nextStartMs),
      phonemeStartsMs: sounds.filter(({ kind }) => kind === 'phoneme').map(({ atMs }) => atMs),
    };
  });
}

/** The pauses after the last phoneme are not part of a word. */
function endOfSound(sounds: readonly SoundEvent[], nextStartMs: number): number {
  const last = sounds.findLastIndex(({ kind }) => kind === 'phoneme');
  return sounds[last + 1]?.atMs ?? nextStartMs;
}

function divide(group: Group, phonemeCount: (word: string) => number): WordTime[] {
  const { words, startMs, endMs, phonemeStartsMs } = group;
  if (words.length === 1) return words.map(({ word }) => ({ word, startMs, endMs }));
  const counts = words.map(({ word }) => Math.max(1, phonemeCount(word)));
  const total = counts.reduce((sum, count) => sum + count, 0);
  let said = 0;
  let wordStartMs = startMs;
  return words.map(({ word }, index) => {
    said += counts[index] ?? 0;
    const boundary = phonemeStartsMs[Math.round((phonemeStartsMs.length * said) / total)];
    const share = startMs + ((endMs - startMs) * said) / total;
    const wordEndMs = index === words.length - 1 ? endMs : Math.max(wordStartMs, boundary ?? share);
    const time = { word, startMs: wordStartMs, endMs: wordEndMs };
    assert(time.endMs >= time.startMs, 'time goes forward');
    wordStartMs = wordEndMs;
    return time;
  });
}
