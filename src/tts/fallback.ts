// Several providers in order: when one fails before its first audio, the next one says the sentence.
import assert from 'node:assert/strict';
import { ProviderError } from '../base/errors.ts';
import type { SpeechChunk, TextToSpeech } from './port.ts';

export interface FallbackOptions {
  /** A provider failed and the next one is asked. */
  readonly onFallback?: (from: TextToSpeech, to: TextToSpeech, error: ProviderError) => void;
}

/**
 * The first of `providers` that gives audio. After its first audio a failure is thrown: half a sentence
 * cannot be gone on with in another voice. When all fail the last one's error is thrown. Whatever is no
 * `ProviderError` is a bug or an abort, and is thrown at once.
 */
export function fallbackTextToSpeech(
  providers: readonly TextToSpeech[],
  options: FallbackOptions = {},
): TextToSpeech {
  const [first] = providers;
  assert(first !== undefined, 'at least one provider');
  return {
    provider: first.provider,
    cacheKey: JSON.stringify(providers.map((provider) => provider.cacheKey)),
    async *speak(text, signal): AsyncGenerator<SpeechChunk, void, undefined> {
      for (const [index, provider] of providers.entries()) {
        let heard = false;
        try {
          for await (const chunk of provider.speak(text, signal)) {
            heard ||= chunk.mulaw.length > 0;
            yield chunk;
          }
          return;
        } catch (error) {
          const next = providers[index + 1];
          if (heard || signal.aborted || next === undefined || !(error instanceof ProviderError)) throw error;
          options.onFallback?.(provider, next, error);
        }
      }
    },
    /** All of them; one that is there is enough. */
    async warmUp(signal) {
      const outcomes = await Promise.allSettled(providers.map((provider) => provider.warmUp(signal)));
      signal.throwIfAborted();
      const failed = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome] : []));
      const [one] = failed;
      if (one !== undefined && failed.length === providers.length) throw one.reason;
    },
  };
}
