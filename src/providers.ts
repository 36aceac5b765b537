// The ears, the model and the voices that the agent's file names, each counted, with its fallbacks behind it.
import path from 'node:path';
import type { AgentFile, LlmEntry, SttEntry, TtsEntry } from './agent/schema.ts';
import type { Clock } from './base/clock.ts';
import { defined } from './base/defined.ts';
import { errorText } from './base/errors.ts';
import type { HttpPool } from './base/httpPool.ts';
import type { Logger } from './base/logger.ts';
import { measuredEars, measuredModel, measuredVoice } from './call/measured.ts';
import type { Config } from './config.ts';
import { withFallback } from './llm/fallback.ts';
import { openaiLanguageModel } from './llm/openai.ts';
import type { LanguageModel } from './llm/port.ts';
import type { Metrics } from './metrics/metrics.ts';
import { openaiSpeechToText } from './stt/openai.ts';
import type { SpeechToText } from './stt/port.ts';
import { cachedTextToSpeech, SpeechCache, type CachedTextToSpeech } from './tts/cache.ts';
import { fallbackTextToSpeech } from './tts/fallback.ts';
import { openaiTextToSpeech } from './tts/openai.ts';
import type { TextToSpeech } from './tts/port.ts';

export interface ProvidersDeps {
  readonly agent: AgentFile;
  readonly config: Config;
  readonly http: HttpPool;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** In the order of the agent's file. */
export function openEars({ agent, config, metrics, clock }: ProvidersDeps): readonly SpeechToText[] {
  const open = (entry: SttEntry): SpeechToText => {
    const { baseUrl, apiKeyEnv: _named, provider: _closed, keywords: _perCall, ...options } = entry;
    const address = { baseUrl: baseUrl ?? config.openai.baseUrl, apiKey: keyOf(entry, config) };
    return openaiSpeechToText({ ...options, ...address }, clock);
  };
  return agent.providers.stt.map((entry) => measuredEars(open(entry), metrics));
}

/** The first of the file's models, and the others when it fails before a word. */
export function openModel(
  { agent, config, http, metrics, logger, clock }: ProvidersDeps,
  /** The name of the one to be asked first, unless it is the file's first. */
  first?: string,
): LanguageModel {
  const open = (entry: LlmEntry): LanguageModel => {
    const { baseUrl, apiKeyEnv: _named, provider: _closed, ...options } = entry;
    const model = openaiLanguageModel(
      {
        ...defined(options),
        baseUrl: baseUrl ?? config.openai.baseUrl,
        apiKey: keyOf(entry, config),
        streaming: !config.disabled.has('llm-streaming'),
      },
      { clock, http },
    );
    return measuredModel(model, metrics);
  };
  const entries = agent.providers.llm.toSorted(
    (a, b) => Number(b.model === first) - Number(a.model === first),
  );
  return withFallback(entries.map(open), (error, from, to) =>
    logger.warn(
      { from: from.model, next: to.model, code: error.code, failure: error.message },
      'a model failed, the next is asked',
    ),
  );
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
  const { agent, config, http, metrics, logger, clock } = deps;
  const open = (entry: TtsEntry): TextToSpeech => {
    const { baseUrl, apiKeyEnv: _named, provider: _closed, ...options } = entry;
    return measuredVoice(
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
      metrics,
    );
  };
  const fallback = (voices: readonly TextToSpeech[]): TextToSpeech =>
    fallbackTextToSpeech(voices, {
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
): string | undefined {
  if (entry.apiKeyEnv !== undefined) return config.secret(entry.apiKeyEnv);
  return entry.baseUrl === undefined ? config.openai.apiKey : undefined;
}
