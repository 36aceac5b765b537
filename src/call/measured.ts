// Providers that count themselves. No provider knows of metrics, and nobody who joins them can forget.
import { ProviderError } from '../base/errors.ts';
import { LostRace } from '../base/race.ts';
import type { LanguageModel } from '../llm/port.ts';
import type { Metrics, RequestOutcome } from '../metrics/metrics.ts';
import type { SpeechToText } from '../stt/port.ts';
import type { TextToSpeech } from '../tts/port.ts';

export function measuredModel(model: LanguageModel, metrics: Metrics): LanguageModel {
  return {
    provider: model.provider,
    model: model.model,
    complete: (request, signal) =>
      counted(model.complete(request, signal), signal, (outcome) =>
        metrics.providerRequest('llm', model.provider, outcome),
      ),
    warmUp: (signal) => model.warmUp(signal),
  };
}

export function measuredVoice(voice: TextToSpeech, metrics: Metrics): TextToSpeech {
  return {
    provider: voice.provider,
    cacheKey: voice.cacheKey,
    speak: (text, signal) =>
      counted(voice.speak(text, signal), signal, (outcome) =>
        metrics.providerRequest('tts', voice.provider, outcome),
      ),
    warmUp: (signal) => voice.warmUp(signal),
  };
}

/** A session counts once: when it fails, or when it is closed by us. */
export function measuredEars(ears: SpeechToText, metrics: Metrics): SpeechToText {
  return {
    provider: ears.provider,
    capabilities: ears.capabilities,
    open(options, listener) {
      let over = false;
      const count = (outcome: RequestOutcome): void => {
        if (!over) metrics.providerRequest('stt', ears.provider, outcome);
        over = true;
      };
      const session = ears.open(options, (event) => {
        if (event.kind === 'failed') count(outcomeOf(event.error));
        listener(event);
      });
      return {
        push: (mulaw) => session.push(mulaw),
        commit: () => session.commit(),
        close: (reason) => {
          count(reason ?? 'ok');
          session.close(reason);
        },
      };
    },
  };
}

async function* counted<T>(
  source: AsyncIterable<T>,
  signal: AbortSignal,
  count: (outcome: RequestOutcome) => void,
): AsyncGenerator<T, void, undefined> {
  let outcome: RequestOutcome | undefined;
  try {
    yield* source;
    outcome = 'ok';
  } catch (error) {
    if (!signal.aborted) outcome = outcomeOf(error);
    throw error;
  } finally {
    // A consumer that stops pulling does not want the rest.
    count(outcome ?? (signal.reason instanceof LostRace ? 'hedged' : 'cancelled'));
  }
}

function outcomeOf(error: unknown): RequestOutcome {
  const late =
    error instanceof ProviderError &&
    (error.code === 'first_output_timeout' || error.code === 'idle_timeout');
  return late ? 'timeout' : 'error';
}
