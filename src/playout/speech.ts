// What the agent is saying: sentences and their audio, filled by the voice, read by the playout.
// It is filled before anybody knows whether it will be played; playing is the playout's business.
import { BYTES_PER_MS, FRAME_BYTES } from '../audio/mulaw.ts';
import { heardText } from './heard.ts';

/** A reply longer than this is a runaway model: what comes after is refused. */
export const SPEECH_BYTES_MAX = 5 * 60 * 1_000 * BYTES_PER_MS;

export interface WordTime {
  readonly word: string;
  readonly startMs: number;
  readonly endMs: number;
}

/** A sentence's place in the speech; `startByte` is fixed once the sentences before it are whole. */
export interface Sentence {
  readonly text: string;
  readonly interruptible: boolean;
  readonly chunks: readonly Uint8Array[];
  readonly audioBytes: number;
  readonly whole: boolean;
  readonly wordTimes: readonly WordTime[];
  /** It ends before its text does: the voice failed, or was too long in coming. */
  readonly broken?: boolean;
  /** Said because the caller would hear nothing, and no part of what the speech has to say. */
  readonly filler?: boolean;
}

interface Growing extends Sentence {
  readonly chunks: Uint8Array[];
  audioBytes: number;
  whole: boolean;
  wordTimes: WordTime[];
  broken: boolean;
}

/** Writes the audio of one sentence. Sentences may be filled at the same time; they are played in order. */
export interface SentenceWriter {
  /** False when the speech is full or was dropped: stop synthesising. Keeps the array: don't write into it again. */
  write(mulaw: Uint8Array, wordTimes?: readonly WordTime[]): boolean;
  /** All of it is there, or, broken, will never be. Idempotent. */
  end(broken?: boolean): void;
}

export class Speech {
  readonly id: number;
  readonly #sentences: Growing[] = [];
  #audioBytes = 0;
  #ended = false;
  #textKnown = false;
  #onGrown: (() => void) | undefined;
  // The reading place: sentence, chunk within it, byte within that.
  #sentence = 0;
  #chunk = 0;
  #offset = 0;
  #sentenceRead = 0;
  #readBytes = 0;

  constructor(id: number) {
    this.id = id;
  }

  get sentences(): readonly Sentence[] {
    return this.#sentences;
  }

  /** All the text, heard or not. */
  get text(): string {
    return this.#sentences
      .map((sentence) => sentence.text)
      .filter((text) => text !== '')
      .join(' ');
  }

  /** The text that has sound: what a caller hears who hears all of it. */
  get audibleText(): string {
    return heardText(this.#sentences, Number.POSITIVE_INFINITY);
  }

  /** Bytes handed to the playout so far. */
  get readBytes(): number {
    return this.#readBytes;
  }

  /** No sentence will be added any more. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Everything is there and has been read. */
  get exhausted(): boolean {
    return this.complete && this.#readBytes === this.#audioBytes;
  }

  /** All of its text is known, though it may be added to by those who have to say that there is trouble. */
  get textKnown(): boolean {
    return this.#ended || this.#textKnown;
  }

  knowText(): void {
    this.#textKnown = true;
  }

  /** No more audio will come. */
  get complete(): boolean {
    return this.#ended && this.#sentences.every((sentence) => sentence.whole);
  }

  /** The sentence that the last byte read belongs to, by its place; -1 before the first. */
  get lastRead(): number {
    return this.#sentenceRead > 0 ? this.#sentence : this.#sentence - 1;
  }

  /** Index of the sentence that the next byte read belongs to. */
  get readingSentence(): number {
    return this.#sentence;
  }

  /** Adds the next sentence; its writer may be used while earlier ones are still being filled. */
  add(text: string, interruptible = true): SentenceWriter {
    const sentence = newSentence(text, interruptible, false);
    if (!this.#ended) this.#sentences.push(sentence);
    return this.#writer(sentence);
  }

  /**
   * Adds a filler that is read next; undefined when there is something else to read, or nothing more to come. A
   * sentence that is half read ends there: its rest comes too late.
   */
  addFiller(text: string): SentenceWriter | undefined {
    if (this.complete || this.availableBytes >= FRAME_BYTES) return undefined;
    const filler = newSentence(text, true, true);
    const reading = this.#sentences[this.#sentence];
    const begun = reading !== undefined && this.#sentenceRead > 0;
    if (begun && !reading.whole) {
      reading.whole = true;
      reading.broken = true;
    }
    this.#sentences.splice(this.#sentence + (begun ? 1 : 0), 0, filler);
    return this.#writer(filler);
  }

  /** Fillers before the first sentence that is none. */
  get fillers(): number {
    const first = this.#sentences.findIndex((sentence) => sentence.filler !== true);
    return first < 0 ? this.#sentences.length : first;
  }

  /** Says that no further sentence comes. Idempotent. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#onGrown?.();
  }

  /** Who wants to know that there is more to read, or nothing more to come. One listener: the playout. */
  onGrown(listener: (() => void) | undefined): void {
    this.#onGrown = listener;
  }

  /** Bytes that can be read now, in order: up to the first sentence that is still being filled, and what that has. */
  get availableBytes(): number {
    let bytes = -this.#sentenceRead;
    for (let i = this.#sentence; i < this.#sentences.length; i += 1) {
      const sentence = this.#sentences[i] as Growing;
      bytes += sentence.audioBytes;
      if (!sentence.whole) break;
    }
    return bytes;
  }

  /** Copies up to `out.length` bytes in order into `out`; answers how many. Costs a copy, allocates nothing. */
  read(out: Uint8Array): number {
    let filled = 0;
    while (filled < out.length) {
      const sentence = this.#sentences[this.#sentence];
      if (sentence === undefined) break;
      const chunk = sentence.chunks[this.#chunk];
      if (chunk === undefined) {
        if (!sentence.whole) break;
        this.#sentence += 1;
        this.#chunk = 0;
        this.#sentenceRead = 0;
        continue;
      }
      const take = Math.min(out.length - filled, chunk.length - this.#offset);
      out.set(chunk.subarray(this.#offset, this.#offset + take), filled);
      filled += take;
      this.#offset += take;
      this.#sentenceRead += take;
      if (this.#offset === chunk.length) {
        this.#chunk += 1;
        this.#offset = 0;
      }
    }
    this.#readBytes += filled;
    return filled;
  }

  /** Reading begins anew. The playout must have left it. */
  rewind(): void {
    this.#sentence = 0;
    this.#chunk = 0;
    this.#offset = 0;
    this.#sentenceRead = 0;
    this.#readBytes = 0;
  }

  #writer(sentence: Growing): SentenceWriter {
    return {
      write: (mulaw, wordTimes) => this.#write(sentence, mulaw, wordTimes ?? []),
      end: (broken = false) => {
        if (sentence.whole) return;
        sentence.whole = true;
        sentence.broken = broken;
        this.#onGrown?.();
      },
    };
  }

  #write(sentence: Growing, mulaw: Uint8Array, wordTimes: readonly WordTime[]): boolean {
    if (sentence.whole || this.#audioBytes + mulaw.length > SPEECH_BYTES_MAX) return false;
    if (mulaw.length === 0) return true;
    sentence.chunks.push(mulaw);
    sentence.audioBytes += mulaw.length;
    sentence.wordTimes.push(...wordTimes);
    this.#audioBytes += mulaw.length;
    this.#onGrown?.();
    return true;
  }
}

function newSentence(text: string, interruptible: boolean, filler: boolean): Growing {
  return {
    text,
    interruptible,
    filler,
    chunks: [],
    audioBytes: 0,
    whole: false,
    wordTimes: [],
    broken: false,
  };
}
