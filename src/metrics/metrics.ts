// Every series that the gateway exposes. Inside, time is milliseconds; Prometheus wants seconds, and this
// is the only place that divides. Labels come from closed sets; a call is an exemplar, never a label.
import {
  Counter,
  Gauge,
  Histogram,
  Registry,
  collectDefaultMetrics,
  type RegistryContentType,
} from 'prom-client';

export type StageName =
  | 'endpoint'
  | 'stt_final'
  | 'llm_first_token'
  | 'llm_first_sentence'
  | 'tts_first_audio'
  | 'first_frame'
  | 'store_commit';
export type RequestOutcome = 'ok' | 'error' | 'timeout' | 'cancelled' | 'hedged' | 'silent';
export type CacheName = 'tts_memory' | 'tts_disk' | 'response';
const DROPPED = [
  'store_rows',
  'stt_audio',
  'vad_windows',
  'turn_verdicts',
  'events',
  'recording',
  'caller_text',
  'keys',
] as const;
export type DroppedWhat = (typeof DROPPED)[number];
const BARGE_INS = ['interrupted', 'resumed', 'ignored'] as const;
const REMEDIES = ['filler', 'still_working', 'apology', 'given_up'] as const;
export type DeadAirRemedy = (typeof REMEDIES)[number];
export type BargeIn = (typeof BARGE_INS)[number];
/** As the store keeps them. */
const DIRECTIONS = ['inbound', 'outbound'] as const;
const CALL_OUTCOMES = [
  'completed',
  'transferred',
  'failed',
  'no_answer',
  'busy',
  'voicemail',
  'abandoned',
] as const;
const SOURCES = ['generated', 'cached', 'intent', 'fallback'] as const;
const SPECULATIONS = ['used', 'discarded'] as const;
export type SpeculationOutcome = (typeof SPECULATIONS)[number];

/** Which call and turn a measurement came from. */
export interface Exemplar {
  readonly callSid: string;
  readonly turn: number;
}

/** Edges at the objectives: 885 and 1,115 ms are the ones that callers and the carrier's guide are held to. */
const TURN_BUCKETS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.75, 0.885, 1, 1.115, 1.4, 2, 3, 5];
const STAGE_BUCKETS = [
  0.001, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.08, 0.15, 0.25, 0.4, 0.6, 0.8, 1, 1.4, 2, 3, 5,
];
const LATE_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 1];
const PREFIX = 'turnpike_';

const TEXT_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;
const OPENMETRICS_TYPE = Registry.OPENMETRICS_CONTENT_TYPE;

interface Gauges {
  readonly callsActive: () => number;
  readonly pendingWrites: () => number;
  /** What others have counted themselves, since they began. */
  readonly droppedSoFar?: () => Partial<Record<DroppedWhat, number>>;
}

export type Metrics = ReturnType<typeof openMetrics>;

/** Makes a registry of its own, never the package's global one, so that two gateways in a process don't mix. */
export function openMetrics(gauges: Gauges) {
  const registry = new Registry<RegistryContentType>();
  // Exemplars are kept only by a registry that is of this type when its series are made.
  registry.setContentType(OPENMETRICS_TYPE);
  const series = openSeries(registry, gauges);
  startAtZero(series);
  collectDefaultMetrics({ register: registry, prefix: PREFIX });
  const takeOver = takeOverDrops(
    series,
    gauges.droppedSoFar ?? ((): Partial<Record<DroppedWhat, number>> => ({})),
  );
  return { ...recordersOf(series), render: rendererOf(registry, takeOver) };
}

/** The same recorders into series that nobody can read: for a call that nobody made. */
export function openUnseenMetrics(): Metrics {
  const registry = new Registry<RegistryContentType>();
  registry.setContentType(OPENMETRICS_TYPE);
  const series = openSeries(registry, { callsActive: () => 0, pendingWrites: () => 0 });
  return { ...recordersOf(series), render: rendererOf(registry, () => undefined) };
}

type Series = ReturnType<typeof openSeries>;

function openSeries(registry: Registry<RegistryContentType>, gauges: Gauges) {
  /** With exemplars: takes its observations as `{ labels, value, exemplarLabels }`. */
  const traced = (name: string, help: string, buckets: number[], labelNames: string[]) =>
    new Histogram({
      name: PREFIX + name,
      help,
      buckets,
      labelNames,
      registers: [registry],
      enableExemplars: true,
    });
  const histogram = (name: string, help: string, buckets: number[], labelNames: string[] = []) =>
    new Histogram({ name: PREFIX + name, help, buckets, labelNames, registers: [registry] });
  const counter = (name: string, help: string, labelNames: string[] = []) =>
    new Counter({ name: PREFIX + name, help, labelNames, registers: [registry] });
  const gauge = (name: string, help: string, read: () => number): void => {
    void new Gauge({
      name: PREFIX + name,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  };

  const response = traced(
    'turn_response_seconds',
    "End of the caller's speech to the first reply frame written.",
    TURN_BUCKETS,
    ['source'],
  );
  const heard = traced(
    'turn_heard_seconds',
    "End of the caller's speech to the first mark acknowledged.",
    TURN_BUCKETS,
    ['source'],
  );
  const stage = traced('stage_seconds', 'Time that one stage of a turn took.', STAGE_BUCKETS, [
    'stage',
    'provider',
  ]);
  const unaccounted = histogram(
    'turn_unaccounted_seconds',
    'The response less the stages on its critical path.',
    STAGE_BUCKETS,
  );
  const bargeIn = histogram(
    'barge_in_seconds',
    'Onset of speech over the agent to the decision carried out.',
    TURN_BUCKETS,
    ['outcome'],
  );
  const late = histogram(
    'playout_late_seconds',
    'How late audio was written against its due time.',
    LATE_BUCKETS,
  );
  const lag = histogram('event_loop_lag_seconds', 'How late the event loop ran a timer.', LATE_BUCKETS);
  const vadDelay = histogram('vad_delay_seconds', 'Audio arrived to voice judged.', LATE_BUCKETS);
  const underrun = counter('playout_underrun_seconds_total', 'Silence inside a reply.');
  const calls = counter('calls_total', 'Calls that ended.', ['direction', 'outcome']);
  const requests = counter('provider_requests_total', 'Requests to providers.', [
    'stage',
    'provider',
    'outcome',
  ]);
  const speculation = counter('speculation_total', 'Replies prepared before the turn was sure.', ['outcome']);
  const cache = counter('cache_lookups_total', 'Cache look-ups.', ['cache', 'result']);
  const warmUps = counter('warm_up_steps_total', 'What was made ready at the start.', ['step', 'outcome']);
  const deadAir = counter('dead_air_total', 'Answers that took so long that something else was said.', [
    'remedy',
  ]);
  const rejected = counter('rejected_total', 'What was refused.', ['what']);
  const dropped = counter('dropped_total', 'What had to be thrown away.', ['what']);
  const lostMarks = counter('lost_marks_total', 'Marks that the carrier never sent back.');
  const tokens = counter('llm_tokens_total', 'Tokens of the language model.', ['provider', 'kind']);
  gauge('calls_active', 'Calls with an open stream.', gauges.callsActive);
  gauge('store_pending_writes', 'Rows accepted and not yet committed.', gauges.pendingWrites);
  return {
    response,
    heard,
    stage,
    unaccounted,
    bargeIn,
    late,
    lag,
    vadDelay,
    underrun,
    calls,
    requests,
    speculation,
    cache,
    warmUps,
    deadAir,
    rejected,
    dropped,
    lostMarks,
    tokens,
  };
}

/** A series that appears with its first event shows no increase by it: an alert would sleep through that one. */
function startAtZero({ bargeIn, calls, deadAir, dropped, response, speculation }: Series): void {
  for (const what of DROPPED) dropped.inc({ what }, 0);
  for (const remedy of REMEDIES) deadAir.inc({ remedy }, 0);
  for (const outcome of BARGE_INS) bargeIn.zero({ outcome });
  for (const outcome of SPECULATIONS) speculation.inc({ outcome }, 0);
  for (const source of SOURCES) response.zero({ source });
  for (const direction of DIRECTIONS) {
    for (const outcome of CALL_OUTCOMES) calls.inc({ direction, outcome }, 0);
  }
}

function recordersOf(series: Series) {
  return {
    turnAnswered(durationMs: number, source: string, exemplar: Exemplar): void {
      series.response.observe({
        labels: { source },
        value: durationMs / 1_000,
        exemplarLabels: labels(exemplar),
      });
    },
    turnHeard(durationMs: number, source: string, exemplar: Exemplar): void {
      series.heard.observe({
        labels: { source },
        value: durationMs / 1_000,
        exemplarLabels: labels(exemplar),
      });
    },
    /** `provider` is empty for a stage of our own. */
    stageTook(name: StageName, provider: string, durationMs: number, exemplar?: Exemplar): void {
      const value = { labels: { stage: name, provider }, value: durationMs / 1_000 };
      series.stage.observe(exemplar === undefined ? value : { ...value, exemplarLabels: labels(exemplar) });
    },
    turnUnaccounted(durationMs: number): void {
      series.unaccounted.observe(durationMs / 1_000);
    },
    bargedIn(durationMs: number, outcome: BargeIn): void {
      series.bargeIn.observe({ outcome }, durationMs / 1_000);
    },
    playoutLate(lateMs: number): void {
      series.late.observe(lateMs / 1_000);
    },
    playoutUnderrun(silentMs: number): void {
      series.underrun.inc(silentMs / 1_000);
    },
    eventLoopLag(lagMs: number): void {
      series.lag.observe(lagMs / 1_000);
    },
    vadDelayed(delayMs: number): void {
      series.vadDelay.observe(delayMs / 1_000);
    },
    callEnded(direction: string, outcome: string): void {
      series.calls.inc({ direction, outcome });
    },
    providerRequest(stageName: 'stt' | 'llm' | 'tts', provider: string, outcome: RequestOutcome): void {
      series.requests.inc({ stage: stageName, provider, outcome });
    },
    speculated(outcome: SpeculationOutcome): void {
      series.speculation.inc({ outcome });
    },
    cacheLookup(name: CacheName, result: 'hit' | 'miss'): void {
      series.cache.inc({ cache: name, result });
    },
    warmedUp(step: string, outcome: 'ok' | 'failed'): void {
      series.warmUps.inc({ step, outcome });
    },
    deadAir(remedy: DeadAirRemedy): void {
      series.deadAir.inc({ remedy });
    },
    /** `what` is of the closed set that the server defines. */
    rejected(what: string): void {
      series.rejected.inc({ what });
    },
    dropped(what: DroppedWhat, count: number): void {
      series.dropped.inc({ what }, count);
    },
    marksLost(count: number): void {
      series.lostMarks.inc(count);
    },
    tokensUsed(provider: string, kind: 'prompt' | 'completion' | 'cached', count: number): void {
      series.tokens.inc({ provider, kind }, count);
    },
  };
}

/** Adds what was dropped elsewhere since the last scrape. */
function takeOverDrops(series: Series, soFar: () => Partial<Record<DroppedWhat, number>>): () => void {
  const known = new Map<DroppedWhat, number>();
  return () => {
    const counts = soFar();
    for (const what of DROPPED) {
      const count = counts[what];
      if (count === undefined) continue;
      series.dropped.inc({ what }, count - (known.get(what) ?? 0));
      known.set(what, count);
    }
  };
}

type Render = (
  accept: string | undefined,
) => Promise<{ readonly contentType: string; readonly body: string }>;

/** The page for a scraper whose `Accept` header is given: OpenMetrics with exemplars if it takes it, else text. */
function rendererOf(registry: Registry<RegistryContentType>, beforeScrape: () => void): Render {
  // The registry has one content type at a time: scrapes take turns.
  let rendering: Promise<unknown> = Promise.resolve();
  const renderAs = (contentType: RegistryContentType): Promise<string> => {
    beforeScrape();
    registry.setContentType(contentType);
    return registry.metrics();
  };
  return async (accept) => {
    const contentType =
      accept?.includes('application/openmetrics-text') === true ? OPENMETRICS_TYPE : TEXT_TYPE;
    const body = rendering.then(() => renderAs(contentType));
    rendering = body.catch(() => undefined);
    return { contentType, body: await body };
  };
}

function labels(exemplar: Exemplar): Record<string, string> {
  return { call: exemplar.callSid, turn: String(exemplar.turn) };
}
