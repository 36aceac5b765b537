// Who may be asked, of several providers of which some have said when to come back (429).
import { inOrderOfTrust, type Breaker } from './breaker.ts';
import { sleep, type Clock } from './clock.ts';
import { ProviderError, type ProviderStage } from './errors.ts';

/** Nobody on a call is let wait longer for a provider that wants to be left alone. */
const LIMIT_WAIT_MS_MAX = 1_000;

/** Those that do not want to be left alone, in order of trust; none when all do. Where a limit has passed, the first tries. */
export function willing<T extends { readonly breaker: Breaker }>(entries: readonly T[]): readonly T[] {
  const open = entries.filter(({ breaker }) => breaker.restMs() === 0);
  const order = inOrderOfTrust(open);
  order[0]?.breaker.tryLimit();
  return order;
}

/** Whether whoever was asked last has told when it may be asked again. */
export function saysWhen(error: unknown): boolean {
  return error instanceof ProviderError && error.retryAfterMs !== undefined;
}

/**
 * The same when at least one is willing, within a second at most; throws a `ProviderError` of `rate_limit` when none will be,
 * without anybody having been asked. Rejects with the signal's reason.
 */
export async function whenWilling<T extends { readonly breaker: Breaker }>(
  entries: readonly T[],
  who: { readonly stage: ProviderStage; readonly provider: string },
  clock: Clock,
  signal: AbortSignal,
): Promise<readonly T[]> {
  const untilMs = clock.nowMs() + LIMIT_WAIT_MS_MAX;
  for (;;) {
    const order = willing(entries);
    if (order.length > 0) return order;
    const restMs = Math.min(...entries.map(({ breaker }) => breaker.restMs()));
    if (clock.nowMs() + restMs > untilMs) {
      const told = `left alone for ${Math.ceil(restMs)} ms, as it has asked for`;
      throw new ProviderError('rate_limit', told, { ...who, retryAfterMs: restMs });
    }
    await sleep(clock, restMs, signal);
  }
}
