// How much text lies in the audio that was played: from bytes to words.
import { BYTES_PER_MS, levelDbfs } from '../audio/mulaw.ts';
import type { Sentence } from './speech.ts';

/** Quieter than this over 10 ms is a pause: no word is being said. */
const PAUSE_DBFS = -45;
const BLOCK_BYTES = 10 * BYTES_PER_MS;
/** How long a letter lasts when nothing of the voice is known yet: 15 letters a second. */
const LETTER_MS = 65;
/** A speaker draws out the last word before a comma or a full stop, by about so many letters. */
const DRAWN_OUT_LETTERS = 3;

/**
 * The text within the first `heardBytes` of the sentences' audio. A word counts when at least half of
 * it was played. Words are placed by the provider's word times where there are any, else by their
 * length along the voiced part of the sentence (pauses carry no words); a sentence that was still being
 * synthesised, or that the voice broke off, is measured by the pace of those before it: within a tenth of its words
 * for one voice. The first of a speech is measured by LETTER_MS, within a quarter. Word times are exact.
 */
export function heardText(sentences: readonly Sentence[], heardBytes: number): string {
  const texts: string[] = [];
  let startByte = 0;
  let pace: Pace = { weight: 0, voicedBytes: 0 };
  for (const sentence of sentences) {
    const playedBytes = heardBytes - startByte;
    if (playedBytes <= 0) break;
    // One that could not be spoken was passed over in silence.
    if (sentence.whole && sentence.audioBytes === 0) continue;
    const over = sentence.whole && playedBytes >= sentence.audioBytes;
    const said = over && sentence.broken !== true;
    texts.push(said ? sentence.text : cut(sentence, playedBytes, pace));
    if (!over) break;
    if (said && sentences.length > 1) pace = addPace(pace, sentence);
    startByte += sentence.audioBytes;
  }
  return texts.filter((text) => text !== '').join(' ');
}

interface Pace {
  readonly weight: number;
  readonly voicedBytes: number;
}

function addPace(pace: Pace, sentence: Sentence): Pace {
  return {
    weight: pace.weight + weightOf(wordsOf(sentence.text)),
    voicedBytes: pace.voicedBytes + voicedBytes(sentence, sentence.audioBytes),
  };
}

function cut(sentence: Sentence, playedBytes: number, pace: Pace): string {
  const words = wordsOf(sentence.text);
  if (sentence.wordTimes.length > 0) {
    const playedMs = playedBytes / BYTES_PER_MS;
    const said = sentence.wordTimes.filter((time) => (time.startMs + time.endMs) / 2 <= playedMs);
    return words.slice(0, wordsIn(words, said.map(({ word }) => word).join(''))).join(' ');
  }
  const totalWeight = weightOf(words);
  const known = voicedBytes(sentence, sentence.audioBytes);
  const expected =
    pace.weight > 0 ? (pace.voicedBytes / pace.weight) * totalWeight : totalWeight * LETTER_MS * BYTES_PER_MS;
  const total = sentence.whole && sentence.broken !== true ? known : Math.max(known, expected);
  if (total === 0) return '';
  const playedWeight = (voicedBytes(sentence, playedBytes) / total) * totalWeight;
  let weight = 0;
  let count = 0;
  for (const word of words) {
    const own = weightOf([word]);
    if (weight + own / 2 > playedWeight) break;
    weight += own;
    count += 1;
  }
  return words.slice(0, count).join(' ');
}

/** How many of the text's words the provider's make, which may be cut otherwise: "half-past" as two, "10 : 30" as three. */
function wordsIn(words: readonly string[], said: string): number {
  const saidLetters = lettersOf(said);
  let letters = 0;
  let count = 0;
  for (const word of words) {
    const own = lettersOf(word);
    if (letters + own / 2 > saidLetters || saidLetters === 0) break;
    letters += own;
    count += 1;
  }
  return count;
}

function lettersOf(text: string): number {
  return text.match(/[\p{L}\p{N}]/gu)?.length ?? 0;
}

function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

/** How long words take to say, in letters: a digit is a word of its own, and every word has an onset. */
function weightOf(words: readonly string[]): number {
  let weight = 0;
  for (const word of words) {
    const digits = word.match(/\d/g)?.length ?? 0;
    const letters = word.match(/\p{L}/gu)?.length ?? 0;
    weight += 1 + letters + digits * 4 + (/[.,:;!?]$/u.test(word) ? DRAWN_OUT_LETTERS : 0);
  }
  return weight;
}

function voicedBytes(sentence: Sentence, untilByte: number): number {
  let voiced = 0;
  let position = 0;
  for (const chunk of sentence.chunks) {
    for (let start = 0; start < chunk.length; start += BLOCK_BYTES) {
      const end = Math.min(start + BLOCK_BYTES, chunk.length);
      if (position + start >= untilByte) return voiced;
      if (levelDbfs(chunk, start, end) > PAUSE_DBFS) voiced += Math.min(end, untilByte - position) - start;
    }
    position += chunk.length;
  }
  return voiced;
}
