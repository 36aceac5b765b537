// The `openai` package for whoever speaks OpenAI's HTTP: its address, key, headers and errors, over our own connections.
import OpenAI, { APIError } from 'openai';
import type { HttpPool } from './httpPool.ts';
import { headersOf, type HttpAnswer } from './httpRequest.ts';
import { parseJson } from './json.ts';

export interface OpenaiAddress {
  /** Up to and including the version, such as `https://api.openai.com/v1`. */
  readonly baseUrl: string;
  /** Without one no `Authorization` is sent: local servers need none. */
  readonly apiKey: string | undefined;
}

/** A refusal that is longer has no message that anybody reads. */
const REFUSAL_CHARS_MAX = 64 * 1_024;
const LOCATION_CHARS_MAX = 200;

export function openaiClient({ baseUrl, apiKey }: OpenaiAddress, http: HttpPool): OpenAI {
  return new OpenAI({
    baseURL: baseUrl,
    // The client insists on a key, but not on sending it.
    apiKey: apiKey ?? 'none',
    ...(apiKey === undefined && { defaultHeaders: { authorization: null } }),
    // Given, so that it does not look for them in the environment.
    adminAPIKey: null,
    organization: null,
    project: null,
    webhookSecret: null,
    logLevel: 'off',
    maxRetries: 0,
    fetch: (input, init) => http.repeatableFetch(input instanceof Request ? input.url : input, init),
  });
}

interface Sendable {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Posts of JSON to one path, as the package makes them. It is asked once what it would send, since address and headers are
 * the same each time; its own way from there to the socket took 0.6 ms a request and some promises, of which a turn waits
 * for two. A body that is sent goes out before `send` returns, if a connection is idle.
 */
export class OpenaiPost {
  readonly #http: Pick<HttpPool, 'ask'>;
  readonly #made: Promise<Sendable>;
  #ready: Sendable | undefined;

  constructor(client: OpenAI, path: string, accept: string, http: Pick<HttpPool, 'ask'>) {
    this.#http = http;
    this.#made = client
      .buildRequest({ method: 'post', path, body: {}, headers: { Accept: accept } })
      .then(({ req, url }) => {
        const headers = Object.fromEntries(new Headers(req.headers));
        return (this.#ready = { url: new URL(url), headers });
      });
    // Whoever sends is told.
    this.#made.catch(() => undefined);
  }

  /**
   * Answers with a status of 2xx. Throws the package's `APIError` for any other, and what `HttpPool.ask` does when there is
   * no answer.
   */
  async send(
    body: object,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    const made = this.#ready ?? (await this.#made);
    const answer = await this.#http.ask(made.url, {
      method: 'POST',
      headers: { ...made.headers, ...headers },
      body: JSON.stringify(body),
      signal,
    });
    if (answer.status >= 200 && answer.status < 300) return answer;
    throw await refusalOf(answer);
  }
}

/** As the package makes it of what the server says. */
async function refusalOf(answer: HttpAnswer): Promise<APIError> {
  const headers = headersOf(answer);
  const text = await answer.body.text(REFUSAL_CHARS_MAX);
  const moved = redirected(answer);
  if (moved !== undefined) return APIError.generate(answer.status, undefined, moved, headers);
  const parsed: unknown = parseJson(text);
  return typeof parsed === 'object' && parsed !== null
    ? APIError.generate(answer.status, parsed, undefined, headers)
    : APIError.generate(answer.status, undefined, text, headers);
}

/** Each request would go both ways: whoever configures it is told where it leads instead. */
function redirected({ status, headers }: HttpAnswer): string | undefined {
  if (status < 300 || status > 399 || typeof headers['location'] !== 'string') return undefined;
  return `redirected to ${headers['location'].slice(0, LOCATION_CHARS_MAX)}, which is not followed: baseUrl should name it`;
}
