// What is sent over either version of HTTP, and what comes back.
import type { AnswerBody } from './answerBody.ts';

export interface HttpRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** An answer that stands still for so long is given up. A last resort only: whoever asks has deadlines of its own. */
export const SILENCE_MS_MAX = 120_000;

export interface HttpAnswer {
  readonly status: number;
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Read to its end, or cancelled: else it holds its connection. */
  readonly body: AnswerBody;
}

export function headersOf({ headers }: Pick<HttpAnswer, 'headers'>): Headers {
  const all = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(':')) continue;
    for (const one of [value ?? []].flat()) all.append(name, one);
  }
  return all;
}

/** As `fetch` gives it. */
export function responseOf(answer: HttpAnswer): Response {
  const { status, body } = answer;
  const hasBody = status !== 204 && status !== 205 && status !== 304;
  if (!hasBody) body.cancel();
  const readable = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const chunk = await body.read();
        if (chunk === undefined) controller.close();
        else controller.enqueue(chunk);
      },
      cancel: () => body.cancel(),
    },
    { highWaterMark: 0 },
  );
  return new Response(hasBody ? readable : null, { status, headers: headersOf(answer) });
}

/** As sockets and certificates have it: without the brackets of an IPv6 address. */
export function hostOf({ hostname }: URL): string {
  return hostname.replaceAll(/^\[|\]$/gu, '');
}
