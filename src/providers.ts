// The ears, the model and the voices that the agent's file names, each counted, with its fallbacks behind it.
import path from 'node:path';
import type { AgentFile, LlmEntry, SttEntry, TtsEntry } from './agent/schema.ts';
import type { Breaker } from './base/breaker.ts';
import type { Clock } from './base/clock.ts';
import { defined } from './base/defined.ts';
import { errorText } from './base/errors.ts';
import type { ProviderBreakers } from './base/providerBreakers.ts';
import { Hedging } from './base/hedging.ts';
import type { HttpPool } from './base/httpPool.ts';
import type { Logger } from './base/logger.ts';
import type { ProviderLatencies } from './base/providerLatencies.ts';
import { measuredEars, measuredModel, measuredVoice } from './call/measured.ts';
import type { Config } from './config.ts';
import { withFallback } from './llm/fallback.ts';
import { openaiLanguageModel } from './llm/openai.ts';
import type { LanguageModel } from './llm/port.ts';
import type { Metrics } from './metrics/metrics.ts';
import { deepgramSpeechToText } from './stt/deepgram.ts';
import { openaiSpeechToText } from './stt/openai.ts';
import type { SpeechToText } from './stt/port.ts';
import { cachedTextToSpeech, SpeechCache, type CachedTextToSpeech } from './tts/cache.ts';
import { fallbackTextToSpeech } from './tts/fallback.ts';
import { hedgedTextToSpeech } from './tts/hedged.ts';
import { openaiTextToSpeech } from './tts/openai.ts';
import type { TextToSpeech } from './tts/port.ts';

export interface ProvidersDeps {
  readonly agent: AgentFile;
  readonly config: Config;
  readonly http: HttpPool;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Kept whether or not anything is asked twice. */
  readonly latencies: ProviderLatencies;
  readonly breakers: ProviderBreakers;
}

/** OpenAI's own bound. */
const CACHE_KEY_CHARS_MAX = 64;

export interface OpenEars {
  /** In the order of the agent's file. */
  readonly ears: readonly SpeechToText[];
  readonly earBreakers: readonly Breaker[];
}

export function openEars({ agent, config, metrics, clock, breakers }: ProvidersDeps): OpenEars {
  const open = (entry: SttEntry): SpeechToText => {
    if (entry.provider === 'deepgram') {
      const { apiKeyEnv: _named, keywords: _perCall, ...options } = entry;
      return deepgramSpeechToText(
        { ...options, apiKey: keyOf(entry, config, config.deepgram.apiKey) },
        clock,
      );
    }
    const { baseUrl, apiKeyEnv: _named, provider: _closed, keywords: _perCall, ...options } = entry;
    const address = { baseUrl: baseUrl ?? config.openai.baseUrl, apiKey: keyOf(entry, config) };
    return openaiSpeechToText({ ...options, ...address }, clock);
  };
  const { stt } = agent.providers;
  return {
    ears: stt.map((entry) => measuredEars(open(entry), entry.model, metrics, clock)),
    earBreakers: stt.map((_entry, place) => breakers.of('stt', place)),
  };
}

/**
 * The first of the file's models, the next when it is late, and the others when it fails before a word. `first` is the
 * name of the one to be asked first, unless it is the file's first.
 */
export function openModel(deps: ProvidersDeps, first?: string): LanguageModel {
  const { agent, config, http, metrics, logger, clock, latencies, breakers } = deps;
  const open = (entry: LlmEntry): LanguageModel => {
    const { baseUrl, apiKeyEnv: _named, provider: _closed, switchMs: _between, ...options } = entry;
    const model = openaiLanguageModel(
      {
        ...defined(options),
        baseUrl: baseUrl ?? config.openai.baseUrl,
        apiKey: keyOf(entry, config),
        streaming: !config.disabled.has('llm-streaming'),
        promptCacheKey: promptCacheKeyOf(agent),
      },
      { clock, http },
    );
    return measuredModel(model, metrics, clock);
  };
  const entries = agent.providers.llm
    .map((entry, place) => ({ entry, place }))
    .toSorted((a, b) => Number(b.entry.model === first) - Number(a.entry.model === first));
  return withFallback(
    entries.map(({ entry }) => open(entry)),
    {
      clock,
      latencies: entries.map(({ place }) => latencies.of('llm', place)),
      breakers: entries.map(({ place }) => breakers.of('llm', place)),
      switchMs: entries.map(({ entry }) => entry.switchMs),
      hedging: hedgingOf(config),
      onSwitch: (error, from, to) =>
        logger.warn(
          { from: from.model, next: to.model, code: error.code, failure: error.message },
          'a model failed, the next is asked',
        ),
    },
  );
}

/** Every call of this agent begins its requests alike: with the prompt of this version of its file. */
function promptCacheKeyOf({ name, version }: AgentFile): string {
  return `${name.slice(0, CACHE_KEY_CHARS_MAX - version.length - 1)}-${version}`;
}

/** A budget of its own for each stage: a second answer of the model costs more than a second sentence of a voice. */
function hedgingOf(config: Config): Hedging | undefined {
  return config.disabled.has('hedging') ? undefined : new Hedging();
}

export interface Voices {
  /** What a call speaks with. */
  readonly voice: TextToSpeech;
  /** In the order of the agent's file; none without caching. */
  readonly caches: readonly CachedTextToSpeech[];
  /** To be opened before the first call and closed after the last. */
  readonly cache: SpeechCache | undefined;
}

/** With `caching` off every sentence is made anew. */
export function openVoices(deps: ProvidersDeps, caching: boolean): Voices {
  const { agent, config, http, metrics, logger, clock, breakers } = deps;
  const hedging = hedgingOf(config);
  const open = (entry: TtsEntry, place: number): TextToSpeech => {
    const { baseUrl, apiKeyEnv: _named, provider: _closed, switchMs: _between, ...options } = entry;
    const latencies = deps.latencies.of('tts', place);
    const voice = measuredVoice(
      openaiTextToSpeech(
        {
          ...defined(agent.voice),
          ...defined(options),
          baseUrl: baseUrl ?? config.openai.baseUrl,
          apiKey: keyOf(entry, config),
        },
        http,
        clock,
      ),
      entry.model,
      metrics,
      clock,
    );
    return hedgedTextToSpeech(voice, { clock, latencies, hedging, breaker: breakers.of('tts', place) });
  };
  const fallback = (voices: readonly TextToSpeech[]): TextToSpeech =>
    fallbackTextToSpeech(voices, {
      clock,
      breakers: agent.providers.tts.map((_entry, place) => breakers.of('tts', place)),
      latencies: agent.providers.tts.map((_entry, place) => deps.latencies.of('tts', place)),
      switchMs: agent.providers.tts.map((entry) => entry.switchMs),
      onFallback: (from, to, error) =>
        logger.warn(
          { provider: from.provider, next: to.provider, code: error.code, failure: error.message },
          'a voice failed, the next is asked',
        ),
    });
  const voices = agent.providers.tts.map(open);
  if (!caching) return { voice: fallback(voices), caches: [], cache: undefined };
  const cache = new SpeechCache({
    clock,
    disk: { folder: path.join(config.dataDir, 'speech') },
    observe: (name, result) => {
      metrics.cacheLookup(name, result);
      logger.debug({ cache: name, result }, 'looked for speech');
    },
    onError: (error) => logger.warn({ failure: errorText(error) }, 'the speech cache on disk failed'),
  });
  const caches = voices.map((voice) => cachedTextToSpeech(voice, cache));
  return { voice: fallback(caches), caches, cache };
}

/** The key that the entry names; the process's own only goes to the process's own address. */
function keyOf(
  entry: { readonly apiKeyEnv?: string | undefined; readonly baseUrl?: string | undefined },
  config: Config,
  own = config.openai.apiKey,
): string | undefined {
  if (entry.apiKeyEnv !== undefined) return config.secret(entry.apiKeyEnv);
  return entry.baseUrl === undefined ? own : undefined;
}
