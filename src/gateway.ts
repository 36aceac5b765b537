// The whole gateway, built from its configuration: who is given what, and in which order it all closes.
import path from 'node:path';
import { mkdir } from 'node:fs/promises';
import { loadAgentFile } from './agent/file.ts';
import { intentsOf } from './agent/intentPlan.ts';
import type { AgentFile } from './agent/schema.ts';
import { Background } from './base/background.ts';
import { systemClock } from './base/clock.ts';
import { errorText } from './base/errors.ts';
import { HttpPool } from './base/httpPool.ts';
import type { Logger } from './base/logger.ts';
import { systemRandom } from './base/random.ts';
import { ProviderBreakers } from './base/providerBreakers.ts';
import { ProviderLatencies } from './base/providerLatencies.ts';
import { Calls } from './call/calls.ts';
import { turnSettingsOf } from './call/turnSettings.ts';
import type { CallWorld } from './call/world.ts';
import type { Config } from './config.ts';
import { gaugesOf } from './gauges.ts';
import { openTapes, openTheStore, recordingsOf, whatIsKept } from './kept.ts';
import { watchLoad } from './load.ts';
import { ResponseCache } from './llm/responseCache.ts';
import { openMetrics, openMutedMetrics, type Metrics } from './metrics/metrics.ts';
import { PlayoutWheel } from './playout/wheel.ts';
import { openEars, openModel, openVoices, type ProvidersDeps } from './providers.ts';
import { readinessOf } from './readiness.ts';
import type { Readiness, ServerLimits } from './server/options.ts';
import { openServer } from './server/server.ts';
import { openSharing } from './sharing.ts';
import { watchDatabase } from './store/health.ts';
import type { Store } from './store/store.ts';
import { openTraces } from './traces.ts';
import { twilioRest } from './twilio/rest.ts';
import { openTurnModel, type MeasuredTurnModel } from './vad/turnModel.ts';
import { openVoiceDetector, type MeasuredVoiceDetector } from './vad/voiceDetector.ts';
import { startWarmUp, whileRinging, type WarmUpDeps } from './warmUp.ts';

const clock = systemClock;

/** Where the build leaves the console, seen from the sources and from the build alike. */
const CONSOLE_DIR = path.join(import.meta.dirname, '..', 'dist', 'console');

/** What differs from a gateway as it is run. */
export interface Unusual {
  readonly limits?: Partial<ServerLimits>;
  readonly consoleDir?: string;
}

export interface Gateway {
  /** Where it listens. */
  readonly url: string;
  readonly agent: AgentFile;
  readonly calls: Calls;
  /** Takes no more calls; resolves when the last one is over. */
  drain(): Promise<void>;
  /** Leaves every live call to another instance, at a moment when nobody speaks; resolves when none is left. */
  handOver(): Promise<void>;
  /** Hangs up what is left and closes everything. Idempotent. */
  close(): Promise<void>;
}

/**
 * Opens everything and listens. Rejects when something that a call can't do without can't be had (the agent's file,
 * the database, the port), having closed what it had opened.
 */
export async function openGateway(config: Config, logger: Logger, unusual: Unusual = {}): Promise<Gateway> {
  const closing: Closing = [];
  const closeAll = async (): Promise<void> => {
    // In the reverse order of opening; one that fails to close does not keep the others open.
    for (let last = closing.pop(); last !== undefined; last = closing.pop()) {
      try {
        await last();
      } catch (error) {
        logger.error({ failure: errorText(error) }, 'could not close');
      }
    }
  };
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => (closed ??= closeAll());
  try {
    return await build(config, logger, unusual, closing, close);
  } catch (error) {
    await close();
    throw error;
  }
}

type Closing = (() => Promise<unknown> | void)[];

async function build(
  config: Config,
  logger: Logger,
  unusual: Unusual,
  closing: Closing,
  close: () => Promise<void>,
): Promise<Gateway> {
  const agent = await loadAgentFile(config.agentPath);
  await mkdir(config.dataDir, { recursive: true });
  let calls: Calls | undefined;
  let store: Store | undefined;
  let detector: MeasuredVoiceDetector | undefined;
  let turnModel: MeasuredTurnModel | undefined;
  const sharing = openSharing(config, clock, logger);
  closing.push(() => sharing.close());
  let drainingSinceMs: number | undefined;
  const tracer = await openTraces(config, clock, logger);
  closing.push(() => tracer?.close());
  const open = config.disabled.has('metrics') ? openMutedMetrics : openMetrics;
  const metrics = open(
    gaugesOf(clock, () => ({ calls, store, sharing, detector, turnModel, load, tracer, drainingSinceMs })),
  );
  metrics.runsAgent(agent.name, agent.version);
  const load = watchLoad(config, clock, logger, metrics, () => calls?.activeCount ?? 0);
  closing.push(load.stop);
  const background = new Background((error) =>
    logger.error({ failure: errorText(error) }, 'background work failed'),
  );
  closing.push(() => background.idle());
  store = await openTheStore(config, sharing.instance, clock, metrics, logger);
  closing.push(() => store?.close());
  const databaseUp = watchDatabase(store.reader, clock, logger);
  closing.push(() => databaseUp.close());
  const { http, toolHttp } = openHttp(config, closing);
  const latencies = new ProviderLatencies(clock);
  const kept = { latencies, breakers: openBreakers(agent, metrics, logger) };
  const deps: ProvidersDeps = { agent, config, http, metrics, logger, clock, ...kept };
  const voices = openVoices(deps, !config.disabled.has('tts-cache'));
  await voices.cache?.open();
  closing.push(() => voices.cache?.close());
  const model = openModel(deps);
  detector = await openTheDetector(config, metrics, logger);
  closing.push(() => detector?.close());
  turnModel = await openTheTurnModel(config, agent, logger);
  closing.push(() => turnModel?.close());
  const world: CallWorld = {
    agent,
    clock,
    logger,
    metrics: load.metrics,
    tracer,
    ...whatIsKept(config, store, sharing),
    detector,
    ...optionalParts(config, agent, turnModel),
    ...openEars(deps),
    model,
    voice: voices.voice,
    providers: { llm: model.provider, tts: voices.voice.provider },
    wheel: new PlayoutWheel(clock),
    ...worldOptions(config, agent, metrics),
    ...adaptiveOf(config, deps),
    background,
    fetch: toolHttp.fetch,
    openRecording: recordingsOf(config, agent, metrics, logger),
  };
  const warming = !config.disabled.has('warmup');
  const warmUpDeps = { ...deps, ...voices, model, ears: world.ears, world };
  const tapes = openTapes(config, metrics, logger, closing);
  calls = new Calls({ ...world, tapes, whileRinging: warming ? whileRinging(warmUpDeps) : 'nothing' });
  closing.push(() => calls?.hangUpAll());

  const unready = new Set<string>(warming ? ['warming_up'] : []);
  const { spool } = store;
  const readiness = (): Readiness =>
    readinessOf({ unready, databaseUp: databaseUp.up, spool, redisUp: sharing.fleet?.up });
  const server = await openServer({
    ...serverOptions(config, agent, unusual, store),
    calls,
    ...sharing.forServer,
    metrics,
    readiness,
    overloaded: load.overloaded,
    logger,
  });
  closing.push(() => server.close());
  if (warming) closing.push(warmUpUntilReady(warmUpDeps, background, unready));
  logger.info({ url: server.url, agent: agent.name, vad: detector.kind }, 'listening');
  return {
    url: server.url,
    agent,
    calls,
    drain: async () => {
      drainingSinceMs ??= clock.nowMs();
      server.setDraining();
      await calls?.idle();
    },
    handOver: async () => calls?.handOver(),
    close,
  };
}

/** For providers, and for tools, which reach the open internet alone. */
function openHttp(
  config: Config,
  closing: Closing,
): { readonly http: HttpPool; readonly toolHttp: HttpPool } {
  const http = new HttpPool();
  closing.push(() => http.close());
  const toolHttp = new HttpPool({ privateHosts: config.toolHosts });
  closing.push(() => toolHttp.close());
  return { http, toolHttp };
}

/** Each change is told once, however many calls meet the same failure. */
function openBreakers(agent: AgentFile, metrics: Metrics, logger: Logger): ProviderBreakers {
  const levels = { closed: 0, half_open: 0.5, open: 1 } as const;
  const breakers = new ProviderBreakers({
    clock,
    random: systemRandom,
    onChange: (stage, place, state, why) => {
      const { provider, model } = agent.providers[stage][place] ?? {};
      metrics.breakerIs(stage, provider ?? '', model ?? '', levels[state]);
      const failure = why === undefined || why === 'late' ? why : why.code;
      if (state === 'open') logger.warn({ stage, provider, model, failure }, 'a provider is passed over');
      else logger.info({ stage, provider, model, state }, 'a provider is asked again');
    },
  });
  for (const stage of ['stt', 'llm', 'tts'] as const) {
    for (const { provider, model } of agent.providers[stage]) metrics.breakerIs(stage, provider, model, 0);
  }
  return breakers;
}

/** What a call can do without: the model of turn ends, and what is answered without the model. */
function optionalParts(
  config: Config,
  agent: AgentFile,
  turnModel: MeasuredTurnModel | undefined,
): Pick<CallWorld, 'turnModel' | 'intents'> {
  return {
    ...(turnModel === undefined ? {} : { turnModel }),
    ...(config.disabled.has('intents') ? {} : { intents: intentsOf(agent) }),
  };
}

/** What of a call's world follows from the configuration and the agent's file alone. */
function worldOptions(config: Config, agent: AgentFile, metrics: Metrics) {
  const observe = (result: 'hit' | 'miss'): void => metrics.cacheLookup('response', result);
  return {
    responses: config.disabled.has('response-cache') ? undefined : new ResponseCache({ clock, observe }),
    turnSettings: turnSettingsOf(agent, !config.disabled.has('speculation')),
    firstSentence: !config.disabled.has('first-sentence'),
    secret: config.secret,
  };
}

/** What replies are adapted by; nothing when it is switched off. */
function adaptiveOf({ disabled }: Config, deps: ProvidersDeps): Pick<CallWorld, 'adaptive'> {
  const { enabled, fasterModel } = deps.agent.adaptive;
  if (disabled.has('adaptive') || !enabled) return {};
  return {
    adaptive: {
      firstTokenP95Ms: () => deps.latencies.of('llm', 0).quantileMs(0.95),
      fasterModel: fasterModel === undefined ? undefined : openModel(deps, fasterModel),
    },
  };
}

/** Begins to warm up, and takes `warming_up` from `unready` when calls may come. Answers what ends it. */
function warmUpUntilReady(
  deps: WarmUpDeps,
  background: Background,
  unready: Set<string>,
): () => Promise<void> {
  const warmUp = startWarmUp(deps);
  background.run(warmUp.ready.then(() => unready.delete('warming_up')));
  return () => warmUp.stop();
}

/** What of the server's options follows from the configuration and the agent's file alone. */
function serverOptions(
  config: Config,
  agent: AgentFile,
  { limits = {}, consoleDir = CONSOLE_DIR }: Unusual,
  { reader, eraser }: Store,
) {
  const { host, port, publicUrl, streamUrl, twilio, adminToken, callsMax, overflowUrl, dataDir } = config;
  const { perMinute, trustedProxies } = config;
  const busy = 'All our lines are busy. Please call again in a few minutes.';
  return {
    host,
    port,
    publicUrl,
    streamUrl,
    twilio,
    adminToken,
    callsMax,
    overflowUrl,
    dataDir,
    limits,
    rateLimits: { perMinute, trustedProxies },
    consoleDir,
    reader,
    eraser,
    clock,
    agentName: agent.name,
    callerNumber: agent.callerNumber,
    lines: { language: agent.language, busy, apology: agent.lines.sorry },
    rest: openRest(config),
  };
}

function openTheDetector(config: Config, metrics: Metrics, logger: Logger): Promise<MeasuredVoiceDetector> {
  return openVoiceDetector(
    {
      kind: config.disabled.has('vad') ? 'energy' : 'silero',
      onFallback: (error) =>
        logger.warn(
          { failure: errorText(error) },
          'the voice model cannot be used: voice is told by loudness',
        ),
      onJudged: (delayMs) => metrics.vadDelayed(delayMs),
    },
    clock,
  );
}

/** Undefined unless the agent's file names one, beside which it is looked for. */
async function openTheTurnModel(
  config: Config,
  agent: AgentFile,
  logger: Logger,
): Promise<MeasuredTurnModel | undefined> {
  const { model } = agent.turnTaking;
  if (model === undefined) return undefined;
  return openTurnModel(
    {
      file: path.resolve(path.dirname(config.agentPath), model),
      onLost: (error) =>
        logger.warn({ failure: errorText(error) }, 'the turn model cannot be used: the words alone judge'),
    },
    clock,
  );
}

function openRest(config: Config): ReturnType<typeof twilioRest> | undefined {
  const { accountSid, authToken, apiBaseUrl } = config.twilio;
  if (accountSid === undefined || authToken === undefined) return undefined;
  return twilioRest({ accountSid, authToken, ...(apiBaseUrl === undefined ? {} : { baseUrl: apiBaseUrl }) });
}
