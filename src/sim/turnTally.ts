// Ears for many calls on few cores: they notice that somebody speaks, and not what. Each stretch of voice is a question
// with a name of its own, so that everything that follows from it can be told from every other call's. A name and no
// number: numbers from turn to turn are what somebody dictates, and would be taken out.
import { SAMPLE_RATE_HZ } from '../audio/mulaw.ts';
import type { HeardWord } from './recogniser.ts';

/** What a simulated speech-to-text hears with. */
export interface Ear {
  /** In the order of the stream. */
  readonly words: readonly HeardWord[];
  /** The next 8 kHz samples of the stream, in pieces of any length. */
  push(samples: Int16Array): void;
}

/** Mean amplitude of a voice on a line without noise. */
const VOICE_AMPLITUDE = 300;
const STEP_SAMPLES = 80;
/** Two stretches are further apart. */
const APART_MS = 700;
const MS_PER_SAMPLE = 1_000 / SAMPLE_RATE_HZ;

/** Some 0.1 us for 10 ms of sound. `nextNumber` never answers the same twice. */
export class TurnTally implements Ear {
  readonly words: HeardWord[] = [];
  readonly #nextNumber: () => number;
  #at = 0;
  #sum = 0;
  #voicedAtMs = -Infinity;

  constructor(nextNumber: () => number) {
    this.#nextNumber = nextNumber;
  }

  push(samples: Int16Array): void {
    for (const sample of samples) {
      this.#sum += Math.abs(sample);
      this.#at += 1;
      if (this.#at % STEP_SAMPLES === 0) this.#step();
    }
  }

  #step(): void {
    const voiced = this.#sum >= VOICE_AMPLITUDE * STEP_SAMPLES;
    this.#sum = 0;
    if (!voiced) return;
    const atMs = this.#at * MS_PER_SAMPLE;
    if (atMs - this.#voicedAtMs > APART_MS) this.#noteQuestion(atMs);
    this.#voicedAtMs = atMs;
  }

  #noteQuestion(startMs: number): void {
    const name = `${spelt(this.#nextNumber())}?`;
    const phrase = { phraseText: `Question ${name}`, phraseWords: 2, startMs, endMs: startMs + 10 };
    this.words.push({ ...phrase, word: 'Question', index: 0 }, { ...phrase, word: name, index: 1 });
  }
}

/** A letter for each digit: 120 is "bca". */
function spelt(number: number): string {
  return Array.from(String(number), (digit) => String.fromCharCode('a'.charCodeAt(0) + Number(digit))).join(
    '',
  );
}
