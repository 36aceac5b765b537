// What goes wrong on the way to a chat server, as a `ProviderError`.
import { APIConnectionError, APIError } from 'openai';
import type { Clock } from '../base/clock.ts';
import { codeOfStatus, errorText, ProviderError } from '../base/errors.ts';
import { retryAfterMs } from '../base/retryAfter.ts';
import { serverReason } from '../base/serverReason.ts';

/** Whatever the client threw before there was an answer to read to a request with these texts. */
export function requestFailure(
  error: unknown,
  provider: string,
  clock: Clock,
  sent: () => readonly string[],
): ProviderError {
  if (error instanceof ProviderError) return error;
  if (error instanceof APIError && typeof error.status === 'number') {
    const delayMs = error.headers === undefined ? undefined : retryAfterMs(error.headers, clock.wallMs());
    return new ProviderError(codeOfStatus(error.status), serverReason(error.message, sent), {
      stage: 'llm',
      provider,
      status: error.status,
      cause: error,
      ...(delayMs !== undefined && { retryAfterMs: delayMs }),
    });
  }
  // The client's own message says only that there was an error; its cause says which.
  const cause = error instanceof APIConnectionError ? (error.cause ?? error) : error;
  return new ProviderError('connect', deepText(cause), { stage: 'llm', provider, cause });
}

function deepText(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause === undefined ? errorText(error) : `${errorText(error)}: ${errorText(cause)}`;
}
