// Whether a provider is worth asking. One for each entry of the agent's file, shared by every call of the process: what one
// call has learnt spares the next one the wait.
import type { Clock } from './clock.ts';
import type { ProviderError } from './errors.ts';
import type { Random } from './random.ts';

/** So many failures in a row open it. */
export const FAILURES_MAX = 3;
/** After the first opening it is tried again so soon; each failed trial doubles it. */
const REOPEN_FIRST_MS = 1_000;
const REOPEN_MS_MAX = 30_000;
/** Spread, so that the instances of a fleet don't try at the same moment. */
const JITTER = 0.2;
/** A trial that nobody reports on (its call was over) blocks no other for longer than this. */
const TRIAL_MS_MAX = 10_000;
/** A provider that says to come back in an hour is tried sooner all the same: by single requests. */
export const RATE_LIMITED_MS_MAX = 60_000;
/** The first request after a limit is answered sooner; then it is no reason any more for others to wait. */
const LIMITED_TRIAL_MS_MAX = 2_000;
/** So often those who wait for what becomes of it look. */
const LIMITED_LOOK_MS = 200;

export type BreakerState = 'closed' | 'open' | 'half_open';

/** `late`: it was waited for, and another one answered first. */
export type BreakerFailure = ProviderError | 'late';

export interface BreakerOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly onChange?: (state: BreakerState, why: BreakerFailure | undefined) => void;
}

export class Breaker {
  readonly #options: BreakerOptions;
  #state: BreakerState = 'closed';
  #failures = 0;
  #reopenMs = REOPEN_FIRST_MS;
  /** When it is open: not asked before. When it is half open: until then the trial is under way. */
  #untilMs = 0;
  /** Until when the provider wants no request; 0: it said no such thing. While one is tried: until when that is waited for. */
  #limitedUntilMs = 0;
  #limitTried = false;

  constructor(options: BreakerOptions) {
    this.#options = options;
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** When it may be asked again; what has waited longest is asked when there is nothing else. */
  get untilMs(): number {
    return this.#state === 'closed' ? 0 : this.#untilMs;
  }

  /** Whether it may be asked now. Of an open one whose time has come, one request is let through: the trial. */
  admits(): boolean {
    if (this.#state === 'closed') return true;
    const nowMs = this.#options.clock.nowMs();
    if (nowMs < this.#untilMs) return false;
    this.#untilMs = nowMs + TRIAL_MS_MAX;
    if (this.#limitedUntilMs > 0) this.#tryLimit(nowMs);
    this.#become('half_open', undefined);
    return true;
  }

  /**
   * How long whoever has nobody else to ask waits, because the provider said when to come back; 0: ask now. When that time
   * has come one tries, and the others wait a little for what becomes of it.
   */
  restMs(): number {
    if (this.#limitedUntilMs === 0) return 0;
    const leftMs = Math.max(0, this.#limitedUntilMs - this.#options.clock.nowMs());
    return this.#limitTried ? Math.min(LIMITED_LOOK_MS, leftMs) : leftMs;
  }

  /** It is going to be asked, by whoever need not wait: where its limit has passed, this is the one that tries. */
  tryLimit(): void {
    if (this.#limitedUntilMs > 0 && this.restMs() === 0) this.#tryLimit(this.#options.clock.nowMs());
  }

  /** It took a request. That says that its limit is over, and not yet that it answers: what has failed is not forgotten. */
  accepted(): void {
    if (!this.#limitTried) return;
    this.#limited(0);
    this.#become('closed', undefined);
  }

  /** It began to answer. */
  succeeded(): void {
    this.#failures = 0;
    this.#reopenMs = REOPEN_FIRST_MS;
    this.#limited(0);
    this.#become('closed', undefined);
  }

  /** A request that was wrong in itself says nothing about the provider. */
  failed(why: BreakerFailure): void {
    const code = why === 'late' ? 'late' : why.code;
    if (code === 'bad_request') return;
    this.#failures += 1;
    const toldMs = why === 'late' || code !== 'rate_limit' ? undefined : why.retryAfterMs;
    const limitedMs = toldMs === undefined ? undefined : Math.min(toldMs, RATE_LIMITED_MS_MAX);
    if (limitedMs !== undefined) this.#limited(this.#options.clock.nowMs() + limitedMs);
    // What began before the limit was told says nothing about it.
    else if (this.#limitTried) this.#limited(0);
    const atOnce = limitedMs !== undefined || code === 'auth' || this.#state !== 'closed';
    if (!atOnce && this.#failures < FAILURES_MAX) return;
    const { clock, random } = this.#options;
    const spread = 1 + JITTER * (random.next() * 2 - 1);
    const waitMs = Math.max(this.#reopenMs * spread, limitedMs ?? 0);
    // Failures of requests that began before it opened prolong nothing.
    if (this.#state === 'open') {
      if (limitedMs !== undefined) this.#untilMs = Math.max(this.#untilMs, clock.nowMs() + waitMs);
      return;
    }
    this.#untilMs = clock.nowMs() + waitMs;
    this.#reopenMs = Math.min(REOPEN_MS_MAX, this.#reopenMs * 2);
    this.#become('open', why);
  }

  #limited(untilMs: number): void {
    this.#limitedUntilMs = untilMs;
    this.#limitTried = false;
  }

  #tryLimit(nowMs: number): void {
    this.#limitedUntilMs = nowMs + LIMITED_TRIAL_MS_MAX;
    this.#limitTried = true;
  }

  #become(state: BreakerState, why: BreakerFailure | undefined): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#options.onChange?.(state, why);
  }
}

/**
 * Who is to be asked, in this order: those that are admitted as they stand in the list, then the others, whoever has
 * waited longest first. So nobody is ever the last one and not asked.
 */
export function inOrderOfTrust<T extends { readonly breaker: Breaker }>(entries: readonly T[]): readonly T[] {
  const admitted = entries.filter(({ breaker }) => breaker.admits());
  const others = entries.filter((entry) => !admitted.includes(entry));
  return [...admitted, ...others.toSorted((a, b) => a.breaker.untilMs - b.breaker.untilMs)];
}
