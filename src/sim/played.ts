// What was really played to the caller, as words: the carrier's own recording, recognised.
import { decodeMulaw } from '../audio/mulaw.ts';
import { createResampler } from '../audio/resample.ts';
import type { Spoken } from './openaiSpeech.ts';
import { Phrasebook, Recogniser } from './recogniser.ts';

/** Knows every sentence that the simulated voice has spoken, by its sound. */
export class PlayedWords {
  readonly #book = new Phrasebook();

  /** For the simulated voice's `onSpoken`. */
  readonly learn = (spoken: Spoken): void => {
    const resampler = createResampler(24_000, 8_000);
    const body = resampler.process(spoken.samples24k);
    const tail = resampler.flush();
    const samples = new Int16Array(body.length + tail.length);
    samples.set(body);
    samples.set(tail, body.length);
    this.#book.add({ text: spoken.text, samples, words: spoken.words });
  };

  /** The words in mu-law audio, with their times in ms from its beginning. */
  wordsIn(
    mulaw: Uint8Array,
  ): readonly { readonly word: string; readonly startMs: number; readonly endMs: number }[] {
    const recogniser = new Recogniser(this.#book);
    recogniser.push(decodeMulaw(mulaw));
    // What was still under way counts when its time has passed.
    recogniser.push(new Int16Array(1_600));
    return recogniser.words;
  }
}
