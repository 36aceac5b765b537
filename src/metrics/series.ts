// The series themselves: names, buckets, labels. Inside the gateway time is milliseconds; these are seconds.
import { Counter, Gauge, Histogram, type Registry, type RegistryContentType } from 'prom-client';

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
export const DROPPED = [
  'store_rows',
  'stt_audio',
  'vad_windows',
  'turn_verdicts',
  'events',
  'shared_events',
  'recording',
  'tape',
  'caller_text',
  'tool_requests',
  'keys',
  'spans',
] as const;
export type DroppedWhat = (typeof DROPPED)[number];
/** As the store tells it. */
const DELETED = ['call', 'recording'] as const;
export type DeletedWhat = (typeof DELETED)[number];
const DELETED_WHY = ['request', 'age'] as const;
export type DeletedWhy = (typeof DELETED_WHY)[number];
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
/** What became of a turn: an answer, only an apology, or nothing before the call was over. */
const TURN_OUTCOMES = ['answered', 'apologized', 'unanswered'] as const;
export type TurnOutcome = (typeof TURN_OUTCOMES)[number];
/** How a call came to be taken up again: its stream broke, its instance let it go, or died. */
const RESUMED = ['stream', 'handover', 'crash'] as const;
export type ResumedHow = (typeof RESUMED)[number];
/** What became of an action on a call that this instance has not. */
const ASKED = ['done', 'not_live', 'refused', 'no_answer', 'unreachable'] as const;
export type AskedOutcomeKind = (typeof ASKED)[number];
export type ProviderStage = 'stt' | 'llm' | 'tts';

/** Edges at the objectives: 885 and 1,115 ms are the ones that callers and the carrier's guide are held to. */
const TURN_BUCKETS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.75, 0.885, 1, 1.115, 1.4, 2, 3, 5];
const STAGE_BUCKETS = [
  0.001, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.08, 0.15, 0.25, 0.4, 0.6, 0.8, 1, 1.4, 2, 3, 5,
];
const LATE_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 1];
export const PREFIX = 'turnpike_';

export interface Gauges {
  readonly callsActive: () => number;
  readonly pendingWrites: () => number;
  /** What others have counted themselves, since they began. */
  readonly droppedSoFar?: () => Partial<Record<DroppedWhat, number>>;
  /** Bytes on disk that the database does not have yet, and whether more can be written. */
  readonly spool?: () => { readonly bytes: number; readonly writable: boolean };
  /** Whether instances are to share by Redis, and can't. */
  readonly redisAway?: () => boolean;
  /** Since no new calls are taken, ms; 0 otherwise. */
  readonly drainingMs?: () => number;
  /** Whether new calls are turned away because the process is too slow for them. */
  readonly overloaded?: () => boolean;
}

export type Series = ReturnType<typeof openSeries>;

/** All of them, each in `registry`. */
export function openSeries(registry: Registry<RegistryContentType>, gauges: Gauges) {
  const make = new Maker(registry);
  readGauges(make, gauges);
  return { ...turnSeries(make), ...callSeries(make), ...providerSeries(make), frames: countFrames(registry) };
}

class Maker {
  readonly #registry: Registry<RegistryContentType>;

  constructor(registry: Registry<RegistryContentType>) {
    this.#registry = registry;
  }

  /** With exemplars: takes its observations as `{ labels, value, exemplarLabels }`. */
  traced(name: string, help: string, buckets: number[], labelNames: string[]) {
    return new Histogram({ ...this.#named(name, help, labelNames), buckets, enableExemplars: true });
  }

  histogram(name: string, help: string, buckets: number[], labelNames: string[] = []) {
    return new Histogram({ ...this.#named(name, help, labelNames), buckets });
  }

  counter(name: string, help: string, labelNames: string[] = []) {
    return new Counter(this.#named(name, help, labelNames));
  }

  gauge(name: string, help: string, labelNames: string[]) {
    return new Gauge(this.#named(name, help, labelNames));
  }

  /** Read when it is asked for. */
  reading(name: string, help: string, read: () => number): void {
    void new Gauge({
      ...this.#named(name, help, []),
      collect() {
        this.set(read());
      },
    });
  }

  #named(name: string, help: string, labelNames: string[]) {
    return { name: PREFIX + name, help, labelNames, registers: [this.#registry] };
  }
}

/** What a caller's turn took, and what became of it. */
function turnSeries(make: Maker) {
  return {
    response: make.traced(
      'turn_response_seconds',
      "End of the caller's speech to the first reply frame written.",
      TURN_BUCKETS,
      ['source'],
    ),
    heard: make.traced(
      'turn_heard_seconds',
      "End of the caller's speech to the first mark acknowledged.",
      TURN_BUCKETS,
      ['source'],
    ),
    stage: make.traced('stage_seconds', 'Time that one stage of a turn took.', STAGE_BUCKETS, [
      'stage',
      'provider',
    ]),
    unaccounted: make.histogram(
      'turn_unaccounted_seconds',
      'The response less the stages on its critical path.',
      STAGE_BUCKETS,
    ),
    bargeIn: make.histogram(
      'barge_in_seconds',
      'Onset of speech over the agent to the decision carried out.',
      TURN_BUCKETS,
      ['outcome'],
    ),
    turns: make.counter('turns_total', 'Turns of callers, by what became of them.', ['outcome']),
    deadAir: make.counter('dead_air_total', 'Answers that took so long that something else was said.', [
      'remedy',
    ]),
    speculation: make.counter('speculation_total', 'Replies prepared before the turn was sure.', ['outcome']),
    headStart: make.histogram(
      'speculation_head_start_seconds',
      'How long a prepared reply had been under way when the turn was decided.',
      STAGE_BUCKETS,
    ),
    wasted: make.counter(
      'speculation_wasted_characters_total',
      'What models wrote and voices were asked for in vain.',
      ['stage'],
    ),
  };
}

/** The calls, their sound, and the process that holds them. */
function callSeries(make: Maker) {
  return {
    calls: make.counter('calls_total', 'Calls that ended.', ['direction', 'outcome']),
    resumed: make.counter('calls_resumed_total', 'Calls that were taken up again.', ['how']),
    late: make.histogram(
      'playout_late_seconds',
      'How late audio was written against its due time.',
      LATE_BUCKETS,
    ),
    underrun: make.counter('playout_underrun_seconds_total', 'Silence inside a reply.'),
    lostMarks: make.counter('lost_marks_total', 'Marks that the carrier never sent back.'),
    lag: make.histogram('event_loop_lag_seconds', 'How late the event loop ran a timer.', LATE_BUCKETS),
    vadDelay: make.histogram('vad_delay_seconds', 'Audio arrived to voice judged.', LATE_BUCKETS),
    rejected: make.counter('rejected_total', 'What was refused.', ['what']),
    asked: make.counter('remote_actions_total', 'Actions on calls that other instances were asked for.', [
      'outcome',
    ]),
    dropped: make.counter('dropped_total', 'What had to be thrown away.', ['what']),
    deleted: make.counter('deleted_total', 'What was kept of calls and is gone, and why.', ['what', 'why']),
    warmUps: make.counter('warm_up_steps_total', 'What was made ready at the start.', ['step', 'outcome']),
    agent: make.gauge('agent_info', '1, with the agent that this instance runs.', ['agent', 'version']),
  };
}

function providerSeries(make: Maker) {
  return {
    requests: make.counter('provider_requests_total', 'Requests to providers.', [
      'stage',
      'provider',
      'outcome',
    ]),
    firstOutput: make.histogram(
      'provider_first_output_seconds',
      'A request to its first token or audio, a commit to its last words.',
      STAGE_BUCKETS,
      ['stage', 'provider', 'model'],
    ),
    breaker: make.gauge(
      'breaker_open',
      '1: the provider is passed over; 0.5: it is being tried; 0: it is asked.',
      ['stage', 'provider', 'model'],
    ),
    cache: make.counter('cache_lookups_total', 'Cache look-ups.', ['cache', 'result']),
    tokens: make.counter('llm_tokens_total', 'Tokens of the language model.', ['provider', 'kind']),
    characters: make.counter('tts_characters_total', 'Characters that voices were asked to say.', [
      'provider',
    ]),
    listened: make.counter('stt_audio_seconds_total', 'Audio sent to speech-to-text.', ['provider']),
  };
}

function readGauges(make: Maker, gauges: Gauges): void {
  const { callsActive, pendingWrites, spool, drainingMs, overloaded, redisAway } = gauges;
  make.reading('calls_active', 'Calls with an open stream.', callsActive);
  make.reading('store_pending_writes', 'Rows accepted and not yet committed.', pendingWrites);
  make.reading('spool_bytes', 'On disk and not yet in the database.', () => spool?.().bytes ?? 0);
  make.reading('spool_writable', '0: the disk refuses what is to be kept.', () =>
    spool?.().writable === false ? 0 : 1,
  );
  make.reading('draining', '1: no new calls are taken, and the process ends.', () =>
    (drainingMs?.() ?? 0) > 0 ? 1 : 0,
  );
  make.reading('overloaded', '1: new calls are turned away because the process is too slow.', () =>
    overloaded?.() === true ? 1 : 0,
  );
  make.reading('redis_away', '1: Redis does not answer, and instances are on their own.', () =>
    redisAway?.() === true ? 1 : 0,
  );
  make.reading('draining_seconds', 'Since no new calls are taken.', () => (drainingMs?.() ?? 0) / 1_000);
}

/** Counted by plain numbers, since a labelled counter costs as much as a frame; read when it is asked for. */
function countFrames(registry: Registry<RegistryContentType>): { in: number; out: number } {
  const frames = { in: 0, out: 0 };
  void new Counter({
    name: `${PREFIX}media_messages_total`,
    help: 'Audio messages of calls.',
    labelNames: ['direction'],
    registers: [registry],
    collect() {
      this.reset();
      this.inc({ direction: 'in' }, frames.in);
      this.inc({ direction: 'out' }, frames.out);
    },
  });
  return frames;
}

/** A series that appears with its first event shows no increase by it: an alert would sleep through that one. */
export function startAtZero(series: Series): void {
  const { bargeIn, calls, deadAir, dropped, response, speculation } = series;
  for (const outcome of TURN_OUTCOMES) series.turns.inc({ outcome }, 0);
  for (const outcome of ASKED) series.asked.inc({ outcome }, 0);
  for (const how of RESUMED) series.resumed.inc({ how }, 0);
  for (const stage of ['llm', 'tts']) series.wasted.inc({ stage }, 0);
  // Those that the panels and the alerts ask for by name.
  for (const what of ['overload', 'number', 'address', 'signature', 'token', 'auth'])
    series.rejected.inc({ what }, 0);
  for (const what of DROPPED) dropped.inc({ what }, 0);
  for (const what of DELETED) for (const why of DELETED_WHY) series.deleted.inc({ what, why }, 0);
  for (const remedy of REMEDIES) deadAir.inc({ remedy }, 0);
  for (const outcome of BARGE_INS) bargeIn.zero({ outcome });
  for (const outcome of SPECULATIONS) speculation.inc({ outcome }, 0);
  for (const source of SOURCES) response.zero({ source });
  for (const direction of DIRECTIONS) {
    for (const outcome of CALL_OUTCOMES) calls.inc({ direction, outcome }, 0);
  }
}
