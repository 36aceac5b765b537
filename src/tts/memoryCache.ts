// Speech kept in memory, within a number of bytes and of entries. The least recently used goes first,
// and fixed lines go last: a busy hour of sentences that are said once must not push out the greeting.
import type { WordTime } from './port.ts';

export interface CachedSpeech {
  readonly mulaw: Uint8Array;
  readonly wordTimes: readonly WordTime[];
}

/** What an entry costs beside its audio, roughly: key, map entry, buffer object. */
const ENTRY_BYTES = 512;
const WORD_TIME_BYTES = 96;

export class MemoryCache {
  readonly #bytesMax: number;
  readonly #entriesMax: number;
  /** Both in the order of use, the oldest first. */
  readonly #fixed = new Map<string, CachedSpeech>();
  readonly #passing = new Map<string, CachedSpeech>();
  #bytes = 0;

  constructor(bytesMax: number, entriesMax: number) {
    this.#bytesMax = bytesMax;
    this.#entriesMax = entriesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get entries(): number {
    return this.#fixed.size + this.#passing.size;
  }

  /** Not taken for a use. */
  has(key: string): boolean {
    return this.#fixed.has(key) || this.#passing.has(key);
  }

  get(key: string): CachedSpeech | undefined {
    for (const map of [this.#fixed, this.#passing]) {
      const found = map.get(key);
      if (found === undefined) continue;
      map.delete(key);
      map.set(key, found);
      return found;
    }
    return undefined;
  }

  set(key: string, speech: CachedSpeech, fixed: boolean): void {
    const wasFixed = this.#fixed.has(key);
    this.#remove(this.#fixed, key);
    this.#remove(this.#passing, key);
    (fixed || wasFixed ? this.#fixed : this.#passing).set(key, speech);
    this.#bytes += bytesOf(speech);
    while (this.#bytes > this.#bytesMax || this.entries > this.#entriesMax) {
      const from = this.#passing.size > 0 ? this.#passing : this.#fixed;
      const oldest = from.keys().next();
      if (oldest.done === true) return;
      this.#remove(from, oldest.value);
    }
  }

  /** From now on among those that go last. */
  fix(key: string): void {
    const found = this.#passing.get(key);
    if (found === undefined) return;
    this.#passing.delete(key);
    this.#fixed.set(key, found);
  }

  #remove(map: Map<string, CachedSpeech>, key: string): void {
    const found = map.get(key);
    if (found === undefined) return;
    map.delete(key);
    this.#bytes -= bytesOf(found);
  }
}

function bytesOf(speech: CachedSpeech): number {
  return speech.mulaw.length + speech.wordTimes.length * WORD_TIME_BYTES + ENTRY_BYTES;
}
