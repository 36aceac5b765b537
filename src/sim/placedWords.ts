// Which words lie within so much of what was played: by the places that they have in the simulated voice's sound, made
// into the call's audio by the gateway's own means. Exact where recognising what was played is not: a word that was cut
// in half, or one between two breaks.
import { BYTES_PER_MS, encodeMulaw, SAMPLE_RATE_HZ } from '../audio/mulaw.ts';
import { createResampler } from '../audio/resample.ts';
import { pcmToSpeech } from '../tts/pcmSpeech.ts';
import type { Spoken, SpokenWord } from './openaiSpeech.ts';

const VOICE_RATE_HZ = 24_000;
/** Enough of a sentence's beginning to find it by. */
const BEGINNING_BYTES = 100 * BYTES_PER_MS;

interface Placed {
  readonly durationMs: number;
  /** By the sentence's first byte on the line. */
  readonly words: readonly SpokenWord[];
}

export class PlacedWords {
  readonly #known = new Map<string, Placed>();

  /** For the simulated voice's `onSpoken`; the same text always sounds the same. */
  readonly learn = (spoken: Spoken): void => {
    if (!this.#known.has(spoken.text)) this.#known.set(spoken.text, placed(spoken));
  };

  /**
   * The words of which at least half lies within the first `playedMs` of what was said for `text`, which is sentences
   * that the voice was asked for. Undefined when it was asked for something else.
   */
  within(text: string, playedMs: number): readonly string[] | undefined {
    const words: string[] = [];
    let rest = text;
    let startMs = 0;
    while (rest !== '' && startMs < playedMs) {
      const sentence = this.#firstOf(rest);
      const place = sentence === undefined ? undefined : this.#known.get(sentence);
      if (sentence === undefined || place === undefined) return undefined;
      for (const { word, startMs: fromMs, endMs: toMs } of place.words) {
        if (startMs + (fromMs + toMs) / 2 <= playedMs) words.push(word);
      }
      startMs += place.durationMs;
      rest = rest.slice(sentence.length).trimStart();
    }
    return words;
  }

  /** How long it takes to say it; undefined when the voice was asked for something else. */
  durationMs(text: string): number | undefined {
    let durationMs = 0;
    for (let rest = text; rest !== '';) {
      const sentence = this.#firstOf(rest);
      const place = sentence === undefined ? undefined : this.#known.get(sentence);
      if (sentence === undefined || place === undefined) return undefined;
      durationMs += place.durationMs;
      rest = rest.slice(sentence.length).trimStart();
    }
    return durationMs;
  }

  /** The longest that it begins with: "No." may be one, and "No. 5 is free." another. */
  #firstOf(text: string): string | undefined {
    const fits = [...this.#known.keys()].filter(
      (known) => text.startsWith(known) && (text.length === known.length || text[known.length] === ' '),
    );
    return fits.sort((a, b) => b.length - a.length)[0];
  }
}

function placed({ samples24k, words }: Spoken): Placed {
  const onLine = asPlayed(samples24k);
  const resampler = createResampler(VOICE_RATE_HZ, SAMPLE_RATE_HZ);
  const whole = Buffer.concat([encodeMulaw(resampler.process(samples24k)), encodeMulaw(resampler.flush())]);
  // The gateway leaves out the silence in front.
  const leftOutMs = Math.max(0, whole.indexOf(onLine.subarray(0, BEGINNING_BYTES))) / BYTES_PER_MS;
  return {
    durationMs: onLine.length / BYTES_PER_MS,
    words: words.map(({ word, startMs, endMs }) => ({
      word,
      startMs: startMs - leftOutMs,
      endMs: endMs - leftOutMs,
    })),
  };
}

function asPlayed(samples24k: Int16Array): Buffer {
  const speech = pcmToSpeech(VOICE_RATE_HZ);
  const pcm = new Uint8Array(samples24k.buffer, samples24k.byteOffset, samples24k.byteLength);
  const pieces = [speech.push(pcm), speech.end()];
  return Buffer.concat(pieces.map((piece) => (piece.ok ? piece.mulaw : new Uint8Array(0))));
}
