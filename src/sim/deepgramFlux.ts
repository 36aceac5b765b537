// How the simulated Flux judges turns: by the silence after the last word, which has to be longer where a sentence is
// under way. What it says and in which order is as the real one does.
import type { JsonRecord } from '../base/json.ts';
import type { DeepgramDialect, Messages } from './deepgramStream.ts';
import type { HeardWord } from './recogniser.ts';
import { transcript } from './transcript.ts';

export interface FluxTimings {
  /** Silence after the last word of a sentence until the turn is probably over... */
  readonly eagerSilenceMs: number;
  /** ...and until it is. */
  readonly endSilenceMs: number;
  /** The same in the middle of a sentence. */
  readonly openEagerSilenceMs: number;
  readonly openEndSilenceMs: number;
}

/** What Deepgram states for its own, roughly. */
export const FLUX_TIMINGS: FluxTimings = {
  eagerSilenceMs: 200,
  endSilenceMs: 350,
  openEagerSilenceMs: 500,
  openEndSilenceMs: 1_200,
};

const END_TIMEOUT_MS = 5_000;
const REQUEST_ID = '00000000-0000-4000-8000-000000000000';
const MODELS = /^flux-general-(?:en|multi)$/;

/** The reason for which the address is refused. */
export function wrongWithFlux(query: URLSearchParams): string | undefined {
  if (!MODELS.test(query.get('model') ?? '')) return 'No such model.';
  if (query.get('encoding') !== 'mulaw' || query.get('sample_rate') !== '8000') return 'Unsupported audio.';
  const end = Number(query.get('eot_threshold') ?? 0.7);
  const eager = Number(query.get('eager_eot_threshold') ?? end);
  const timeoutMs = Number(query.get('eot_timeout_ms') ?? END_TIMEOUT_MS);
  if (!(end >= 0.5 && end <= 1)) return 'eot_threshold is out of range.';
  if (!(eager >= 0.3 && eager <= end)) return 'eager_eot_threshold is out of range.';
  if (!(timeoutMs >= 500 && timeoutMs <= 60_000)) return 'eot_timeout_ms is out of range.';
  return undefined;
}

export function fluxDialect(query: URLSearchParams, own: Partial<FluxTimings>): DeepgramDialect {
  return new FluxDialect(
    { ...FLUX_TIMINGS, ...own },
    query.has('eager_eot_threshold'),
    // At 1 the model is never sure enough.
    Number(query.get('eot_threshold') ?? 0.7) < 1,
    Number(query.get('eot_timeout_ms') ?? END_TIMEOUT_MS),
  );
}

class FluxDialect implements DeepgramDialect {
  readonly greeting = { type: 'Connected', request_id: REQUEST_ID, sequence_id: 0 };
  readonly refusal = {
    type: 'Error',
    sequence_id: 0,
    code: 'UNPARSABLE_CLIENT_MESSAGE',
    description: 'The message is none that is known.',
  };
  readonly #timings: FluxTimings;
  readonly #eager: boolean;
  readonly #judges: boolean;
  readonly #endTimeoutMs: number;
  #sequence = 0;
  #turn = 0;
  /** Words of the turns that are over. */
  #overWords = 0;
  #state: 'ready' | 'speaking' | 'ending' = 'ready';
  #fromMs = 0;
  #told = '';

  constructor(timings: FluxTimings, eager: boolean, judges: boolean, endTimeoutMs: number) {
    this.#timings = timings;
    this.#eager = eager;
    this.#judges = judges;
    this.#endTimeoutMs = endTimeoutMs;
  }

  heard(all: readonly HeardWord[], audioMs: number, due: boolean): Messages {
    const words = all.slice(this.#overWords);
    const last = words.at(-1);
    if (last === undefined) return due ? [this.#info('Update', words, audioMs, 0.1)] : [];
    const text = transcript(words);
    if (this.#state === 'ready')
      return this.#become('speaking', [this.#info('StartOfTurn', words, audioMs, 0.1)]);
    if (this.#state === 'ending' && text !== this.#told) {
      return this.#become('speaking', [this.#info('TurnResumed', words, audioMs, 0.2)]);
    }
    const silentMs = audioMs - last.endMs;
    const open = last.index < last.phraseWords - 1;
    const endMs = open ? this.#timings.openEndSilenceMs : this.#timings.endSilenceMs;
    const byTimeout = silentMs >= this.#endTimeoutMs;
    if (byTimeout || (this.#judges && silentMs >= endMs)) {
      return [this.#end(words, audioMs, 0.8, byTimeout ? 'timeout' : 'model')];
    }
    const eagerMs = open ? this.#timings.openEagerSilenceMs : this.#timings.eagerSilenceMs;
    if (this.#eager && this.#state === 'speaking' && silentMs >= eagerMs) {
      this.#told = text;
      return this.#become('ending', [this.#info('EagerEndOfTurn', words, audioMs, 0.6)]);
    }
    return due ? [this.#info('Update', words, audioMs, 0.3)] : [];
  }

  told(type: string, all: readonly HeardWord[], audioMs: number): Messages | undefined {
    if (type !== 'ForceEndTurn') return undefined;
    const words = all.slice(this.#overWords);
    // Nobody is speaking: it is ignored.
    return words.length === 0 ? [] : [this.#end(words, audioMs, 0.4, 'manual')];
  }

  #become(state: 'speaking' | 'ending', messages: Messages): Messages {
    this.#state = state;
    return messages;
  }

  #end(words: readonly HeardWord[], audioMs: number, confidence: number, trigger: string): JsonRecord {
    const message = { ...this.#info('EndOfTurn', words, audioMs, confidence), trigger };
    this.#overWords += words.length;
    this.#turn += 1;
    this.#state = 'ready';
    this.#fromMs = audioMs;
    return message;
  }

  #info(event: string, words: readonly HeardWord[], audioMs: number, confidence: number): JsonRecord {
    this.#sequence += 1;
    return {
      type: 'TurnInfo',
      request_id: REQUEST_ID,
      sequence_id: this.#sequence,
      event,
      turn_index: this.#turn,
      audio_window_start: this.#fromMs / 1_000,
      audio_window_end: audioMs / 1_000,
      transcript: transcript(words),
      words: words.map(({ word, startMs, endMs }) => ({
        word,
        confidence: 0.98,
        start: startMs / 1_000,
        end: endMs / 1_000,
      })),
      end_of_turn_confidence: confidence,
    };
  }
}
