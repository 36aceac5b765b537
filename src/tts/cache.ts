// Speech that was made before: in memory for everybody, on disk for the lines that every call says.
import { createHash } from 'node:crypto';
import { BYTES_PER_MS } from '../audio/mulaw.ts';
import { Background } from '../base/background.ts';
import type { Clock } from '../base/clock.ts';
import type { Span } from '../base/span.ts';
import { DiskCache } from './diskCache.ts';
import { MemoryCache, type CachedSpeech } from './memoryCache.ts';
import type { SpeechChunk, TextToSpeech } from './port.ts';
import { SharedSpeech } from './sharedSpeech.ts';

/** 2.3 hours of speech. */
const MEMORY_BYTES_MAX = 64 * 1024 * 1024;
const ENTRIES_MAX = 2_000;
const DISK_BYTES_MAX = 256 * 1024 * 1024;
/** Longer speech than this is not said twice, unless it is a fixed line. */
const AUDIO_MS_MAX = 12_000;
/** Enough to have thirty lines ready in seconds, and far from any provider's limit. */
const PRIMED_AT_ONCE_MAX = 4;

export type CacheName = 'tts_memory' | 'tts_disk';

export interface SpeechCacheOptions {
  readonly clock: Clock;
  readonly memoryBytesMax?: number;
  readonly entriesMax?: number;
  /** Without it nothing outlives the process. */
  readonly disk?: { readonly folder: string; readonly bytesMax?: number };
  /** A look into a cache on a call's behalf (memory) or anybody's (disk). */
  readonly observe?: (cache: CacheName, result: 'hit' | 'miss') => void;
  /** The disk failed: what was asked for is then made anew, or not kept. */
  readonly onError: (error: unknown) => void;
}

export interface PrimeFailure {
  readonly line: string;
  readonly error: unknown;
}

export interface CachedTextToSpeech extends TextToSpeech {
  /**
   * Has the fixed lines ready: from memory, from disk or made now, a few at a time. Answers those that
   * could not be made; throws the reason when `signal` aborts.
   */
  prime(lines: readonly string[], signal: AbortSignal): Promise<readonly PrimeFailure[]>;
  /** The whole of a line that is in memory, at once. Shared: not to be written to. */
  lookup(text: string): Uint8Array | undefined;
}

/**
 * `inner` with a memory. What is being made is made once, however many ask. Put it round each provider and
 * a fallback round those, not the other way: else one provider's voice is kept under another's name.
 */
export function cachedTextToSpeech(inner: TextToSpeech, cache: SpeechCache): CachedTextToSpeech {
  const keyOf = (text: string): string => speechKey(inner.cacheKey, text);
  const speak = (
    text: string,
    fixed: boolean,
    signal: AbortSignal,
    span?: Span,
  ): AsyncIterable<SpeechChunk> =>
    cache.speak(keyOf(text), fixed, (stop) => inner.speak(text, stop, span), signal);
  return {
    provider: inner.provider,
    cacheKey: inner.cacheKey,
    speak: (text, signal, span) => speak(text, false, signal, span),
    warmUp: (signal) => inner.warmUp(signal),
    lookup: (text) => cache.lookup(keyOf(text)),
    isReady: (text) => cache.has(keyOf(text)),
    async prime(lines, signal) {
      const waiting = [...new Set(lines)];
      const failures: PrimeFailure[] = [];
      const work = async (): Promise<void> => {
        for (let line = waiting.shift(); line !== undefined; line = waiting.shift()) {
          try {
            for await (const chunk of speak(line, true, signal)) void chunk;
          } catch (error) {
            signal.throwIfAborted();
            failures.push({ line, error });
          }
        }
      };
      await Promise.all(Array.from({ length: PRIMED_AT_ONCE_MAX }, work));
      return failures;
    },
  };
}

interface Flight {
  readonly speech: SharedSpeech;
  fixed: boolean;
  fromDisk: boolean;
}

/** The store behind all cached providers of a process. Owns what is being made and written; `close` ends it. */
export class SpeechCache {
  readonly #options: SpeechCacheOptions;
  readonly #memory: MemoryCache;
  readonly #flights = new Map<string, Flight>();
  readonly #background: Background;
  #disk: DiskCache | undefined;

  constructor(options: SpeechCacheOptions) {
    this.#options = options;
    this.#memory = new MemoryCache(
      options.memoryBytesMax ?? MEMORY_BYTES_MAX,
      options.entriesMax ?? ENTRIES_MAX,
    );
    this.#background = new Background(options.onError);
  }

  /** Bytes held in memory. */
  get memoryBytes(): number {
    return this.#memory.bytes;
  }

  /** Learns what is on disk. When that fails it says so, and there is the memory alone. Never rejects. */
  async open(): Promise<void> {
    const { disk, clock, onError } = this.#options;
    if (disk === undefined) return;
    const opened = new DiskCache(disk.folder, disk.bytesMax ?? DISK_BYTES_MAX, clock);
    try {
      await opened.open();
      this.#disk = opened;
    } catch (error) {
      onError(error);
    }
  }

  /** Stops what is being made and waits for what is being written. Idempotent. */
  async close(): Promise<void> {
    for (const flight of this.#flights.values()) flight.speech.abort(new Error('the speech cache is closed'));
    await this.#background.idle();
  }

  lookup(key: string): Uint8Array | undefined {
    const found = this.#memory.get(key)?.mulaw;
    // A miss is counted by the `speak` that follows it.
    if (found !== undefined) this.#options.observe?.('tts_memory', 'hit');
    return found;
  }

  /** Whether it is in memory; neither counted nor taken for a use. */
  has(key: string): boolean {
    return this.#memory.has(key);
  }

  /** Speech for `key`, made by `make` unless it is there or under way. A `fixed` one is kept on disk, too. */
  async *speak(
    key: string,
    fixed: boolean,
    make: (signal: AbortSignal) => AsyncIterable<SpeechChunk>,
    signal: AbortSignal,
  ): AsyncGenerator<SpeechChunk, void, undefined> {
    signal.throwIfAborted();
    const known = this.#memory.get(key);
    if (!fixed) this.#options.observe?.('tts_memory', known === undefined ? 'miss' : 'hit');
    if (known !== undefined) {
      if (fixed) this.#fix(key, known);
      yield chunkOf(known);
      return;
    }
    const underWay = this.#flights.get(key);
    const flight = underWay === undefined || underWay.speech.lost ? this.#start(key, fixed, make) : underWay;
    if (fixed) flight.fixed = true;
    yield* flight.speech.listen(signal);
  }

  #start(key: string, fixed: boolean, make: (signal: AbortSignal) => AsyncIterable<SpeechChunk>): Flight {
    const flight: Flight = { speech: new SharedSpeech(), fixed, fromDisk: false };
    this.#flights.set(key, flight);
    const made = flight.speech.run((stop) => this.#source(key, flight, make, stop));
    this.#background.run(made.then(() => this.#finish(key, flight)));
    return flight;
  }

  async *#source(
    key: string,
    flight: Flight,
    make: (signal: AbortSignal) => AsyncIterable<SpeechChunk>,
    signal: AbortSignal,
  ): AsyncGenerator<SpeechChunk, void, undefined> {
    // A sentence that the disk is not known to have is not looked for: the caller waits.
    if (this.#disk !== undefined && (flight.fixed || this.#disk.knows(key))) {
      const found = await this.#readDisk(this.#disk, key);
      if (found !== undefined) {
        flight.fromDisk = true;
        yield chunkOf(found);
        return;
      }
    }
    signal.throwIfAborted();
    yield* make(signal);
  }

  async #readDisk(disk: DiskCache, key: string): Promise<CachedSpeech | undefined> {
    let found: CachedSpeech | undefined;
    try {
      found = await disk.read(key);
    } catch (error) {
      this.#options.onError(error);
    }
    this.#options.observe?.('tts_disk', found === undefined ? 'miss' : 'hit');
    if (found !== undefined) this.#background.run(disk.touch(key));
    return found;
  }

  async #finish(key: string, flight: Flight): Promise<void> {
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
    const chunks = flight.speech.whole;
    if (chunks === undefined) return;
    const speech = joined(chunks);
    const tooLong = speech.mulaw.length > AUDIO_MS_MAX * BYTES_PER_MS && !flight.fixed;
    if (speech.mulaw.length === 0 || tooLong) return;
    this.#memory.set(key, speech, flight.fixed);
    if (flight.fixed && !flight.fromDisk) await this.#disk?.write(key, speech);
  }

  #fix(key: string, speech: CachedSpeech): void {
    this.#memory.fix(key);
    if (this.#disk !== undefined && !this.#disk.knows(key))
      this.#background.run(this.#disk.write(key, speech));
  }
}

/** 64 hexadecimal digits; the separator keeps one text's beginning out of the key before it. */
function speechKey(cacheKey: string, text: string): string {
  return createHash('blake2b512').update(cacheKey).update('\0').update(text).digest('hex').slice(0, 64);
}

function chunkOf(speech: CachedSpeech): SpeechChunk {
  const { mulaw, wordTimes } = speech;
  return wordTimes.length === 0 ? { mulaw } : { mulaw, wordTimes };
}

function joined(chunks: readonly SpeechChunk[]): CachedSpeech {
  const mulaw = new Uint8Array(chunks.reduce((bytes, chunk) => bytes + chunk.mulaw.length, 0));
  let done = 0;
  for (const chunk of chunks) {
    mulaw.set(chunk.mulaw, done);
    done += chunk.mulaw.length;
  }
  return { mulaw, wordTimes: chunks.flatMap((chunk) => chunk.wordTimes ?? []) };
}
