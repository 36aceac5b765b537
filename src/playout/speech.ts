// What the agent is saying: sentences and their audio, filled by the voice, read by the playout.
// It is filled before anybody knows whether it will be played; playing is the playout's business.
import { BYTES_PER_MS } from '../audio/mulaw.ts';

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
}

interface Growing extends Sentence {
  readonly chunks: Uint8Array[];
  audioBytes: number;
  whole: boolean;
  wordTimes: WordTime[];
}

/** Writes the audio of one sentence. Sentences may be filled at the same time; they are played in order. */
export interface SentenceWriter {
  /** False when the speech is full or was dropped: stop synthesising. Keeps the array: don't write into it again. */
  write(mulaw: Uint8Array, wordTimes?: readonly WordTime[]): boolean;
  /** All of it is there, or will never be. Idempotent. */
  end(): void;
}

export class Speech {
  readonly id: number;
  readonly #sentences: Growing[] = [];
  #audioBytes = 0;
  #ended = false;
  #onGrown: (() => void) | undefined;
  // The reading place: sentence, chunk within it, byte within that.
  #sentence = 0;
  #chunk = 0;
  #offset = 0;
  #sentenceRead = 0;
  #readBytes = 0;
  #fillers = 0;

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
    const audible = this.#sentences.filter((sentence) => sentence.audioBytes > 0);
    return audible
      .map((sentence) => sentence.text)
      .filter((text) => text !== '')
      .join(' ');
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

  /** No more audio will come. */
  get complete(): boolean {
    return this.#ended && this.#sentences.every((sentence) => sentence.whole);
  }

  /** Index of the sentence that the next byte read belongs to. */
  get readingSentence(): number {
    return this.#sentence;
  }

  /** Adds the next sentence; its writer may be used while earlier ones are still being filled. */
  add(text: string, interruptible = true): SentenceWriter {
    const sentence: Growing = { text, interruptible, chunks: [], audioBytes: 0, whole: false, wordTimes: [] };
    if (!this.#ended) this.#sentences.push(sentence);
    return {
      write: (mulaw, wordTimes) => this.#write(sentence, mulaw, wordTimes ?? []),
      end: () => {
        if (sentence.whole) return;
        sentence.whole = true;
        this.#onGrown?.();
      },
    };
  }

  /**
   * Adds a sentence before all others, while nothing has been read yet; undefined when it is too late. For what
   * is said while the first sentence is still being made.
   */
  addFirst(text: string): SentenceWriter | undefined {
    if (this.#readBytes > 0 || this.#ended) return undefined;
    const writer = this.add(text);
    const added = this.#sentences.pop();
    if (added !== undefined) this.#sentences.unshift(added);
    this.#fillers += 1;
    return writer;
  }

  /** Sentences that were put before the first. */
  get fillers(): number {
    return this.#fillers;
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
