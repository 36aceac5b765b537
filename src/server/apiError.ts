// The one form of an error on the way out.
import type { FastifyReply } from 'fastify';
import type { ServerMetrics } from './options.ts';

/** Thrown by a route to answer with a status; the message is for the one who asked and holds no secret. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: string;
  /** When to come back, if that is known. */
  readonly retryAfterMs: number | undefined;

  constructor(status: number, code: string, message: string, retryAfterMs?: number) {
    super(message);
    this.status = status;
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

export interface ErrorBody {
  readonly error: { readonly code: string; readonly message: string };
}

export function errorBody(code: string, message: string): ErrorBody {
  return { error: { code, message } };
}

const BODY_ERRORS: Readonly<Record<number, readonly [code: string, message: string]>> = {
  413: ['body_too_large', 'the body is too large'],
  415: ['unsupported_media_type', 'this content type is not taken here'],
};

/**
 * Answers an error that is the client's own: one that a route threw, or one of the framework's
 * about the body, which is counted. Answers false for any other: that one is ours.
 */
export function answerRefusal(error: unknown, reply: FastifyReply, metrics: ServerMetrics): boolean {
  if (error instanceof ApiError) {
    const { retryAfterMs } = error;
    if (retryAfterMs !== undefined) void reply.header('retry-after', Math.ceil(retryAfterMs / 1_000));
    void reply.code(error.status).send(errorBody(error.code, error.message));
    return true;
  }
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  if (typeof status !== 'number' || status < 400 || status >= 500) return false;
  // A client that went away in the middle was not refused.
  if (!(error instanceof Error && 'code' in error && error.code === 'ECONNRESET')) metrics.rejected('body');
  // Not the framework's own message: it may quote the body.
  const [code, message] = BODY_ERRORS[status] ?? ['bad_request', 'the body is not well formed'];
  void reply.code(status).send(errorBody(code, message));
  return true;
}
