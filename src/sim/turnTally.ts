// Ears for many calls on few cores: they notice that somebody speaks, and not what. What was said in each stretch of voice is
// told them.
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
/** A word is known so long after the one before, as long as all are said within a second. */
const WORD_MS = 60;
const WORDS_MS_MAX = 600;

/** Some 0.1 us for 10 ms of sound. `nextText` is what is said in a stretch that has just begun. */
export class TurnTally implements Ear {
  readonly words: HeardWord[] = [];
  readonly #nextText: () => string;
  #at = 0;
  #sum = 0;
  #voicedAtMs = -Infinity;

  constructor(nextText: () => string) {
    this.#nextText = nextText;
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
    if (atMs - this.#voicedAtMs > APART_MS) this.#note(this.#nextText(), atMs);
    this.#voicedAtMs = atMs;
  }

  #note(phraseText: string, atMs: number): void {
    const words = phraseText.split(' ');
    const stepMs = Math.min(WORD_MS, WORDS_MS_MAX / words.length);
    for (const [index, word] of words.entries()) {
      const startMs = atMs + index * stepMs;
      this.words.push({
        phraseText,
        phraseWords: words.length,
        index,
        word,
        startMs,
        endMs: startMs + stepMs,
      });
    }
  }
}
