// Answers that the model gave before, for the same question in the same conversation.
import { createHash } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import type { ChatMessage } from './port.ts';

/** What is true in the morning may not be in the evening. */
export const TTL_MS = 60 * 60 * 1_000;
export const ENTRIES_MAX = 5_000;
export const BYTES_MAX = 8 * 1024 * 1024;
/** What an entry costs beside its text, roughly: key, map entry, array. */
const ENTRY_BYTES = 256;

interface Entry {
  readonly sentences: readonly string[];
  readonly keptAtMs: number;
  readonly bytes: number;
}

export interface ResponseCacheOptions {
  readonly clock: Clock;
  readonly ttlMs?: number;
  readonly entriesMax?: number;
  readonly bytesMax?: number;
  readonly observe?: (result: 'hit' | 'miss') => void;
}

/** The least recently used goes first; nothing is given after its time. */
export class ResponseCache {
  readonly #options: ResponseCacheOptions;
  /** In the order of use, the oldest first. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  constructor(options: ResponseCacheOptions) {
    this.#options = options;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get entries(): number {
    return this.#entries.size;
  }

  /** The sentences of the answer, in order. */
  lookup(key: string): readonly string[] | undefined {
    const { clock, ttlMs = TTL_MS, observe } = this.#options;
    const found = this.#entries.get(key);
    this.#remove(key);
    const fresh = found !== undefined && clock.nowMs() - found.keptAtMs <= ttlMs;
    if (fresh) this.#put(key, found);
    observe?.(fresh ? 'hit' : 'miss');
    return fresh ? found.sentences : undefined;
  }

  keep(key: string, sentences: readonly string[]): void {
    const { clock, entriesMax = ENTRIES_MAX, bytesMax = BYTES_MAX } = this.#options;
    // Two bytes a character, at most.
    const bytes = sentences.reduce((sum, sentence) => sum + sentence.length * 2, key.length + ENTRY_BYTES);
    this.#remove(key);
    this.#put(key, { sentences: [...sentences], keptAtMs: clock.nowMs(), bytes });
    while (this.#bytes > bytesMax || this.#entries.size > entriesMax) {
      const oldest = this.#entries.keys().next();
      if (oldest.done === true) return;
      this.#remove(oldest.value);
    }
  }

  #put(key: string, entry: Entry): void {
    this.#entries.set(key, entry);
    this.#bytes += entry.bytes;
  }

  #remove(key: string): void {
    this.#bytes -= this.#entries.get(key)?.bytes ?? 0;
    this.#entries.delete(key);
  }
}

/**
 * All that an answer depends on, as 64 hexadecimal digits of BLAKE2b: the agent's `version`, its state, and every
 * message up to the question, of which the first holds the lead's variables as far as the prompt uses them. The
 * caller's words count, not how they were written. So nobody is ever given what was said to another who had told
 * something else. Undefined when there is nothing to ask for, or when a tool was called before: what it brought
 * was true then.
 */
export function responseKey(
  version: string,
  state: string | undefined,
  messages: readonly ChatMessage[],
): string | undefined {
  const question = messages.at(-1);
  if (question?.role !== 'user' || normalisedWords(question.content) === '') return undefined;
  if (messages.some((message) => message.role === 'tool')) return undefined;
  const said = messages.map(({ role, content }) => [
    role,
    role === 'user' ? normalisedWords(content) : content,
  ]);
  return createHash('blake2b512')
    .update(JSON.stringify([version, state ?? '', said]))
    .digest('hex')
    .slice(0, 64);
}

const APOSTROPHES = /['’]/gu;
/** Signs stay: "-5", "5%" and "$5" are no "5". */
const BETWEEN_WORDS = /[^\p{L}\p{M}\p{N}\p{S}%-]+|-(?!\p{N})/gu;

/** Small letters and single spaces; no punctuation. */
export function normalisedWords(text: string): string {
  return text.normalize('NFKC').toLowerCase().replace(APOSTROPHES, '').replace(BETWEEN_WORDS, ' ').trim();
}
