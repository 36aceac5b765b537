// When a provider says to come back.

/** Longer than any call waits; a nonsensical date must not become a bound of years. */
const RETRY_AFTER_MS_MAX = 3_600_000;

interface HeaderSource {
  get(name: string): string | null;
}

/**
 * Milliseconds from now, out of `retry-after-ms` (OpenAI's) or `retry-after` (seconds or a date,
 * RFC 9110 10.2.3). Undefined when neither says anything that can be understood.
 */
export function retryAfterMs(headers: HeaderSource, wallMs: number): number | undefined {
  const milliseconds = number(headers.get('retry-after-ms'));
  if (milliseconds !== undefined) return bounded(milliseconds);
  const text = headers.get('retry-after');
  const seconds = number(text);
  if (seconds !== undefined) return bounded(seconds * 1_000);
  const date = text === null ? NaN : Date.parse(text);
  return Number.isNaN(date) ? undefined : bounded(date - wallMs);
}

function number(text: string | null): number | undefined {
  if (text === null || text.trim() === '') return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}

function bounded(delayMs: number): number {
  return Math.min(RETRY_AFTER_MS_MAX, Math.max(0, delayMs));
}
