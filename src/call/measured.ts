// Providers that count, time and trace themselves. No provider knows of metrics or traces, and nobody who joins them can
// forget. The names of the attributes are those of OpenTelemetry's conventions for generative AI, as of 2026.
import type { Clock } from '../base/clock.ts';
import { ProviderError } from '../base/errors.ts';
import { LostRace } from '../base/race.ts';
import { noSpan, type Span, type SpanAttributes } from '../base/span.ts';
import { BYTES_PER_MS } from '../audio/mulaw.ts';
import type { LanguageModel, LlmEvent } from '../llm/port.ts';
import type { Metrics, RequestOutcome } from '../metrics/metrics.ts';
import type { SpeechToText } from '../stt/port.ts';
import type { TextToSpeech } from '../tts/port.ts';

/** Audio is counted as listened to when so much has come together: fifty counts a second and call would be dear. */
const COUNTED_BYTES = 5_000 * BYTES_PER_MS;
/** Commits whose last words are waited for. */
const UNANSWERED_MAX = 16;
const OPERATIONS = { llm: 'chat', tts: 'text_to_speech', stt: 'speech_to_text' } as const;
const OUTPUTS = { llm: 'text', tts: 'speech', stt: 'text' } as const;

export function measuredModel(model: LanguageModel, metrics: Metrics, clock: Clock): LanguageModel {
  const { provider, model: name } = model;
  return {
    provider,
    model: name,
    complete: (request, signal, parent = noSpan) =>
      counted((span) => model.complete(request, signal, span), signal, clock, {
        span: () => requestSpan(parent, 'llm', provider, name),
        begins: (event) => event.kind !== 'finished',
        onItem: noteFinish,
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
    speak: (text, signal, parent = noSpan) => {
      metrics.charactersSpoken(provider, text.length);
      return counted((span) => voice.speak(text, signal, span), signal, clock, {
        span: () => requestSpan(parent, 'tts', provider, name, { 'turnpike.characters': text.length }),
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
    open(options, listener, parent = noSpan) {
      let over = false;
      let uncountedBytes = 0;
      const span = requestSpan(parent, 'stt', provider, name);
      const committedAtMs = new Map<number, number>();
      const countAudio = (): void => {
        metrics.listened(provider, uncountedBytes / BYTES_PER_MS);
        uncountedBytes = 0;
      };
      const count = (outcome: RequestOutcome, error?: unknown): void => {
        if (over) return;
        over = true;
        metrics.providerRequest('stt', provider, outcome);
        countAudio();
        endRequest(span, outcome, error);
      };
      const onEvent: typeof listener = (event) => {
        if (event.kind === 'failed') count(outcomeOf(event.error), event.error);
        if (event.kind === 'ready') span.event('ready');
        if (event.kind === 'final') {
          const atMs = committedAtMs.get(event.utterance);
          committedAtMs.delete(event.utterance);
          if (atMs !== undefined) metrics.firstOutput('stt', provider, name, clock.nowMs() - atMs);
        }
        listener(event);
      };
      const session = ears.open(options, onEvent, span);
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
  /** Of this request; begun when it is made. */
  readonly span: () => Span;
  /** Whether this item is the first that somebody can use. */
  readonly begins: (item: T) => boolean;
  readonly onItem?: (item: T, span: Span) => void;
  readonly onBegun: (tookMs: number) => void;
  readonly onOver: (outcome: RequestOutcome) => void;
}

async function* counted<T>(
  ask: (span: Span) => AsyncIterable<T>,
  signal: AbortSignal,
  clock: Clock,
  { span: beginSpan, begins, onItem, onBegun, onOver }: Count<T>,
): AsyncGenerator<T, void, undefined> {
  const askedAtMs = clock.nowMs();
  const span = beginSpan();
  let begun = false;
  let outcome: RequestOutcome | undefined;
  let failure: unknown;
  try {
    for await (const item of ask(span)) {
      if (!begun && begins(item)) {
        begun = true;
        const tookMs = clock.nowMs() - askedAtMs;
        onBegun(tookMs);
        span.set({ 'gen_ai.response.time_to_first_chunk': tookMs / 1_000 });
      }
      onItem?.(item, span);
      yield item;
    }
    outcome = 'ok';
  } catch (error) {
    if (!signal.aborted) {
      outcome = outcomeOf(error);
      failure = error;
    }
    throw error;
  } finally {
    // A consumer that stops pulling does not want the rest.
    outcome ??= signal.reason instanceof LostRace ? 'hedged' : 'cancelled';
    onOver(outcome);
    endRequest(span, outcome, failure);
  }
}

function outcomeOf(error: unknown): RequestOutcome {
  const late =
    error instanceof ProviderError &&
    (error.code === 'first_output_timeout' || error.code === 'idle_timeout');
  return late ? 'timeout' : 'error';
}

function requestSpan(
  parent: Span,
  stage: keyof typeof OPERATIONS,
  provider: string,
  model: string,
  more: SpanAttributes = {},
): Span {
  const operation = OPERATIONS[stage];
  return parent.child(`${operation} ${model}`, {
    kind: 'client',
    attributes: {
      'gen_ai.operation.name': operation,
      'gen_ai.provider.name': provider,
      'gen_ai.request.model': model,
      'gen_ai.output.type': OUTPUTS[stage],
      ...more,
    },
  });
}

/** What we stopped ourselves has not failed. */
function endRequest(span: Span, outcome: RequestOutcome, error: unknown): void {
  span.set({
    'turnpike.outcome': outcome,
    'http.response.status_code': error instanceof ProviderError ? error.status : undefined,
  });
  if (error === undefined) span.end(outcome === 'silent' ? { failure: outcome } : {});
  else span.end({ failure: failureName(error) });
}

/** The kind of it alone: a message may quote what was said, or a key. */
function failureName(error: unknown): string {
  if (error instanceof ProviderError) return error.code;
  return error instanceof Error ? error.name : 'unknown';
}

function noteFinish(event: LlmEvent, span: Span): void {
  if (event.kind !== 'finished') return;
  const { reason, usage } = event;
  span.set({
    'gen_ai.response.finish_reasons': [reason],
    'gen_ai.usage.input_tokens': usage?.promptTokens,
    'gen_ai.usage.output_tokens': usage?.completionTokens,
    'gen_ai.usage.cache_read.input_tokens': usage?.cachedTokens,
  });
}
