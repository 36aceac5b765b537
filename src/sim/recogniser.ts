// Hears known phrases in a stream of sound and knows nothing else of what was said: what doesn't reach
// it as sound is missing from its words. It stands at both ends of a simulated call.
//
//   searching --a place agrees--> tracking block by block --two blocks differ--> tracking and searching
import { SAMPLE_RATE_HZ } from '../audio/mulaw.ts';
import {
  CHANGE_SAMPLES,
  CODE_SAMPLES,
  GUESSES,
  guessesOf,
  tiltsAt,
  WINDOW_SAMPLES as CODE_WINDOW_SAMPLES,
  type Tilts,
} from './fingerprint.ts';
import { align, audible, judgeBlock, type Heard } from './match.ts';
import { BLOCK_SAMPLES, INDEX_STEP_SAMPLES, type Phrase, type Phrasebook, Smoother } from './phrasebook.ts';
import { Rendition, type Alignment, type WordNews } from './rendition.ts';

export { Phrasebook } from './phrasebook.ts';

/** All work is done in steps of 10 ms, so that it doesn't matter how the stream is cut. */
const STEP_SAMPLES = 80;
/** How far a newly found phrase is followed back: 4 s. */
const HISTORY_SAMPLES = 4 * SAMPLE_RATE_HZ;
/** When a search begins, what led to it is searched too. */
const REPLAY_SAMPLES = 1_280;
/** Moments that must point to the same place before it is compared sample by sample. */
const VOTES = 3;
/** Votes are forgotten beyond this many places: the sound is none that is known. */
const PLACES_MAX = 20_000;
/** Blocks in a row that may differ before another place is looked for. */
const MISSES_MAX = 2;
/** Of the last CONFIRM_BLOCKS audible ones so many must match at a new place. */
const CONFIRM_BLOCKS = 5;
const CONFIRM_MATCHES = 3;
/** The phrase that was being said wins a tie. */
const CONTINUING_BONUS = 0.03;
/** The quietest of the last 1.5 s is the noise... */
const NOISE_BLOCKS = 75;
/** ...once there was 0.2 s to choose from... */
const NOISE_BLOCKS_MIN = 10;
/** ...and its mean is somewhat above its quietest moment. */
const NOISE_BIAS = 1.3;
const MS_PER_SAMPLE = 1_000 / SAMPLE_RATE_HZ;

export interface HeardWord {
  readonly word: string;
  readonly phraseText: string;
  /** The word's place in its phrase, and how many words that has. */
  readonly index: number;
  readonly phraseWords: number;
  /** In ms of the stream. The end may lie a little ahead: a word counts from 80 % of it. */
  readonly startMs: number;
  readonly endMs: number;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

interface Track {
  readonly rendition: Rendition;
  alignment: Alignment;
  nextBlock: number;
  misses: number;
  matches: number;
}

export class Recogniser {
  readonly #book: Phrasebook;
  readonly #smoother = new Smoother();
  readonly #pending = new Int16Array(STEP_SAMPLES);
  #pendingSamples = 0;
  readonly #history = new Float32Array(2 * HISTORY_SAMPLES);
  #historyFrom = 0;
  #at = 0;
  readonly #powers: number[] = [];
  #noisePower = 0;
  #track: Track | undefined;
  /** What was being said last; it may go on after a pause. */
  #last: Rendition | undefined;
  /** Up to where the search has looked; undefined when there is nothing to search. */
  #searchedTo: number | undefined;
  readonly #tilts: Tilts[] = [];
  readonly #votes = new Map<number, number>();
  readonly #guesses = new Uint16Array(GUESSES);
  readonly #words: Mutable<HeardWord>[] = [];

  constructor(book: Phrasebook) {
    this.#book = book;
  }

  /** In the order of the stream. An entry keeps its identity; its phrase may turn out to be another. */
  get words(): readonly HeardWord[] {
    return this.#words;
  }

  /** How much of the stream has been listened to. */
  get listenedMs(): number {
    return this.#at * MS_PER_SAMPLE;
  }

  /** The next 8 kHz samples of the stream, in pieces of any length. */
  push(samples: Int16Array): void {
    let taken = 0;
    while (taken < samples.length) {
      const part = samples.subarray(taken, taken + STEP_SAMPLES - this.#pendingSamples);
      this.#pending.set(part, this.#pendingSamples);
      this.#pendingSamples += part.length;
      taken += part.length;
      if (this.#pendingSamples < STEP_SAMPLES) return;
      this.#pendingSamples = 0;
      this.#remember(this.#smoother.process(this.#pending));
      this.#follow();
      this.#search();
    }
  }

  #remember(step: Float32Array): void {
    if (this.#at - this.#historyFrom + step.length > this.#history.length) {
      const keepFrom = this.#at - HISTORY_SAMPLES;
      this.#history.copyWithin(0, keepFrom - this.#historyFrom, this.#at - this.#historyFrom);
      this.#historyFrom = keepFrom;
    }
    this.#history.set(step, this.#at - this.#historyFrom);
    this.#at += step.length;
    if (this.#at % BLOCK_SAMPLES === 0) this.#measureNoise();
  }

  #measureNoise(): void {
    let power = 0;
    const end = this.#at - this.#historyFrom;
    for (let i = end - BLOCK_SAMPLES; i < end; i += 1) power += (this.#history[i] as number) ** 2;
    this.#powers.push(power / BLOCK_SAMPLES);
    if (this.#powers.length > NOISE_BLOCKS) this.#powers.shift();
    if (this.#powers.length >= NOISE_BLOCKS_MIN) this.#noisePower = Math.min(...this.#powers) * NOISE_BIAS;
  }

  #heard(): Heard {
    return {
      samples: this.#history,
      startsAt: this.#historyFrom,
      endsAt: this.#at,
      noisePower: this.#noisePower,
    };
  }

  #follow(): void {
    const track = this.#track;
    if (track === undefined) return;
    const { phrase } = track.rendition;
    while (track.alignment.offset + (track.nextBlock + 1) * BLOCK_SAMPLES <= this.#at) {
      if (track.nextBlock >= phrase.loud.length) break;
      this.#judge(track, track.nextBlock);
      track.nextBlock += 1;
    }
    if (track.nextBlock >= phrase.loud.length) this.#track = undefined;
  }

  #judge(track: Track, block: number): void {
    const { rendition, alignment } = track;
    const { verdict, gain } = judgeBlock(rendition.phrase, block, alignment, this.#heard());
    this.#tell(rendition, rendition.judge(block, verdict, alignment.offset));
    if (verdict === 'missed') {
      track.misses += 1;
      track.matches = 0;
    } else if (verdict === 'matched') {
      track.matches += 1;
      if (track.matches >= MISSES_MAX) track.misses = 0;
      track.alignment = { ...alignment, gain: alignment.gain + (gain - alignment.gain) / 10 };
    }
  }

  #search(): void {
    const lost = this.#track === undefined || this.#track.misses >= MISSES_MAX;
    if (!lost || !audible(this.#heard(), BLOCK_SAMPLES)) {
      // A pause between two syllables is no reason to forget what they pointed to.
      if (!lost || !audible(this.#heard(), 5 * BLOCK_SAMPLES)) this.#forget();
      return;
    }
    if (this.#searchedTo === undefined) {
      const from = Math.max(this.#historyFrom, this.#at - REPLAY_SAMPLES, 0);
      this.#searchedTo = Math.ceil(from / STEP_SAMPLES) * STEP_SAMPLES;
    }
    while (this.#searchedTo !== undefined && this.#searchedTo + CODE_WINDOW_SAMPLES <= this.#at) {
      this.#look(this.#searchedTo);
      if (this.#searchedTo !== undefined) this.#searchedTo += STEP_SAMPLES;
    }
    if (this.#votes.size > PLACES_MAX) this.#votes.clear();
  }

  #forget(): void {
    this.#searchedTo = undefined;
    this.#tilts.length = 0;
    this.#votes.clear();
  }

  /** Looks up the moment whose window begins at `start`, and compares the places that have enough votes. */
  #look(start: number): void {
    this.#tilts.push(tiltsAt(this.#history, start - this.#historyFrom));
    if (this.#tilts.length <= CHANGE_SAMPLES / STEP_SAMPLES) return;
    const before = this.#tilts.shift() as Tilts;
    guessesOf(before, this.#tilts.at(-1) as Tilts, this.#guesses);
    const here = (start + CODE_WINDOW_SAMPLES - CODE_SAMPLES) / INDEX_STEP_SAMPLES;
    const places = new Set<number>();
    for (const code of this.#guesses) {
      for (const step of this.#book.stepsOf(code)) {
        const place = step - here;
        const votes = (this.#votes.get(place) ?? 0) + 1;
        this.#votes.set(place, votes);
        const around = votes + (this.#votes.get(place - 1) ?? 0) + (this.#votes.get(place + 1) ?? 0);
        if (around >= VOTES) places.add(place);
      }
    }
    if (places.size > 0) this.#compare(places);
  }

  #compare(places: ReadonlySet<number>): void {
    const heard = this.#heard();
    let best: { phrase: Phrase; alignment: Alignment; score: number } | undefined;
    for (const place of places) {
      // Asked again only after as many votes more.
      for (const near of [place - 1, place, place + 1]) this.#votes.set(near, -VOTES);
      // The place is the index step at the stream's beginning; the phrase it belongs to is that of now.
      const phrase = this.#book.phraseAt(place + Math.floor((this.#at - CODE_SAMPLES) / INDEX_STEP_SAMPLES));
      if (phrase === undefined) continue;
      const found = align(phrase, (phrase.firstStep - place) * INDEX_STEP_SAMPLES, heard);
      if (found === undefined || !this.#confirmed(phrase, found.alignment)) continue;
      const score = found.score + (this.#continues(phrase, found.alignment) ? CONTINUING_BONUS : 0);
      if (score > (best?.score ?? 0)) best = { phrase, alignment: found.alignment, score };
    }
    if (best !== undefined) this.#lockOn(best.phrase, best.alignment);
  }

  #lastBlock(alignment: Alignment, phrase: Phrase): number {
    return Math.min(phrase.loud.length, Math.floor((this.#at - alignment.offset) / BLOCK_SAMPLES)) - 1;
  }

  #confirmed(phrase: Phrase, alignment: Alignment): boolean {
    let audibleBlocks = 0;
    let matches = 0;
    for (let block = this.#lastBlock(alignment, phrase); block >= 0; block -= 1) {
      if (alignment.offset + block * BLOCK_SAMPLES < this.#historyFrom) break;
      const { verdict } = judgeBlock(phrase, block, alignment, this.#heard());
      if (verdict === 'quiet') continue;
      audibleBlocks += 1;
      if (verdict === 'matched') matches += 1;
      if (audibleBlocks === CONFIRM_BLOCKS) break;
    }
    return matches >= CONFIRM_MATCHES;
  }

  /** Whether this is the phrase that was being said, going on from about where it had come to. */
  #continues(phrase: Phrase, alignment: Alignment): boolean {
    if (this.#last?.phrase !== phrase) return false;
    return this.#lastBlock(alignment, phrase) >= this.#last.heardBlocks - 1;
  }

  /** Takes up a place and follows it back to where it began. */
  #lockOn(phrase: Phrase, alignment: Alignment): void {
    const rendition =
      this.#last !== undefined && this.#continues(phrase, alignment) ? this.#last : new Rendition(phrase);
    const last = this.#lastBlock(alignment, phrase);
    const track = { rendition, alignment, nextBlock: last + 1, misses: 0, matches: 0 };
    let first = last;
    for (let misses = 0; first >= 0 && misses <= MISSES_MAX; first -= 1) {
      if (alignment.offset + first * BLOCK_SAMPLES < this.#historyFrom) break;
      const { verdict } = judgeBlock(phrase, first, alignment, this.#heard());
      if (verdict === 'missed') misses += 1;
      else if (verdict === 'matched') misses = 0;
    }
    for (let block = first + 1; block <= last; block += 1) this.#judge(track, block);
    track.misses = 0;
    this.#track = track;
    this.#last = rendition;
    this.#forget();
  }

  #tell(rendition: Rendition, news: readonly WordNews[]): void {
    const { text: phraseText, words } = rendition.phrase;
    for (const { index, word, startMs, endMs } of news) {
      const heard = { word: word.word, phraseText, index, phraseWords: words.length, startMs, endMs };
      const known = this.#words.findLast((other) => overlap(other, heard));
      if (known === undefined) this.#insert(heard);
      // Two phrases that begin alike: what follows tells which one it was.
      else if (plain(known.word) === plain(word.word)) Object.assign(known, heard);
    }
  }

  #insert(heard: HeardWord): void {
    const before = this.#words.findLastIndex((other) => other.startMs <= heard.startMs);
    this.#words.splice(before + 1, 0, heard);
  }
}

function overlap(a: HeardWord, b: HeardWord): boolean {
  const sharedMs = Math.min(a.endMs, b.endMs) - Math.max(a.startMs, b.startMs);
  return sharedMs > Math.min(a.endMs - a.startMs, b.endMs - b.startMs) / 2;
}

/** A word without case and punctuation. */
export function plain(word: string): string {
  return word.toLowerCase().replaceAll(/[^\p{L}\p{N}']/gu, '');
}
