// How the simulated Nova tells words: results that change until their stretch of audio is final, by a silence or because
// it was asked.
import type { JsonRecord } from '../base/json.ts';
import type { DeepgramDialect, Messages } from './deepgramStream.ts';
import type { HeardWord } from './recogniser.ts';
import { transcript } from './transcript.ts';

const ENDPOINTING_MS = 10;
/** Below that `Finalize` goes unanswered. */
const FINALIZE_MS_MIN = 100;
/** Silence is told as final results without words, now and then. */
const SILENT_STRETCH_MS = 3_000;

/** The reason for which the address is refused. */
export function wrongWithListen(query: URLSearchParams): string | undefined {
  if (query.get('model')?.startsWith('nova-') !== true)
    return 'No such model/language/tier combination found.';
  if (query.get('encoding') !== 'mulaw' || query.get('sample_rate') !== '8000') return 'Unsupported audio.';
  const keyterms = query.has('keyterm') && query.get('model')?.startsWith('nova-3') !== true;
  return keyterms ? 'Keyterm prompting is only supported by nova-3.' : undefined;
}

export function listenDialect(query: URLSearchParams): DeepgramDialect {
  const endpointing = query.get('endpointing') ?? String(ENDPOINTING_MS);
  return new ListenDialect(
    query.get('interim_results') === 'true',
    endpointing === 'false' ? Infinity : Number(endpointing),
  );
}

class ListenDialect implements DeepgramDialect {
  readonly greeting = undefined;
  /** Text that it doesn't know is passed over. */
  readonly refusal = undefined;
  readonly #interim: boolean;
  readonly #endpointingMs: number;
  /** Words of the stretches that are final. */
  #finalWords = 0;
  #fromMs = 0;

  constructor(interim: boolean, endpointingMs: number) {
    this.#interim = interim;
    this.#endpointingMs = endpointingMs;
  }

  heard(all: readonly HeardWord[], audioMs: number, due: boolean): Messages {
    const words = all.slice(this.#finalWords);
    const last = words.at(-1);
    if (last === undefined) {
      return audioMs - this.#fromMs >= SILENT_STRETCH_MS ? [this.#final(words, audioMs, {})] : [];
    }
    if (audioMs - last.endMs >= this.#endpointingMs) {
      return [this.#final(words, audioMs, { speech_final: true })];
    }
    return due && this.#interim ? [this.#results(words, audioMs)] : [];
  }

  told(type: string, all: readonly HeardWord[], audioMs: number): Messages | undefined {
    if (type === 'KeepAlive') return [];
    if (type !== 'Finalize') return undefined;
    const words = all.slice(this.#finalWords);
    if (words.length === 0 && audioMs - this.#fromMs < FINALIZE_MS_MIN) return [];
    return [this.#final(words, audioMs, { from_finalize: true })];
  }

  #final(words: readonly HeardWord[], audioMs: number, more: JsonRecord): JsonRecord {
    const message = { ...this.#results(words, audioMs), is_final: true, ...more };
    this.#finalWords += words.length;
    this.#fromMs = audioMs;
    return message;
  }

  #results(words: readonly HeardWord[], audioMs: number): JsonRecord {
    const told = words.map(({ word, startMs, endMs }) => ({
      word,
      start: startMs / 1_000,
      end: endMs / 1_000,
      confidence: 0.98,
    }));
    return {
      type: 'Results',
      channel_index: [0, 1],
      duration: (audioMs - this.#fromMs) / 1_000,
      start: this.#fromMs / 1_000,
      is_final: false,
      speech_final: false,
      channel: { alternatives: [{ transcript: transcript(words), confidence: 0.98, words: told }] },
      metadata: { request_id: '00000000-0000-4000-8000-000000000000', model_uuid: 'simulated' },
    };
  }
}
