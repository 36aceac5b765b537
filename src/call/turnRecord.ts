// The record of one exchange while it happens: texts, and the times from which every stage's share follows.
import { defined } from '../base/defined.ts';
import type { SpanIds } from '../base/span.ts';
import type { Metrics, StageName, TurnOutcome } from '../metrics/metrics.ts';
import type { TurnRow, TurnSource, TurnTimings } from '../store/port.ts';

/** When things happened to a reply, ms on the call's clock; absent when they did not. */
export interface ReplyTimes {
  /** The model was asked. */
  llmAskedAtMs?: number;
  firstTokenAtMs?: number;
  firstSentenceAtMs?: number;
  /** The voice was asked for the first sentence. */
  ttsAskedAtMs?: number;
  firstAudioAtMs?: number;
}

export interface ReleaseTimes {
  /** The caller fell silent. */
  readonly silenceAtMs: number;
  /** It was decided that the caller has finished. */
  readonly releasedAtMs: number;
  /** From the commit to the final of the last utterance. */
  readonly sttFinal: Interval | undefined;
}

/** On the call's clock. */
export interface Interval {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A stage of the turn, when it was: what metrics, API and traces tell of it. */
export interface Stage extends Interval {
  readonly name: Exclude<StageName, 'store_commit'>;
  /** Who was asked for it; undefined for a stage of our own. */
  readonly asked: 'stt' | 'llm' | 'tts' | undefined;
}

const TIMING_OF = {
  endpoint: 'endpoint',
  stt_final: 'sttFinal',
  llm_first_token: 'llmFirstToken',
  llm_first_sentence: 'llmFirstSentence',
  tts_first_audio: 'ttsFirstAudio',
  first_frame: 'firstFrame',
} as const satisfies Record<Stage['name'], keyof TurnTimings>;

export class TurnRecord {
  readonly index: number;
  readonly callerText: string;
  readonly speculated: boolean;
  /** What the caller meant, as far as the words alone tell. */
  readonly intents: readonly string[];
  readonly startedAt: Date;
  readonly #release: ReleaseTimes | undefined;
  readonly #agentTexts: string[] = [];
  readonly #heardTexts: string[] = [];
  #sttFinal: Interval | undefined;
  #interrupted = false;
  #source: TurnSource = 'generated';
  #times: ReplyTimes = {};
  #adapted: readonly string[] = [];
  #firstFrameAtMs: number | undefined;
  #heardAtMs: number | undefined;

  constructor(
    index: number,
    callerText: string,
    speculated: boolean,
    startedAt: Date,
    release?: ReleaseTimes,
    intents: readonly string[] = [],
  ) {
    this.index = index;
    this.callerText = callerText;
    this.speculated = speculated;
    this.startedAt = startedAt;
    this.#release = release;
    this.#sttFinal = release?.sttFinal;
    this.intents = intents;
  }

  /** The first frame of the answer was written. Later speeches of the same exchange change nothing. */
  answered(atMs: number, source: TurnSource, times: ReplyTimes, adapted: readonly string[] = []): void {
    if (this.#firstFrameAtMs !== undefined) return;
    this.#firstFrameAtMs = atMs;
    this.#source = source;
    this.#times = times;
    this.#adapted = adapted;
  }

  /** What became of it for the caller. */
  get outcome(): TurnOutcome {
    if (this.#firstFrameAtMs === undefined) return 'unanswered';
    return this.#source === 'fallback' ? 'apologized' : 'answered';
  }

  /** Why the answer was made other than always. */
  get adapted(): readonly string[] {
    return this.#adapted;
  }

  /** The last word on the turn came after it was taken, from the commit to it. */
  finalCame(sttFinal: Interval | undefined): void {
    this.#sttFinal ??= sttFinal;
  }

  heard(atMs: number): void {
    this.#heardAtMs ??= atMs;
  }

  /** A speech of this exchange is over: all that was made of it, and what was played. */
  spoken(agentText: string, heardText: string, interrupted: boolean): void {
    if (agentText !== '') this.#agentTexts.push(agentText);
    if (heardText !== '') this.#heardTexts.push(heardText);
    this.#interrupted ||= interrupted;
  }

  row(callSid: string, part: number): TurnRow {
    return {
      callSid,
      part,
      index: this.index,
      callerText: this.callerText,
      agentText: this.#agentTexts.join(' '),
      heardText: this.#heardTexts.join(' '),
      interrupted: this.#interrupted,
      source: this.#source,
      speculated: this.speculated,
      startedAt: this.startedAt,
      timings: this.timings(),
    };
  }

  /** Each stage's own time: what of it lay on the caller's wait is for the reader of the times. */
  timings(): TurnTimings {
    const stages = this.stages().map(({ name, fromMs, toMs }) => [TIMING_OF[name], toMs - fromMs]);
    const silenceAtMs = this.#release?.silenceAtMs;
    return defined({
      ...Object.fromEntries(stages),
      response: since(silenceAtMs, this.#firstFrameAtMs),
      heard: since(silenceAtMs, this.#heardAtMs),
    });
  }

  /** Those that took place, in their order. They overlap: a reply is made while the turn's end is being decided. */
  stages(): readonly Stage[] {
    const { llmAskedAtMs, firstTokenAtMs, firstSentenceAtMs, ttsAskedAtMs, firstAudioAtMs } = this.#times;
    const { silenceAtMs, releasedAtMs } = this.#release ?? {};
    const readyAtMs = this.#audioReadyAtMs();
    return [
      stage('endpoint', undefined, silenceAtMs, releasedAtMs),
      stage('stt_final', 'stt', this.#sttFinal?.fromMs, this.#sttFinal?.toMs),
      stage('llm_first_token', 'llm', llmAskedAtMs, firstTokenAtMs),
      stage('llm_first_sentence', 'llm', firstTokenAtMs, firstSentenceAtMs),
      stage('tts_first_audio', 'tts', ttsAskedAtMs, firstAudioAtMs),
      stage('first_frame', undefined, readyAtMs, this.#firstFrameAtMs),
    ].filter((one) => one !== undefined);
  }

  /** From the caller's silence to the first frame; undefined for what answers no caller, or never began. */
  get wait(): Interval | undefined {
    const [fromMs, toMs] = [this.#release?.silenceAtMs, this.#firstFrameAtMs];
    return fromMs === undefined || toMs === undefined ? undefined : { fromMs, toMs: Math.max(fromMs, toMs) };
  }

  /** From the first frame of the answer, and when the carrier has told of the first of it. */
  get sounding(): { readonly fromMs: number | undefined; readonly heardAtMs: number | undefined } {
    return { fromMs: this.#firstFrameAtMs, heardAtMs: this.#heardAtMs };
  }

  get source(): TurnSource {
    return this.#source;
  }

  get interrupted(): boolean {
    return this.#interrupted;
  }

  /**
   * The part of the caller's wait in which no stage was under way. Whatever the answer came from: one that is a line of
   * the agent's file has no stages of the model, and its wait is explained by the others.
   */
  unaccountedMs(): number | undefined {
    const { wait } = this;
    if (wait === undefined) return undefined;
    let explainedToMs = wait.fromMs;
    let unaccountedMs = 0;
    for (const { fromMs, toMs } of this.stages().toSorted((a, b) => a.fromMs - b.fromMs)) {
      unaccountedMs += Math.max(0, Math.min(fromMs, wait.toMs) - explainedToMs);
      explainedToMs = Math.max(explainedToMs, toMs);
    }
    return unaccountedMs + Math.max(0, wait.toMs - explainedToMs);
  }

  /** Tells the metrics what became of this exchange; once, when it is over. */
  observe(
    metrics: Metrics,
    callSid: string,
    providers: { readonly stt: string; readonly llm: string; readonly tts: string },
    trace?: SpanIds,
  ): void {
    const exemplar = { callSid, turn: this.index, trace };
    const timings = this.timings();
    if (timings.response !== undefined) metrics.turnAnswered(timings.response, this.#source, exemplar);
    if (timings.heard !== undefined) metrics.turnHeard(timings.heard, this.#source, exemplar);
    for (const { name, asked, fromMs, toMs } of this.stages())
      metrics.stageTook(name, asked === undefined ? '' : providers[asked], toMs - fromMs, exemplar);
    const unaccountedMs = this.unaccountedMs();
    if (unaccountedMs !== undefined) metrics.turnUnaccounted(unaccountedMs);
  }

  /** Audio in hand and leave to play it: the frame can go out from here on. */
  #audioReadyAtMs(): number | undefined {
    const { firstAudioAtMs } = this.#times;
    if (firstAudioAtMs === undefined) return undefined;
    return Math.max(firstAudioAtMs, this.#release?.releasedAtMs ?? firstAudioAtMs);
  }
}

function stage(
  name: Stage['name'],
  asked: Stage['asked'],
  fromMs: number | undefined,
  toMs: number | undefined,
): Stage | undefined {
  if (fromMs === undefined || toMs === undefined) return undefined;
  // A line that is said before the model is asked comes before its first token.
  return { name, asked, fromMs, toMs: Math.max(fromMs, toMs) };
}

function since(fromMs: number | undefined, toMs: number | undefined): number | undefined {
  return fromMs === undefined || toMs === undefined ? undefined : Math.max(0, toMs - fromMs);
}
