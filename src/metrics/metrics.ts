// What the gateway tells of itself. Inside, time is milliseconds; Prometheus wants seconds, and this is the only place
// that divides. Labels come from closed sets; a call is an exemplar, never a label.
import { collectDefaultMetrics, Registry, type RegistryContentType } from 'prom-client';
import {
  DROPPED,
  openSeries,
  PREFIX,
  startAtZero,
  type AskedOutcomeKind,
  type BargeIn,
  type CacheName,
  type DeadAirRemedy,
  type DeletedWhat,
  type DeletedWhy,
  type DroppedWhat,
  type Gauges,
  type ProviderStage,
  type RequestOutcome,
  type ResumedHow,
  type Series,
  type SpeculationOutcome,
  type StageName,
  type TurnOutcome,
} from './series.ts';

export type {
  BargeIn,
  CacheName,
  DeadAirRemedy,
  DroppedWhat,
  ProviderStage,
  RequestOutcome,
  ResumedHow,
  SpeculationOutcome,
  StageName,
  TurnOutcome,
} from './series.ts';

/** Which call and turn a measurement came from. */
export interface Exemplar {
  readonly callSid: string;
  readonly turn: number;
  /** Where the turn is found in the traces, when it was kept. */
  readonly trace?: { readonly traceId: string; readonly spanId: string } | undefined;
}

const TEXT_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;
const OPENMETRICS_TYPE = Registry.OPENMETRICS_CONTENT_TYPE;

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

/**
 * Nothing is recorded: for measuring what recording costs. What is read only when it is asked for (calls, rows, frames)
 * is on the page all the same.
 */
export function openMutedMetrics(gauges: Gauges): Metrics {
  const registry = new Registry<RegistryContentType>();
  registry.setContentType(OPENMETRICS_TYPE);
  const { frames, ...recorders } = recordersOf(openSeries(registry, gauges));
  const nothing = (): void => undefined;
  const muted = Object.keys(recorders).reduce((all, name) => ({ ...all, [name]: nothing }), recorders);
  return { ...muted, frames, render: rendererOf(registry, () => undefined) };
}

function recordersOf(series: Series) {
  return {
    ...fleetRecordersOf(series),
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
    providerRequest(stageName: ProviderStage, provider: string, outcome: RequestOutcome): void {
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
    deleted(what: DeletedWhat, why: DeletedWhy, count: number): void {
      series.deleted.inc({ what, why }, count);
    },
    marksLost(count: number): void {
      series.lostMarks.inc(count);
    },
    /** From a request to its first word, token or audio, whether or not a caller waited for it. */
    firstOutput(stageName: ProviderStage, provider: string, model: string, durationMs: number): void {
      series.firstOutput.observe({ stage: stageName, provider, model }, durationMs / 1_000);
    },
    turnOver(outcome: TurnOutcome): void {
      series.turns.inc({ outcome });
    },
    charactersSpoken(provider: string, count: number): void {
      series.characters.inc({ provider }, count);
    },
    listened(provider: string, audioMs: number): void {
      series.listened.inc({ provider }, audioMs / 1_000);
    },
    headStart(durationMs: number): void {
      series.headStart.observe(durationMs / 1_000);
    },
    wasted(stageName: 'llm' | 'tts', characters: number): void {
      series.wasted.inc({ stage: stageName }, characters);
    },
    /** Audio messages, to be counted up by whoever takes or writes one. */
    frames: series.frames,
    /** 1 open, 0.5 being tried, 0 closed. */
    breakerIs(stageName: ProviderStage, provider: string, model: string, open: 0 | 0.5 | 1): void {
      series.breaker.set({ stage: stageName, provider, model }, open);
    },
    runsAgent(name: string, version: string): void {
      series.agent.set({ agent: name, version }, 1);
    },
    tokensUsed(provider: string, kind: 'prompt' | 'completion' | 'cached', count: number): void {
      series.tokens.inc({ provider, kind }, count);
    },
  };
}

/** What instances have of each other. */
function fleetRecordersOf(series: Series) {
  return {
    callResumed(how: ResumedHow): void {
      series.resumed.inc({ how });
    },
    /** Other instances were asked to act on a call. */
    askedOthers(outcome: AskedOutcomeKind): void {
      series.asked.inc({ outcome });
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
  const { callSid, turn, trace } = exemplar;
  const call = { call: callSid, turn: String(turn) };
  return trace === undefined ? call : { ...call, trace_id: trace.traceId, span_id: trace.spanId };
}
