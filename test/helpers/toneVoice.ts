// A voice for tests that need a sound for a text and no synthesiser: each word is a tone of its own
// pitch, so that what arrives can be told apart, and the same text always sounds the same.
import type { SpeechVoice, SpokenWord } from '../../src/sim/openaiSpeech.ts';

const SAMPLE_RATE_HZ = 22_050;
const WORD_MS = 200;
const GAP_MS = 50;

/** The pitch of a word: 400 to 1,990 Hz. */
export function wordHz(word: string): number {
  let sum = 0;
  for (const character of word) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 160;
  return 400 + sum * 10;
}

export interface ToneVoiceOptions {
  /** Silence before the first word, as some providers send. */
  readonly leadMs?: number;
  readonly tailMs?: number;
  readonly onSay?: (text: string) => void;
}

export function toneVoice(options: ToneVoiceOptions = {}): SpeechVoice {
  const { leadMs = 0, tailMs = 0, onSay } = options;
  return {
    say(text) {
      onSay?.(text);
      const names = text.split(/\s+/).filter((word) => word !== '');
      const wordsMs = names.length * WORD_MS + Math.max(0, names.length - 1) * GAP_MS;
      const samples = new Int16Array(Math.round(((leadMs + wordsMs + tailMs) / 1_000) * SAMPLE_RATE_HZ));
      const words: SpokenWord[] = [];
      for (const [index, word] of names.entries()) {
        const startMs = leadMs + index * (WORD_MS + GAP_MS);
        words.push({ word, startMs, endMs: startMs + WORD_MS });
        const from = Math.round((startMs / 1_000) * SAMPLE_RATE_HZ);
        const length = Math.round((WORD_MS / 1_000) * SAMPLE_RATE_HZ);
        for (let i = 0; i < length && from + i < samples.length; i += 1) {
          samples[from + i] = Math.round(
            10_000 * Math.sin((2 * Math.PI * wordHz(word) * i) / SAMPLE_RATE_HZ),
          );
        }
      }
      return Promise.resolve({ samples, sampleRateHz: SAMPLE_RATE_HZ, words });
    },
  };
}
