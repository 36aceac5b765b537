// The whole gateway, built from its configuration: who is given what, and in which order it all closes.
import path from 'node:path';
import { mkdir } from 'node:fs/promises';
import { loadAgentFile } from './agent/file.ts';
import { fixedLines } from './agent/lines.ts';
import type { AgentFile, LlmEntry, SttEntry, TtsEntry } from './agent/schema.ts';
import { Background } from './base/background.ts';
import { systemClock } from './base/clock.ts';
import { defined } from './base/defined.ts';
import { errorText } from './base/errors.ts';
import { HttpPool } from './base/httpPool.ts';
import type { Logger } from './base/logger.ts';
import { Calls } from './call/calls.ts';
import { measuredEars, measuredModel, measuredVoice } from './call/measured.ts';
import type { CallWorld, OpenRecording } from './call/world.ts';
import type { Config, Improvement } from './config.ts';
import { EventBus } from './events/bus.ts';
import { withFallback } from './llm/fallback.ts';
import { openaiLanguageModel } from './llm/openai.ts';
import type { LanguageModel } from './llm/port.ts';
import { watchEventLoop } from './metrics/eventLoop.ts';
import { openMetrics, type Metrics } from './metrics/metrics.ts';
import { PlayoutWheel } from './playout/wheel.ts';
import { openServer } from './server/server.ts';
import { StereoRecording } from './store/recording.ts';
import { openStore, type Store } from './store/store.ts';
import { openaiSpeechToText } from './stt/openai.ts';
import type { SpeechToText } from './stt/port.ts';
import { cachedTextToSpeech, SpeechCache, type CachedTextToSpeech } from './tts/cache.ts';
import { fallbackTextToSpeech } from './tts/fallback.ts';
import { openaiTextToSpeech } from './tts/openai.ts';
import type { TextToSpeech } from './tts/port.ts';
import type { TurnSettings } from './turn/state.ts';
import { twilioRest } from './twilio/rest.ts';
import { openVoiceDetector } from './vad/voiceDetector.ts';

/** Warming up never keeps a gateway from its calls for longer than this. */
const WARM_UP_MS_MAX = 15_000;
const clock = systemClock;

export interface Gateway {
  /** Where it listens. */
  readonly url: string;
  readonly agent: AgentFile;
  readonly calls: Calls;
  /** Takes no more calls; resolves when the last one is over. */
  drain(): Promise<void>;
  /** Hangs up what is left and closes everything. Idempotent. */
  close(): Promise<void>;
}

/**
 * Opens everything and listens. Rejects when something that a call can't do without can't be had (the agent's file,
 * the database, the port), having closed what it had opened.
 */
export async function openGateway(config: Config, logger: Logger): Promise<Gateway> {
  const closing: (() => Promise<unknown> | void)[] = [];
  const close = async (): Promise<void> => {
    // In the reverse order of opening; one that fails to close does not keep the others open.
    for (let last = closing.pop(); last !== undefined; last = closing.pop()) {
      await Promise.resolve(last()).catch((error: unknown) =>
        logger.error({ failure: errorText(error) }, 'could not close'),
      );
    }
  };
  try {
    return await build(config, logger, closing, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function build(
  config: Config,
  logger: Logger,
  closing: (() => Promise<unknown> | void)[],
  close: () => Promise<void>,
): Promise<Gateway> {
  const enabled = (improvement: Improvement): boolean => !config.disabled.has(improvement);
  const agent = await loadAgentFile(config.agentPath);
  await mkdir(config.dataDir, { recursive: true });

  let calls: Calls | undefined;
  let store: Store | undefined;
  const metrics = openMetrics({
    callsActive: () => calls?.activeCount ?? 0,
    pendingWrites: () => store?.writer.pendingWrites ?? 0,
  });
  closing.push(watchEventLoop(clock, (lagMs) => metrics.eventLoopLag(lagMs)));
  const background = new Background((error) =>
    logger.error({ failure: errorText(error) }, 'background work failed'),
  );
  closing.push(() => background.idle());

  store = await openTheStore(config, enabled('batched-writes'), metrics, logger);
  closing.push(() => store?.close());
  const detector = await openVoiceDetector(
    {
      kind: enabled('vad') ? 'silero' : 'energy',
      onFallback: (error) =>
        logger.warn(
          { failure: errorText(error) },
          'the voice model cannot be used: voice is told by loudness',
        ),
      onJudged: (delayMs) => metrics.vadDelayed(delayMs),
    },
    clock,
  );
  closing.push(() => detector.close());
  const http = new HttpPool();
  closing.push(() => http.close());
  const events = new EventBus({ clock, background: enabled('background-events') });

  const voices = openVoices(agent, config, http, metrics, logger, enabled('tts-cache'));
  const { cache } = voices;
  await cache?.open();
  closing.push(() => cache?.close());
  const model = openModel(agent, config, http, metrics, logger);
  const world: CallWorld = {
    agent,
    clock,
    logger,
    metrics,
    events,
    writer: store.writer,
    detector,
    ears: agent.providers.stt.map((entry) => measuredEars(openEars(entry, config), metrics)),
    model,
    voice: voices.voice,
    providers: { llm: model.provider, tts: voices.voice.provider },
    wheel: new PlayoutWheel(clock),
    turnSettings: turnSettingsOf(agent, enabled('speculation')),
    firstSentence: enabled('first-sentence'),
    background,
    fetch: http.fetch,
    secret: config.secret,
    openRecording: (callSid, part) =>
      agent.recording ? openRecording(config.dataDir, callSid, part, metrics, logger) : undefined,
  };
  calls = new Calls(world);
  closing.push(() => calls?.hangUpAll());

  let warm = !enabled('warmup');
  let draining = false;
  const server = await openServer({
    host: config.host,
    port: config.port,
    publicUrl: config.publicUrl,
    streamUrl: config.streamUrl,
    twilio: config.twilio,
    adminToken: config.adminToken,
    callsMax: config.callsMax,
    dataDir: config.dataDir,
    agentName: agent.name,
    callerNumber: agent.callerNumber,
    lines: {
      language: agent.language,
      busy: 'All our lines are busy. Please call again in a few minutes.',
      apology: agent.lines.sorry,
    },
    calls,
    reader: store.reader,
    events,
    metrics,
    rest: openRest(config),
    readiness: () => {
      const reasons = [...(warm ? [] : ['warming_up']), ...(draining ? ['draining'] : [])];
      return { ready: reasons.length === 0, reasons };
    },
    logger,
    clock,
  });
  closing.push(() => server.close());
  if (!warm) {
    background.run(
      warmUp({ agent, model, voices: voices.caches }, logger).finally(() => {
        warm = true;
      }),
    );
  }
  logger.info({ url: server.url, agent: agent.name, vad: detector.kind }, 'listening');
  return {
    url: server.url,
    agent,
    calls,
    drain: async () => {
      draining = true;
      server.setDraining();
      await calls?.idle();
    },
    close,
  };
}

function openTheStore(config: Config, batching: boolean, metrics: Metrics, logger: Logger): Promise<Store> {
  return openStore({
    databaseUrl: config.databaseUrl,
    dataDir: config.dataDir,
    migrate: config.migrate,
    batching,
    clock,
    onDropped: (rows) => metrics.dropped('store_rows', rows),
    onCommit: (durationMs) => metrics.stageTook('store_commit', '', durationMs),
    onError: (error) => logger.error({ failure: errorText(error) }, 'the store failed'),
  });
}

function openEars(entry: SttEntry, config: Config): SpeechToText {
  return openaiSpeechToText(
    {
      baseUrl: entry.baseUrl ?? config.openai.baseUrl,
      apiKey: keyOf(entry, config),
      model: entry.model,
      audioFormat: entry.audioFormat,
      serverVad: entry.serverVad,
      query: entry.query,
    },
    clock,
  );
}

function openModel(
  agent: AgentFile,
  config: Config,
  http: HttpPool,
  metrics: Metrics,
  logger: Logger,
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
  return withFallback(agent.providers.llm.map(open), (error, from, to) =>
    logger.warn(
      { from: from.model, next: to.model, code: error.code, failure: error.message },
      'a model failed, the next is asked',
    ),
  );
}

interface Voices {
  readonly voice: TextToSpeech;
  readonly caches: readonly CachedTextToSpeech[];
  readonly cache: SpeechCache | undefined;
}

function openVoices(
  agent: AgentFile,
  config: Config,
  http: HttpPool,
  metrics: Metrics,
  logger: Logger,
  caching: boolean,
): Voices {
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
    observe: (name, result) => metrics.cacheLookup(name, result),
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

function openRest(config: Config): ReturnType<typeof twilioRest> | undefined {
  const { accountSid, authToken, apiBaseUrl } = config.twilio;
  if (accountSid === undefined || authToken === undefined) return undefined;
  return twilioRest({ accountSid, authToken, ...(apiBaseUrl === undefined ? {} : { baseUrl: apiBaseUrl }) });
}

function openRecording(
  dataDir: string,
  callSid: string,
  part: number,
  metrics: Metrics,
  logger: Logger,
): OpenRecording {
  const file = path.join('recordings', part === 1 ? `${callSid}.wav` : `${callSid}-${part}.wav`);
  const recording = new StereoRecording({
    path: path.join(dataDir, file),
    durationMaxMs: 4 * 60 * 60 * 1_000,
    onError: (error) => {
      metrics.dropped('recording', 1);
      logger.error({ callSid, failure: error.message }, 'a recording failed');
    },
  });
  return { recording, path: file };
}

function turnSettingsOf(agent: AgentFile, speculate: boolean): TurnSettings {
  return {
    ...agent.turnTaking,
    interruption: agent.interruption,
    idleAfterMs: agent.limits.idle.map((step) => step.afterSeconds * 1_000),
    giveUpAfterMs: (agent.limits.idle.at(-1)?.afterSeconds ?? 0) * 1_000,
    speculate,
  };
}

/** Connections, the model and the fixed lines, before the first caller needs them. Failing costs time, not calls. */
async function warmUp(
  what: {
    readonly agent: AgentFile;
    readonly model: LanguageModel;
    readonly voices: readonly CachedTextToSpeech[];
  },
  logger: Logger,
): Promise<void> {
  const startedAtMs = clock.nowMs();
  const stop = new AbortController();
  const timer = clock.after(WARM_UP_MS_MAX, () => stop.abort(new Error('warming up took too long')));
  const lines = fixedLines(what.agent);
  const results = await Promise.allSettled([
    what.model.warmUp(stop.signal),
    ...what.voices.slice(0, 1).map(async (voice) => {
      const failures = await voice.prime(lines, stop.signal);
      if (failures[0] !== undefined) throw failures[0].error;
    }),
  ]);
  timer.cancel();
  for (const result of results) {
    if (result.status === 'rejected') logger.warn({ failure: errorText(result.reason) }, 'warming up failed');
  }
  logger.info({ durationMs: Math.round(clock.nowMs() - startedAtMs), lines: lines.length }, 'warmed up');
}
