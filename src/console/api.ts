// The gateway's API from the page: one way to ask, one form of failure.
import { access, credentials } from './session.ts';

/** A refusal or a failure, with words for the operator. */
export class ApiFailure extends Error {
  override readonly name = 'ApiFailure';
  /** 0: there was no answer at all. */
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** The whole address of something below the gateway's own, wherever a proxy has put it. */
export function addressOf(path: string): URL {
  return new URL(`..${path}`, document.baseURI);
}

/** The answer's body. Throws `ApiFailure`; a 401 also asks for the token again. */
export async function ask<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await send('GET', path, undefined, { signal })).json();
}

/** Has the gateway do something; answers its word on it. Throws `ApiFailure`. */
export async function tell<T>(method: 'POST' | 'PATCH', path: string, body?: unknown): Promise<T> {
  return (await send(method, path, body)).json();
}

export interface SendOptions {
  readonly signal?: AbortSignal | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** It goes out even if the page goes away meanwhile; then nobody hears the answer. */
  readonly keepalive?: boolean;
}

/** The response itself, once its status is good. Throws `ApiFailure`. */
export async function send(
  method: string,
  path: string,
  body?: unknown,
  { signal, headers: more = {}, keepalive = false }: SendOptions = {},
): Promise<Response> {
  const headers: Record<string, string> = { ...credentials(), ...more };
  if (body !== undefined) headers['content-type'] = 'application/json';
  const response = await fetch(addressOf(path), {
    method,
    headers,
    body: body === undefined ? null : JSON.stringify(body),
    keepalive,
    ...(signal === undefined ? {} : { signal }),
  }).catch((error: unknown) => {
    signal?.throwIfAborted();
    throw new ApiFailure(0, 'unreachable', `The gateway does not answer (${String(error)}).`);
  });
  if (response.ok) return response;
  if (response.status === 401) access.set({ kind: 'wanted', refused: false });
  throw await failureOf(response);
}

async function failureOf(response: Response): Promise<ApiFailure> {
  const fallback = `The gateway answered ${response.status}.`;
  try {
    const { error } = (await response.json()) as {
      readonly error?: { readonly code?: string; readonly message?: string };
    };
    return new ApiFailure(response.status, error?.code ?? 'unknown', error?.message ?? fallback);
  } catch {
    return new ApiFailure(response.status, 'unknown', fallback);
  }
}

/** A sentence for what was thrown. */
export function failureText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
