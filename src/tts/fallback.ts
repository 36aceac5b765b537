// Several voices in order: when one fails, is late or breaks off, the next one says the sentence, or the rest of it.
import assert from 'node:assert/strict';
import { BYTES_PER_MS } from '../audio/mulaw.ts';
import { Breaker, type BreakerFailure } from '../base/breaker.ts';
import type { Clock } from '../base/clock.ts';
import { withDeadlines } from '../base/deadline.ts';
import { ProviderError } from '../base/errors.ts';
import { LatencyWindow } from '../base/latencyWindow.ts';
import { race, type LatencyNotes } from '../base/race.ts';
import { systemRandom } from '../base/random.ts';
import type { Span } from '../base/span.ts';
import { saysWhen, whenWilling, willing } from '../base/willing.ts';
import type { SpeechChunk, TextToSpeech, WordTime } from './port.ts';
import { restOfText } from './restOfText.ts';

/** A voice that stands still for so long within a sentence is left for the next; with none behind it, its own bound goes. */
export const STALLED_MS = 700;
/** A sentence is gone on with so often. */
export const CONTINUED_MAX = 2;
/** To the first audio there are other deadlines: each voice's own, and the race's. */
const FIRST_MS_MAX = 120_000;
const SAYABLE = /[\p{L}\p{N}]/u;

export interface FallbackOptions {
  readonly clock: Clock;
  /** Of each voice, in the same order, as those who ask them for real tell them; without it each has one of its own. */
  readonly breakers?: readonly Breaker[];
  readonly latencies?: readonly LatencyWindow[];
  /** Of each voice: how long it is waited for alone, ms; undefined: what is usual for it. */
  readonly switchMs?: readonly (number | undefined)[];
  /** A provider failed and the next one is asked. */
  readonly onFallback?: (from: TextToSpeech, to: TextToSpeech, error: ProviderError) => void;
}

interface Entry {
  readonly voice: TextToSpeech;
  readonly breaker: Breaker;
  readonly latencies: LatencyWindow;
  readonly switchMs: number | undefined;
}

/**
 * The first of `voices` that gives audio, those that lately failed last. After its first audio, what is left of the
 * sentence when it fails is said by the next, or by the same when there is no other: another voice in mid-sentence
 * is better than half a sentence. When all fail the last one's error is thrown. Whatever is no
 * `ProviderError` is a bug or an abort, and is thrown at once. A voice that has the whole text ready is asked first,
 * however it fares.
 */
export function fallbackTextToSpeech(
  voices: readonly TextToSpeech[],
  options: FallbackOptions,
): TextToSpeech {
  const [first] = voices;
  assert(first !== undefined, 'at least one voice');
  const { clock } = options;
  const entries = voices.map((voice, place): Entry => ({
    voice,
    breaker: options.breakers?.[place] ?? new Breaker({ clock, random: systemRandom }),
    latencies: options.latencies?.[place] ?? new LatencyWindow(clock),
    switchMs: options.switchMs?.[place],
  }));
  return {
    provider: first.provider,
    cacheKey: JSON.stringify(voices.map((voice) => voice.cacheKey)),
    speak(text, signal, span) {
      const ready = entries.find(({ voice }) => voice.isReady?.(text) === true);
      return ready === undefined
        ? new Sentence(entries, options, signal, span).spoken(text)
        : ready.voice.speak(text, signal, span);
    },
    isReady: (text) => voices.some((voice) => voice.isReady?.(text) === true),
    /** All of them; one that is there is enough. */
    async warmUp(signal) {
      const outcomes = await Promise.allSettled(voices.map((voice) => voice.warmUp(signal)));
      signal.throwIfAborted();
      const failed = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome] : []));
      const [one] = failed;
      if (one !== undefined && failed.length === voices.length) throw one.reason;
    },
  };
}

/** One sentence, by as many voices as it takes. */
class Sentence {
  readonly #entries: readonly Entry[];
  readonly #options: FallbackOptions;
  readonly #signal: AbortSignal;
  readonly #span: Span | undefined;
  /** Who speaks now. */
  #speaker: Entry | undefined;
  #audioBytes = 0;

  constructor(
    entries: readonly Entry[],
    options: FallbackOptions,
    signal: AbortSignal,
    span: Span | undefined,
  ) {
    this.#entries = entries;
    this.#options = options;
    this.#signal = signal;
    this.#span = span;
  }

  async *spoken(text: string): AsyncGenerator<SpeechChunk, void, undefined> {
    let order = willing(this.#entries);
    // Only then: a promise on the way would hold the request back.
    if (order.length === 0) order = await this.#waited();
    let waited = false;
    let rest = text;
    for (let continued = 0; ; continued += 1) {
      const fromMs = this.#audioMs;
      const wordTimes: WordTime[] = [];
      try {
        for await (const chunk of this.#ask(order, rest)) {
          this.#audioBytes += chunk.mulaw.length;
          wordTimes.push(...(chunk.wordTimes ?? []));
          yield fromMs === 0 ? chunk : later(chunk, fromMs);
        }
        return;
      } catch (error) {
        const broken = this.#speaker;
        const begun = this.#audioMs > fromMs;
        if (!begun && !waited && !this.#signal.aborted && saysWhen(error)) {
          waited = true;
          order = await this.#waited();
          continue;
        }
        if (!begun || broken === undefined || this.#signal.aborted || !(error instanceof ProviderError))
          throw error;
        broken.breaker.failed(error);
        rest = restOfText(rest, this.#audioMs - fromMs, wordTimes);
        if (!SAYABLE.test(rest)) return;
        if (continued === CONTINUED_MAX) throw error;
        order = [...willing(this.#entries.filter((entry) => entry !== broken)), broken];
        this.#options.onFallback?.(broken.voice, order[0]?.voice ?? broken.voice, error);
      }
    }
  }

  get #audioMs(): number {
    return this.#audioBytes / BYTES_PER_MS;
  }

  #waited(): Promise<readonly Entry[]> {
    const { provider } = this.#entries[0]?.voice ?? { provider: '' };
    return whenWilling(this.#entries, { stage: 'tts', provider }, this.#options.clock, this.#signal);
  }

  #ask(order: readonly Entry[], text: string): AsyncGenerator<SpeechChunk, void, undefined> {
    const { clock, onFallback } = this.#options;
    this.#speaker = undefined;
    return race<SpeechChunk>(
      order.map(({ voice, breaker, latencies, switchMs }) => ({
        // Real requests are timed and judged below the cache; here is known only who was too late.
        latencies: onlyRead(latencies),
        breaker: onlyLate(breaker),
        switchMs,
        run: (stop) => this.#speak(voice, text, stop),
      })),
      {
        clock,
        hedging: undefined,
        switches: true,
        begins: ({ mulaw }) => mulaw.length > 0,
        onBegun: (place) => {
          this.#speaker = order[place];
        },
        onSwitch: (error, from, to) => {
          const [lost, next] = [order[from], order[to]];
          if (lost !== undefined && next !== undefined) onFallback?.(lost.voice, next.voice, error);
        },
      },
      this.#signal,
    );
  }

  /** With another behind it, one that stands still is left. */
  #speak(voice: TextToSpeech, text: string, stop: AbortSignal): AsyncIterable<SpeechChunk> {
    if (this.#entries.length === 1) return voice.speak(text, stop, this.#span);
    const timedOut = (code: 'first_output_timeout' | 'idle_timeout'): ProviderError =>
      new ProviderError(code, 'the voice stands still', { stage: 'tts', provider: voice.provider });
    const deadlines = { firstMs: FIRST_MS_MAX, idleMs: STALLED_MS, timedOut };
    return withDeadlines(
      (signal) => voice.speak(text, signal, this.#span),
      deadlines,
      this.#options.clock,
      stop,
    );
  }
}

/** Times that are read and not added to: speech from a cache says nothing of the provider. */
function onlyRead(latencies: LatencyWindow): LatencyNotes {
  return {
    get distribution() {
      return latencies.distribution;
    },
    took: () => undefined,
    tookAtLeast: () => undefined,
  };
}

function onlyLate(breaker: Breaker): Pick<Breaker, 'succeeded' | 'failed'> {
  return {
    succeeded: () => undefined,
    failed: (why: BreakerFailure) => {
      if (why === 'late') breaker.failed(why);
    },
  };
}

/** Its words begin so much later in the sentence. */
function later({ mulaw, wordTimes }: SpeechChunk, byMs: number): SpeechChunk {
  if (wordTimes === undefined) return { mulaw };
  return {
    mulaw,
    wordTimes: wordTimes.map(({ word, startMs, endMs }) => ({
      word,
      startMs: startMs + byMs,
      endMs: endMs + byMs,
    })),
  };
}
