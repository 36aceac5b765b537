// Text-to-speech as the call sees it: a sentence in, mu-law out.
import type { Span } from '../base/span.ts';

export interface TextToSpeech {
  /** Label for metrics, from a closed set. */
  readonly provider: string;
  /** Everything but the text that decides how it sounds: provider, address, model, voice, instructions, speed. */
  readonly cacheKey: string;
  /**
   * Streams a sentence as 8 kHz mu-law, in pieces of any length that together are the whole.
   * Starts on the first pull and stops when `signal` aborts (throwing its reason) or the consumer stops.
   * Throws a `ProviderError` when the provider fails; what was yielded before it stands. `span`: on whose behalf; of
   * several who share what is made once, the first one's.
   */
  speak(text: string, signal: AbortSignal, span?: Span): AsyncIterable<SpeechChunk>;
  /** Whether the whole of `text` is there already: nobody has to be asked for it. Absent: never. */
  isReady?(text: string): boolean;
  /** Opens connections. Throws a `ProviderError` when that fails. */
  warmUp(signal: AbortSignal): Promise<void>;
}

export interface SpeechChunk {
  readonly mulaw: Uint8Array;
  /** When the provider tells: the words that begin in this chunk, in ms from the sentence's first byte. */
  readonly wordTimes?: readonly WordTime[];
}

export interface WordTime {
  readonly word: string;
  readonly startMs: number;
  readonly endMs: number;
}
