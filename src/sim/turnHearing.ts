// The agent's voice as both ends know it: to find its words in what was played, and for the speech-to-text to take its
// echo for what a real one would, the agent's words.
import { decodeMulaw, SAMPLE_RATE_HZ } from '../audio/mulaw.ts';
import type { Spoken } from './openaiSpeech.ts';
import { PlacedWords } from './placedWords.ts';
import { Phrasebook, Recogniser } from './recogniser.ts';
import type { SpokenWord } from './turnEvidence.ts';
import { toSampleRate } from './voice.ts';

/** What was still under way counts when its time has passed. */
const TAIL_SAMPLES = 1_600;

export class TurnHearing {
  /** Where its words lie in its sound. */
  readonly placed = new PlacedWords();
  readonly #agent = new Phrasebook();
  readonly #known = new Set<string>();
  #listener: Phrasebook | undefined;

  /** From now on this book learns what the agent says, too. */
  teach(book: Phrasebook): void {
    this.#listener = book;
  }

  /** For the simulated voice's `onSpoken`; the same text always sounds the same. */
  learn(spoken24k: Spoken): void {
    const { text, samples24k, words } = spoken24k;
    if (this.#known.has(text)) return;
    this.placed.learn(spoken24k);
    this.#known.add(text);
    const spoken = { text, samples: samples24k, sampleRateHz: 24_000, words };
    const phrase = toSampleRate(spoken, SAMPLE_RATE_HZ);
    this.#agent.add(phrase);
    this.#listener?.add(phrase);
  }

  /** The agent's words in mu-law audio that began at `startMs`. */
  wordsIn(mulaw: Uint8Array, startMs: number): readonly SpokenWord[] {
    const recogniser = new Recogniser(this.#agent);
    recogniser.push(decodeMulaw(mulaw));
    recogniser.push(new Int16Array(TAIL_SAMPLES));
    return recogniser.words.map((heard) => ({
      word: heard.word,
      phraseText: heard.phraseText,
      startMs: startMs + heard.startMs,
      endMs: startMs + heard.endMs,
    }));
  }
}
