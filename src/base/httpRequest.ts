// What a provider is sent over either version of HTTP.

export interface HttpRequest {
  readonly method: string;
  readonly headers: Headers;
  readonly body?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Of an answer that nobody reads so much is taken, and the server waits with the rest. */
export const UNREAD_BYTES_MAX = 256 * 1_024;
