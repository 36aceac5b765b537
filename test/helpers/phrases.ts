// Sentences as sound, for whatever has to hear them.
import { decodeMulaw, encodeMulaw, SAMPLE_RATE_HZ } from '../../src/audio/mulaw.ts';
import { createResampler } from '../../src/audio/resample.ts';
import { Phrasebook, plain, type HeardWord } from '../../src/sim/recogniser.ts';
import { openVoice, type Voice, type VoiceOptions } from '../../src/sim/voice.ts';

export interface Said {
  readonly text: string;
  readonly words: readonly { readonly word: string; readonly startMs: number; readonly endMs: number }[];
  /** 8 kHz. */
  readonly samples: Int16Array;
  readonly mulaw: Uint8Array;
}

let voice: Promise<Voice> | undefined;

/** The text, spoken. */
export async function say(text: string, options: VoiceOptions = {}): Promise<Said> {
  voice ??= openVoice();
  const spoken = await (await voice).say(text, options);
  const samples = resampled(spoken.samples, spoken.sampleRateHz, SAMPLE_RATE_HZ);
  return { text, words: spoken.words, samples, mulaw: encodeMulaw(samples) };
}

export async function sayAll(texts: readonly string[]): Promise<Said[]> {
  const said: Said[] = [];
  for (const text of texts) said.push(await say(text));
  return said;
}

export function bookOf(phrases: readonly Said[]): Phrasebook {
  const book = new Phrasebook();
  for (const phrase of phrases) book.add(phrase);
  return book;
}

export function resampled(samples: Int16Array, fromHz: number, toHz: number): Int16Array {
  const resampler = createResampler(fromHz, toHz);
  return joined(resampler.process(samples), resampler.flush());
}

export function joined(...parts: readonly Int16Array[]): Int16Array {
  const all = new Int16Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Silence of 8 kHz samples. */
export function quiet(durationMs: number): Int16Array {
  return new Int16Array((durationMs * SAMPLE_RATE_HZ) / 1_000);
}

export function throughMulaw(samples: Int16Array): Int16Array {
  return decodeMulaw(encodeMulaw(samples));
}

/** Text or words, compared as they sound. */
export function spoken(words: string | readonly HeardWord[]): string {
  const parts = typeof words === 'string' ? words.split(/\s+/) : words.map(({ word }) => word);
  return parts.map(plain).filter(Boolean).join(' ');
}
