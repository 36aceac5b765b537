// The ways in which the outside fails. Callers switch on `code`, never on the message.

export type ProviderStage = 'stt' | 'llm' | 'tts';

export type ProviderErrorCode =
  /** No connection, or it was refused. */
  | 'connect'
  /** 401, 403 or an invalid key: trying again is useless. */
  | 'auth'
  /** 429; `retryAfterMs` says when to come back, if the provider told. */
  | 'rate_limit'
  /** Any other 4xx: our request is wrong for this provider. */
  | 'bad_request'
  /** 5xx or an error event. */
  | 'server'
  /** The answer is not of the promised kind. */
  | 'bad_answer'
  /** Ended before it was whole: no finish_reason, a cut stream. */
  | 'truncated'
  /** It takes what it is sent and says nothing to it. */
  | 'silent'
  | 'first_output_timeout'
  | 'idle_timeout';

export interface ProviderErrorDetails {
  readonly stage: ProviderStage;
  readonly provider: string;
  readonly status?: number;
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** A provider failed us. Never thrown because we aborted: an abort throws the signal's reason. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError';
  readonly code: ProviderErrorCode;
  readonly stage: ProviderStage;
  readonly provider: string;
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;

  /** The message may be the server's own, but for a refused key: servers quote it, and messages are logged. */
  constructor(code: ProviderErrorCode, message: string, details: ProviderErrorDetails) {
    super(code === 'auth' ? `the key was refused (${details.status ?? 'no status'})` : message, {
      cause: details.cause,
    });
    this.code = code;
    this.stage = details.stage;
    this.provider = details.provider;
    this.status = details.status;
    this.retryAfterMs = details.retryAfterMs;
  }

  /** Whether another try, here or elsewhere, can come out differently. */
  get retryable(): boolean {
    return this.code !== 'auth' && this.code !== 'bad_request';
  }
}

/** The kind of failure that an HTTP status means. */
export function codeOfStatus(status: number): ProviderErrorCode {
  if (status === 401 || status === 403) return 'auth';
  if (status === 429) return 'rate_limit';
  if (status >= 400 && status < 500) return 'bad_request';
  return 'server';
}

/** What went wrong, in words, whatever was thrown. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The same for a log, with the code of a failure that has one. */
export function failureOf(error: unknown): { readonly code?: ProviderErrorCode; readonly failure: string } {
  const failure = errorText(error);
  return error instanceof ProviderError ? { code: error.code, failure } : { failure };
}

/** Whether an error of the system or of a driver has this `code`, such as `ENOENT`. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
