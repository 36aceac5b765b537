// Providers that count and time themselves. No provider knows of metrics, and nobody who joins them can forget.
import type { Clock } from '../base/clock.ts';
import { ProviderError } from '../base/errors.ts';
import { LostRace } from '../base/race.ts';
import { BYTES_PER_MS } from '../audio/mulaw.ts';
import type { LanguageModel } from '../llm/port.ts';
import type { Metrics, RequestOutcome } from '../metrics/metrics.ts';
import type { SpeechToText } from '../stt/port.ts';
import type { TextToSpeech } from '../tts/port.ts';

/** Audio is counted as listened to when so much has come together: fifty counts a second and call would be dear. */
const COUNTED_BYTES = 5_000 * BYTES_PER_MS;
/** Commits whose last words are waited for. */
const UNANSWERED_MAX = 16;

export function measuredModel(model: LanguageModel, metrics: Metrics, clock: Clock): LanguageModel {
  const { provider, model: name } = model;
  return {
    provider,
    model: name,
    complete: (request, signal) =>
      counted(model.complete(request, signal), signal, clock, {
        begins: (event) => event.kind !== 'finished',
        onBegun: (tookMs) => metrics.firstOutput('llm', provider, name, tookMs),
        onOver: (outcome) => metrics.providerRequest('llm', provider, outcome),
      }),
    warmUp: (signal) => model.warmUp(signal),
  };
}

/** `name` is the model's or the voice's, for the metrics. */
export function measuredVoice(
  voice: TextToSpeech,
  name: string,
  metrics: Metrics,
  clock: Clock,
): TextToSpeech {
  const { provider } = voice;
  return {
    provider,
    cacheKey: voice.cacheKey,
    speak: (text, signal) => {
      metrics.charactersSpoken(provider, text.length);
      return counted(voice.speak(text, signal), signal, clock, {
        begins: ({ mulaw }) => mulaw.length > 0,
        onBegun: (tookMs) => metrics.firstOutput('tts', provider, name, tookMs),
        onOver: (outcome) => metrics.providerRequest('tts', provider, outcome),
      });
    },
    warmUp: (signal) => voice.warmUp(signal),
  };
}

/**
 * A session counts once: when it fails, or when it is closed by us. Timed is what it is asked for: the last words on
 * what was committed.
 */
export function measuredEars(ears: SpeechToText, name: string, metrics: Metrics, clock: Clock): SpeechToText {
  const { provider } = ears;
  return {
    provider,
    capabilities: ears.capabilities,
    open(options, listener) {
      let over = false;
      let uncountedBytes = 0;
      const committedAtMs = new Map<number, number>();
      const countAudio = (): void => {
        metrics.listened(provider, uncountedBytes / BYTES_PER_MS);
        uncountedBytes = 0;
      };
      const count = (outcome: RequestOutcome): void => {
        if (!over) metrics.providerRequest('stt', provider, outcome);
        over = true;
        countAudio();
      };
      const session = ears.open(options, (event) => {
        if (event.kind === 'failed') count(outcomeOf(event.error));
        if (event.kind === 'final') {
          const atMs = committedAtMs.get(event.utterance);
          committedAtMs.delete(event.utterance);
          if (atMs !== undefined) metrics.firstOutput('stt', provider, name, clock.nowMs() - atMs);
        }
        listener(event);
      });
      return {
        push: (mulaw) => {
          uncountedBytes += mulaw.length;
          if (uncountedBytes >= COUNTED_BYTES) countAudio();
          session.push(mulaw);
        },
        commit: () => {
          const utterance = session.commit();
          committedAtMs.set(utterance, clock.nowMs());
          // One that is never answered: the session is replaced sooner or later.
          if (committedAtMs.size > UNANSWERED_MAX) committedAtMs.delete(Math.min(...committedAtMs.keys()));
          return utterance;
        },
        close: (reason) => {
          count(reason ?? 'ok');
          session.close(reason);
        },
      };
    },
  };
}

interface Count<T> {
  /** Whether this item is the first that somebody can use. */
  readonly begins: (item: T) => boolean;
  readonly onBegun: (tookMs: number) => void;
  readonly onOver: (outcome: RequestOutcome) => void;
}

async function* counted<T>(
  source: AsyncIterable<T>,
  signal: AbortSignal,
  clock: Clock,
  { begins, onBegun, onOver }: Count<T>,
): AsyncGenerator<T, void, undefined> {
  const askedAtMs = clock.nowMs();
  let begun = false;
  let outcome: RequestOutcome | undefined;
  try {
    for await (const item of source) {
      if (!begun && begins(item)) {
        begun = true;
        onBegun(clock.nowMs() - askedAtMs);
      }
      yield item;
    }
    outcome = 'ok';
  } catch (error) {
    if (!signal.aborted) outcome = outcomeOf(error);
    throw error;
  } finally {
    // A consumer that stops pulling does not want the rest.
    onOver(outcome ?? (signal.reason instanceof LostRace ? 'hedged' : 'cancelled'));
  }
}
function outcomeOf(error: unknown): RequestOutcome {
  const late =
    error instanceof ProviderError &&
    (error.code === 'first_output_timeout' || error.code === 'idle_timeout');
  return late ? 'timeout' : 'error';
}
