// What goes wrong on the way to a chat server, as a `ProviderError`.
import { APIConnectionError, APIError } from 'openai';
import type { Clock } from '../base/clock.ts';
import { codeOfStatus, errorText, ProviderError } from '../base/errors.ts';

/** Whatever the client threw before there was an answer to read. */
export function requestFailure(error: unknown, provider: string, clock: Clock): ProviderError {
  if (error instanceof ProviderError) return error;
  if (error instanceof APIError && typeof error.status === 'number') {
    const retryAfterMs = retryAfter(error.headers, clock);
    return new ProviderError(codeOfStatus(error.status), error.message, {
      stage: 'llm',
      provider,
      status: error.status,
      cause: error,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    });
  }
  // The client's own message says only that there was an error; its cause says which.
  const cause = error instanceof APIConnectionError ? (error.cause ?? error) : error;
  return new ProviderError('connect', deepText(cause), { stage: 'llm', provider, cause });
}

/** `retry-after-ms` is OpenAI's own; `retry-after` is seconds or a date (RFC 9110, 10.2.3). */
export function retryAfter(headers: Headers | undefined, clock: Clock): number | undefined {
  const delayMs = decimal(headers?.get('retry-after-ms'));
  if (delayMs !== undefined) return delayMs;
  const after = headers?.get('retry-after');
  const delaySeconds = decimal(after);
  if (delaySeconds !== undefined) return delaySeconds * 1_000;
  const atMs = Date.parse(after ?? '');
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - clock.wallMs());
}

function decimal(text: string | null | undefined): number | undefined {
  return typeof text === 'string' && /^\d+(?:\.\d+)?$/.test(text.trim()) ? Number(text) : undefined;
}

function deepText(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause === undefined ? errorText(error) : `${errorText(error)}: ${errorText(cause)}`;
}
