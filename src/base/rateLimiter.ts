// How often somebody may do something: a bucket of tokens for each key, filled steadily, emptied by who takes. Keys come
// from outside, so their number has a bound: whoever has taken nothing for the longest is forgotten, which fills the bucket.
import type { Clock } from './clock.ts';

const MINUTE_MS = 60_000;

export interface Bucket {
  /** What was left at that time; below zero when others took more than there was. */
  readonly tokens: number;
  readonly atMs: number;
}

/** What is left by now; a bucket that nobody knows is full. `perMinute` is also what it holds. */
export function tokensLeft(bucket: Bucket | undefined, perMinute: number, nowMs: number): number {
  if (bucket === undefined) return perMinute;
  const filled = ((nowMs - bucket.atMs) / MINUTE_MS) * perMinute;
  return Math.min(perMinute, bucket.tokens + filled);
}

/** Until there is a whole token again. */
export function waitMs(tokens: number, perMinute: number): number {
  return Math.ceil(((1 - tokens) / perMinute) * MINUTE_MS);
}

export interface RateLimiterOptions {
  /** At once, and then in every minute; 0: no limit. */
  readonly perMinute: number;
  readonly keysMax: number;
  readonly clock: Clock;
  /** One was taken here: for those who count together with this one. */
  readonly onTaken?: (key: string) => void;
}

export class RateLimiter {
  readonly #options: RateLimiterOptions;
  /** The one that was used longest ago first. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(options: RateLimiterOptions) {
    this.#options = options;
  }

  get keys(): number {
    return this.#buckets.size;
  }

  /** Takes one; undefined when there was one, else how long until there will be. */
  take(key: string): number | undefined {
    const { perMinute, clock, onTaken } = this.#options;
    if (perMinute === 0) return undefined;
    const left = tokensLeft(this.#buckets.get(key), perMinute, clock.nowMs());
    if (left < 1) return waitMs(left, perMinute);
    this.#set(key, left - 1);
    onTaken?.(key);
    return undefined;
  }

  /** Others have taken so many: not asked, only told. Never more is owed than a minute fills. */
  takenElsewhere(key: string, count: number): void {
    const { perMinute, clock } = this.#options;
    if (perMinute === 0) return;
    const left = tokensLeft(this.#buckets.get(key), perMinute, clock.nowMs());
    this.#set(key, Math.max(-perMinute, left - count));
  }

  #set(key: string, tokens: number): void {
    const { keysMax, clock } = this.#options;
    this.#buckets.delete(key);
    const [oldest] = this.#buckets.keys();
    if (oldest !== undefined && this.#buckets.size >= keysMax) this.#buckets.delete(oldest);
    this.#buckets.set(key, { tokens, atMs: clock.nowMs() });
  }
}
