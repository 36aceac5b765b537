// A voice one can listen to: eSpeak NG in WebAssembly, with the exact time of every word. For the
// simulated caller and the simulated text-to-speech; nothing of it is in the product.
import assert from 'node:assert/strict';
import type { SynthesisEvent, Worker } from '@echogarden/espeak-ng-emscripten';
import { createResampler } from '../audio/resample.ts';
import { wordTimes, type SoundEvent, type WordTime } from './voiceWords.ts';

export interface Spoken {
  readonly text: string;
  readonly samples: Int16Array;
  readonly sampleRateHz: number;
  /** One for each written word, times from the first sample. */
  readonly words: readonly WordTime[];
}

export interface VoiceOptions {
  /** eSpeak NG's name, with a variant if wanted: `en-us`, `en` (British), `en-us+f3`, `de`. */
  readonly voice?: string;
  /** Words a minute. */
  readonly rate?: number;
  /** 0-100; 50 is the voice's own. */
  readonly pitch?: number;
}

export interface Voice {
  /**
   * The text as sound, 22,050 Hz. Blocks the thread for 5-20 ms a sentence, never two without a pause
   * between. The same words said the same way again are the very same samples. Throws for an unknown voice.
   */
  say(text: string, options?: VoiceOptions): Promise<Spoken>;
}

/** A minute and more of speech: longer is a mistake of the caller's. */
const TEXT_CHARS_MAX = 4_000;
/** 20 minutes of speech, 53 MB; the least recently used go. */
const CACHE_SAMPLES_MAX = 20 * 60 * 22_050;
/** Words of which the count of sounds is kept. */
const COUNTS_KEPT_MAX = 2_000;
const DEFAULTS = { voice: 'en-us', rate: 175, pitch: 50 };

/** Loads the engine: 0.1-0.6 s and 24 MB, so once a process. */
export async function openVoice(): Promise<Voice> {
  const engine = await loadEngine();
  // The first sentence costs several times a later one's time.
  engine.synthesize('warm', () => false);
  return new EspeakVoice(engine);
}

async function loadEngine(): Promise<Worker> {
  try {
    const { default: load } = await import('@echogarden/espeak-ng-emscripten');
    const { eSpeakNGWorker } = await load();
    return new eSpeakNGWorker();
  } catch (cause) {
    throw new Error(
      'the simulated voice needs the development dependency @echogarden/espeak-ng-emscripten: run npm ci without --omit=dev',
      { cause },
    );
  }
}

class EspeakVoice implements Voice {
  readonly #engine: Worker;
  readonly #cache = new Map<string, Spoken>();
  readonly #counts = new Map<string, number>();
  #cachedSamples = 0;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(engine: Worker) {
    this.#engine = engine;
  }

  say(text: string, options: VoiceOptions = {}): Promise<Spoken> {
    const how = { ...DEFAULTS, ...options };
    const key = JSON.stringify([how.voice, how.rate, how.pitch, text]);
    const spoken = this.#queue.then(async () => {
      const known = this.#cache.get(key);
      if (known !== undefined) {
        this.#cache.delete(key);
        this.#cache.set(key, known);
        return known;
      }
      // Frames are waiting to be sent: let the event loop round between two sentences.
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      const made = this.#synthesise(text, how);
      this.#keep(key, made);
      return made;
    });
    // Who asked sees the error; the next in the queue is not concerned.
    this.#queue = spoken.catch(() => undefined);
    return spoken;
  }

  #synthesise(text: string, how: Required<VoiceOptions>): Spoken {
    assert(text.length <= TEXT_CHARS_MAX, `a text of ${text.length} characters is too long to say`);
    if (this.#engine.set_voice(how.voice) !== 0) throw new Error(`there is no voice '${how.voice}'`);
    this.#engine.set_rate(how.rate);
    this.#engine.set_pitch(how.pitch);
    const { samples, events } = this.#run(plain(text));
    const sampleRateHz = this.#engine.get_samplerate();
    const durationMs = (samples.length / sampleRateHz) * 1_000;
    const words = wordTimes(text, events, durationMs, (word) => this.#phonemeCount(word, how.voice));
    return { text, samples, sampleRateHz, words };
  }

  #phonemeCount(word: string, voice: string): number {
    const key = `${voice} ${word}`;
    const known = this.#counts.get(key);
    if (known !== undefined) return known;
    const count = this.#run(plain(word)).events.filter(({ kind }) => kind === 'phoneme').length;
    if (this.#counts.size < COUNTS_KEPT_MAX) this.#counts.set(key, count);
    return count;
  }

  #run(text: string): { readonly samples: Int16Array; readonly events: readonly SoundEvent[] } {
    const pieces: Int16Array[] = [];
    const events: SoundEvent[] = [];
    this.#engine.synthesize(text, (samples, told) => {
      if (samples !== undefined) pieces.push(samples);
      for (const event of told) {
        const kind = kindOf(event);
        if (kind === undefined) continue;
        events.push({ kind, offset: event.text_position - 1, atMs: event.audio_position });
      }
      return false;
    });
    return { samples: joined(pieces), events };
  }

  #keep(key: string, spoken: Spoken): void {
    this.#cache.set(key, spoken);
    this.#cachedSamples += spoken.samples.length;
    for (const [oldest, { samples }] of this.#cache) {
      if (this.#cachedSamples <= CACHE_SAMPLES_MAX) break;
      this.#cache.delete(oldest);
      this.#cachedSamples -= samples.length;
    }
  }
}

/** The engine reads SSML and its own phoneme notation; here all is text. Characters keep their places. */
function plain(text: string): string {
  return text.replaceAll(/[\s<>[\]]/gu, ' ').replaceAll(/&(?=#?\w+;)/gu, ' ');
}

function kindOf({ type, id }: SynthesisEvent): SoundEvent['kind'] | undefined {
  if (type === 'word') return 'word';
  if (type === 'phoneme') return id === '' ? 'pause' : 'phoneme';
  return type === 'end' ? 'pause' : undefined;
}

/** The same words at another rate, such as 8,000 for a call or 24,000 for a speech API. */
export function toSampleRate(spoken: Spoken, sampleRateHz: number): Spoken {
  if (spoken.sampleRateHz === sampleRateHz) return spoken;
  const resampler = createResampler(spoken.sampleRateHz, sampleRateHz);
  return { ...spoken, sampleRateHz, samples: joined([resampler.process(spoken.samples), resampler.flush()]) };
}

/** Below this (-50 dB of full scale) a sample is silence. */
const QUIET_AMPLITUDE = 104;

/**
 * Without the silence before and after, but for `marginMs` of it on each side (or what there was, if
 * less). The words' times move along.
 */
export function trimSilence(spoken: Spoken, marginMs: number): Spoken {
  const { samples, sampleRateHz } = spoken;
  const first = samples.findIndex(isLoud);
  if (first < 0) return { ...spoken, samples: new Int16Array(0), words: moved(spoken.words, 0, 0) };
  const margin = Math.round((marginMs / 1_000) * sampleRateHz);
  const start = Math.max(0, first - margin);
  const end = Math.min(samples.length, samples.findLastIndex(isLoud) + 1 + margin);
  const msOf = (count: number): number => (count / sampleRateHz) * 1_000;
  return {
    ...spoken,
    samples: samples.slice(start, end),
    words: moved(spoken.words, msOf(start), msOf(end - start)),
  };
}

function isLoud(sample: number): boolean {
  return Math.abs(sample) >= QUIET_AMPLITUDE;
}

function moved(words: readonly WordTime[], byMs: number, durationMs: number): WordTime[] {
  const within = (atMs: number): number => Math.min(durationMs, Math.max(0, atMs - byMs));
  return words.map(({ word, startMs, endMs }) => ({ word, startMs: within(startMs), endMs: within(endMs) }));
}

function joined(pieces: readonly Int16Array[]): Int16Array {
  const whole = new Int16Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let filled = 0;
  for (const piece of pieces) {
    whole.set(piece, filled);
    filled += piece.length;
  }
  return whole;
}
