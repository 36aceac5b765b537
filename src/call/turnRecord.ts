// The record of one exchange while it happens: texts, and the times from which every stage's share follows.
import { defined } from '../base/defined.ts';
import type { Metrics, TurnOutcome } from '../metrics/metrics.ts';
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
  readonly sttFinalMs: number | undefined;
}

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
  #sttFinalMs: number | undefined;
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
    this.#sttFinalMs = release?.sttFinalMs;
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

  /** The last word on the turn came after it was taken, so many ms after the commit. */
  finalCame(tookMs: number | undefined): void {
    this.#sttFinalMs ??= tookMs;
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
    const times = this.#times;
    const release = this.#release;
    const audioReadyAtMs = this.#audioReadyAtMs();
    return defined({
      endpoint: since(release?.silenceAtMs, release?.releasedAtMs),
      sttFinal: this.#sttFinalMs,
      llmFirstToken: since(times.llmAskedAtMs, times.firstTokenAtMs),
      llmFirstSentence: since(times.firstTokenAtMs, times.firstSentenceAtMs),
      ttsFirstAudio: since(times.ttsAskedAtMs, times.firstAudioAtMs),
      firstFrame: since(audioReadyAtMs, this.#firstFrameAtMs),
      response: since(release?.silenceAtMs, this.#firstFrameAtMs),
      heard: since(release?.silenceAtMs, this.#heardAtMs),
    });
  }

  /**
   * The caller's wait that no stage explains. The critical path is: silence to the model being asked, first
   * token, first sentence, first audio, what was left of the wait for the turn's end, the frame.
   */
  unaccountedMs(): number | undefined {
    const { llmAskedAtMs, ttsAskedAtMs, firstAudioAtMs } = this.#times;
    const timings = this.timings();
    if (this.#release === undefined || timings.response === undefined) return undefined;
    if (llmAskedAtMs === undefined || ttsAskedAtMs === undefined || firstAudioAtMs === undefined)
      return undefined;
    const explained =
      llmAskedAtMs -
      this.#release.silenceAtMs +
      (timings.llmFirstToken ?? 0) +
      (timings.llmFirstSentence ?? 0) +
      (timings.ttsFirstAudio ?? 0) +
      Math.max(0, this.#release.releasedAtMs - firstAudioAtMs) +
      (timings.firstFrame ?? 0);
    return Math.max(0, timings.response - explained);
  }

  /** Tells the metrics what became of this exchange; once, when it is over. */
  observe(
    metrics: Metrics,
    callSid: string,
    providers: { readonly stt: string; readonly llm: string; readonly tts: string },
  ): void {
    const exemplar = { callSid, turn: this.index };
    const timings = this.timings();
    if (timings.response !== undefined) metrics.turnAnswered(timings.response, this.#source, exemplar);
    if (timings.heard !== undefined) metrics.turnHeard(timings.heard, this.#source, exemplar);
    const stages = [
      ['endpoint', '', timings.endpoint],
      ['stt_final', providers.stt, timings.sttFinal],
      ['llm_first_token', providers.llm, timings.llmFirstToken],
      ['llm_first_sentence', providers.llm, timings.llmFirstSentence],
      ['tts_first_audio', providers.tts, timings.ttsFirstAudio],
      ['first_frame', '', timings.firstFrame],
    ] as const;
    for (const [stage, provider, durationMs] of stages) {
      if (durationMs !== undefined) metrics.stageTook(stage, provider, durationMs, exemplar);
    }
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

function since(fromMs: number | undefined, toMs: number | undefined): number | undefined {
  return fromMs === undefined || toMs === undefined ? undefined : Math.max(0, toMs - fromMs);
}
