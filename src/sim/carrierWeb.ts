// The carrier's requests to the gateway: signed over the public address, sent to the loopback one.
// https://www.twilio.com/docs/usage/webhooks
import { getExpectedTwilioSignature } from 'twilio/lib/webhooks/webhooks.js';
import type { Clock } from '../base/clock.ts';
import { errorText } from '../base/errors.ts';
import type { CarrierRoutes } from './carrierRoutes.ts';
import type { HttpMethod } from './carrierTwiml.ts';

export interface CarrierWebOptions {
  readonly authToken: string;
  readonly clock: Clock;
  /** From public addresses to what is really dialled. */
  readonly routes: CarrierRoutes;
}

export type WebAnswer =
  | { readonly ok: true; readonly contentType: string; readonly body: string }
  | { readonly ok: false; readonly code: number; readonly message: string };

/** One request that was made, for a test to look at. */
export interface WebRequest {
  readonly atMs: number;
  readonly url: string;
  readonly method: HttpMethod;
  readonly parameters: Readonly<Record<string, string>>;
  /** Of the answer; undefined when there was none. */
  readonly status: number | undefined;
}

/** Twilio gives up on a webhook after this. */
export const WEBHOOK_TIMEOUT_MS = 15_000;
/** The answer was not a 2xx. */
const HTTP_RETRIEVAL_FAILURE = 11_200;
/** No connection, or no answer in time. */
const HTTP_CONNECTION_FAILURE = 11_205;
const ANSWER_TOO_LARGE = 11_750;
/** Twilio reads no more of a TwiML document. */
const ANSWER_CHARS_MAX = 65_536;
const REQUESTS_KEPT_MAX = 10_000;

export class CarrierWeb {
  readonly #options: CarrierWebOptions;
  readonly #requests: WebRequest[] = [];
  readonly #closing = new AbortController();

  constructor(options: CarrierWebOptions) {
    this.#options = options;
  }

  /** The first REQUESTS_KEPT_MAX of them, in the order of their answers. */
  get requests(): readonly WebRequest[] {
    return this.#requests;
  }

  /** Never throws: what goes wrong comes with Twilio's number. `signal` gives up early. */
  async request(
    url: string,
    method: HttpMethod,
    parameters: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<WebAnswer> {
    const { clock } = this.#options;
    const late = new AbortController();
    const timer = clock.after(WEBHOOK_TIMEOUT_MS, () => late.abort(new Error('no answer within 15 s')));
    let status: number | undefined;
    try {
      const given = AbortSignal.any([signal, late.signal, this.#closing.signal]);
      const response = await this.#fetch(url, method, parameters, given);
      status = response.status;
      const body = await response.text();
      if (!response.ok) return failure(HTTP_RETRIEVAL_FAILURE, `${url} answered ${status}`);
      if (body.length > ANSWER_CHARS_MAX) {
        return failure(ANSWER_TOO_LARGE, `${url} answered ${body.length} characters`);
      }
      return { ok: true, contentType: response.headers.get('content-type') ?? '', body };
    } catch (error) {
      return failure(HTTP_CONNECTION_FAILURE, `${url}: ${reasonOf(error)}`);
    } finally {
      timer.cancel();
      if (this.#requests.length < REQUESTS_KEPT_MAX) {
        this.#requests.push({ atMs: clock.nowMs(), url, method, parameters, status });
      }
    }
  }

  /** Where a `wss:` address of the TwiML is really dialled, and its signature. */
  socketAddress(url: string): { readonly address: string; readonly signature: string } {
    const signed = withoutFragment(url);
    return { address: this.#options.routes.first(signed), signature: this.#signature(signed, {}) };
  }

  /** Gives up what is under way; later requests fail at once. */
  close(): void {
    this.#closing.abort(new Error('the carrier is closed'));
  }

  async #fetch(
    url: string,
    method: HttpMethod,
    parameters: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<Response> {
    const form = new URLSearchParams(parameters).toString();
    const given = withoutFragment(url);
    const posted = method === 'POST';
    const signed = posted ? given : `${given}${given.includes('?') ? '&' : '?'}${form}`;
    const init: RequestInit = {
      method,
      headers: {
        'x-twilio-signature': this.#signature(signed, posted ? parameters : {}),
        'user-agent': 'TwilioProxy/1.1',
        ...(posted ? { 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8' } : {}),
      },
      ...(posted ? { body: form } : {}),
      redirect: 'manual',
      signal,
    };
    const [first = signed, ...others] = await this.#options.routes.candidates(signed);
    return fetchFirst(first, others, init);
  }

  #signature(url: string, parameters: Readonly<Record<string, string>>): string {
    return getExpectedTwilioSignature(this.#options.authToken, url, parameters);
  }
}

/** A balancer asks the next when nobody listens, or says that it takes nothing now; never when a request may have arrived. */
async function fetchFirst(address: string, others: readonly string[], init: RequestInit): Promise<Response> {
  const [next, ...rest] = others;
  if (next === undefined) return fetch(address, init);
  try {
    const response = await fetch(address, init);
    if (response.status !== 503) return response;
    await response.arrayBuffer();
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED')) throw error;
  }
  return fetchFirst(next, rest, init);
}

/** Overrides such as `#rc=2` are Twilio's own: neither sent nor signed. */
function withoutFragment(url: string): string {
  const [address = ''] = url.split('#', 1);
  return address;
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause === undefined ? errorText(error) : `${errorText(error)} (${errorText(cause)})`;
}

function failure(code: number, message: string): WebAnswer {
  return { ok: false, code, message };
}
