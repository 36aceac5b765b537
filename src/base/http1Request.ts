// One request over HTTP/1.1, on undici's connections. undici's own `fetch` does much for pages that a provider's request has
// no need of, and its `request` makes a stream of every body; this passes on what the parser finds.
import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { AnswerBody } from './answerBody.ts';
import type { HttpAnswer, HttpRequest } from './httpRequest.ts';

/**
 * Sent before this returns when a connection is idle. Rejects with the signal's reason, or a `TypeError` whose cause says what
 * happened, as `fetch` does. A redirection is answered, not followed.
 */
export function requestBy(dispatcher: Dispatcher, url: URL, request: HttpRequest): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const { method, headers, body = null, signal } = request;
    if (signal?.aborted === true) {
      reject(signal.reason);
      return;
    }
    const exchange = new Exchange(signal, resolve, reject);
    const { origin, pathname, search } = url;
    try {
      dispatcher.dispatch({ origin, path: `${pathname}${search}`, method, headers, body }, exchange);
    } catch (error) {
      exchange.failed(error);
    }
  });
}

class Exchange implements Dispatcher.DispatchHandler {
  readonly #signal: AbortSignal | undefined;
  readonly #resolve: (answer: HttpAnswer) => void;
  readonly #reject: (error: unknown) => void;
  #controller: Dispatcher.DispatchController | undefined;
  #body: AnswerBody | undefined;

  constructor(
    signal: AbortSignal | undefined,
    resolve: (answer: HttpAnswer) => void,
    reject: (error: unknown) => void,
  ) {
    this.#signal = signal;
    this.#resolve = resolve;
    this.#reject = reject;
    signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#signal?.aborted === true) this.#stop();
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    // Said on the way to the answer.
    if (status < 200) return;
    this.#body = new AnswerBody({
      pause: () => controller.pause(),
      resume: () => controller.resume(),
      cancel: () => this.#stop(),
    });
    this.#resolve({ status, headers, body: this.#body });
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#body?.push(chunk);
  }

  onResponseEnd(): void {
    this.#forget();
    this.#body?.end();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.failed(error);
  }

  failed(error: unknown): void {
    this.#forget();
    this.#body?.fail(new TypeError('terminated', { cause: error }));
    this.#reject(new TypeError('fetch failed', { cause: error }));
  }

  /** At once: the connection's own end comes a moment later. */
  readonly #onAbort = (): void => {
    const reason: unknown = this.#signal?.reason;
    this.#body?.fail(reason);
    this.#reject(reason);
    this.#stop();
  };

  #stop(): void {
    this.#forget();
    this.#controller?.abort(new Error('the answer is not wanted any more'));
  }

  #forget(): void {
    this.#signal?.removeEventListener('abort', this.#onAbort);
  }
}
