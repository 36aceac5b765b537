// A session's socket to its provider: connected in time, asked now and then whether somebody is there, given up when the
// server does not read, and ended once, with a reason.
import type { ClientRequest, IncomingMessage } from 'node:http';
import { WebSocket, type RawData } from 'ws';
import type { Clock, Timer } from '../base/clock.ts';
import { traceHeaders, type Span } from '../base/span.ts';
import { retryAfterMs } from '../base/retryAfter.ts';
import { codeOfStatus, ProviderError, type ProviderErrorCode } from '../base/errors.ts';

export interface ProviderSocketSettings {
  readonly provider: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly connectTimeoutMs: number;
  readonly readyTimeoutMs: number;
  readonly pingIntervalMs: number;
}

export interface ProviderSocketListener {
  onOpen(): void;
  onText(text: string): void;
  /** It is over; told once, and never after `close`. */
  onFailed(error: ProviderError): void;
  /** Audio that was not sent, because the server does not read. */
  onDropped(audioBytes: number): void;
  /** What is known of a failure besides `what`. */
  explain?(what: string): string;
  /** What a refused upgrade tells besides its status. */
  refusal?(response: IncomingMessage): string;
  /** What the reason of a closing says; else `truncated`. */
  codeOfClosing?(reason: string): ProviderErrorCode;
}

interface FailureDetails {
  readonly status?: number;
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** Of a provider's message, for ours. */
export const REASON_CHARS_MAX = 200;
/** What may wait in the socket: a server that is further behind isn't listening. */
const UNSENT_MS_MAX = 5_000;
/** For so long audio is dropped before the session is given up. */
const BLOCKED_MS_MAX = 5_000;
/** The words of the longest utterance, with their times or probabilities, are far below it. */
const MESSAGE_BYTES_MAX = 1_048_576;
/** For a polite goodbye; then the socket is destroyed. */
const CLOSE_TIMEOUT_MS = 2_000;

/** Below the server's base address, as a WebSocket's. `server`, for the `TypeError` when it is no web address: "Realtime". */
export function socketUrl(baseUrl: string, path: string, server: string): URL {
  const url = new URL(`${baseUrl.replace(/\/+$/, '')}/${path}`);
  if (url.protocol === 'http:') url.protocol = 'ws:';
  if (url.protocol === 'https:') url.protocol = 'wss:';
  if (url.protocol !== 'ws:' && url.protocol !== 'wss:') {
    throw new TypeError(`not the address of a ${server} server: ${url.protocol}`);
  }
  return url;
}

/** The same, with the header that tells the server whose it is. */
export function onBehalfOf<T extends ProviderSocketSettings>(span: Span | undefined, settings: T): T {
  return { ...settings, headers: { ...settings.headers, ...traceHeaders(span) } };
}

export class ProviderSocket {
  readonly #settings: ProviderSocketSettings;
  readonly #listener: ProviderSocketListener;
  readonly #clock: Clock;
  readonly #socket: WebSocket;
  #phase: 'connecting' | 'open' | 'over' = 'connecting';
  /** The deadline of the phase, then the next ping. */
  #timer: Timer;
  #blockedSinceMs: number | undefined;
  #heardFrom = false;

  constructor(url: URL, settings: ProviderSocketSettings, listener: ProviderSocketListener, clock: Clock) {
    this.#settings = settings;
    this.#listener = listener;
    this.#clock = clock;
    const { headers, connectTimeoutMs } = settings;
    this.#timer = clock.after(connectTimeoutMs, () => this.fail('connect', 'no connection in time'));
    const options = {
      headers,
      // Audio doesn't shrink.
      perMessageDeflate: false,
      handshakeTimeout: connectTimeoutMs,
      maxPayload: MESSAGE_BYTES_MAX,
      closeTimeout: CLOSE_TIMEOUT_MS,
    };
    this.#socket = new WebSocket(url, options);
    this.#socket.on('open', () => this.#onOpen());
    this.#socket.on('message', (data: RawData) => this.#onMessage(data));
    this.#socket.on('pong', () => {
      this.#heardFrom = true;
    });
    this.#socket.on('unexpected-response', (request: ClientRequest, response: IncomingMessage) =>
      this.#onRefused(request, response),
    );
    // Stays after the end: closing a socket that is connecting makes it report an error.
    this.#socket.on('error', (error: Error) =>
      this.fail(this.#phase === 'connecting' ? 'connect' : 'truncated', error.message, { cause: error }),
    );
    this.#socket.on('close', (code: number, reason: Buffer) => this.#onClosed(code, reason.toString()));
  }

  /** The server has to say within its time that it takes the session. */
  awaitReady(): void {
    this.#timer.cancel();
    this.#timer = this.#clock.after(this.#settings.readyTimeoutMs, () =>
      this.fail('first_output_timeout', 'the session was not accepted in time'),
    );
  }

  /** It does: from now on it is asked whether it is still there. */
  ready(): void {
    this.#timer.cancel();
    this.#ping();
  }

  send(message: string | Uint8Array): void {
    this.#socket.send(message);
  }

  /**
   * Whether `audioBytes` of the caller's may be sent, a millisecond of which takes `wireBytesPerMs` on the wire. What a
   * server does not read is dropped, and told; after a while the session is given up.
   */
  takes(audioBytes: number, wireBytesPerMs: number): boolean {
    if (this.#socket.bufferedAmount <= UNSENT_MS_MAX * wireBytesPerMs) {
      this.#blockedSinceMs = undefined;
      return true;
    }
    this.#blockedSinceMs ??= this.#clock.nowMs();
    this.#listener.onDropped(audioBytes);
    if (this.#clock.nowMs() - this.#blockedSinceMs > BLOCKED_MS_MAX) {
      this.fail('idle_timeout', 'the server does not read');
    }
    return false;
  }

  /** Nothing after the first end. */
  fail(code: ProviderErrorCode, what: string, details: FailureDetails = {}): void {
    if (this.#phase === 'over') return;
    this.#end();
    this.#socket.terminate();
    const reason = this.#listener.explain?.(what) ?? what;
    const { provider } = this.#settings;
    this.#listener.onFailed(new ProviderError(code, reason, { stage: 'stt', provider, ...details }));
  }

  /** `goodbye` is sent first, where somebody is there to read it. Idempotent. */
  close(goodbye?: string): void {
    if (this.#phase === 'over') return;
    this.#end();
    if (this.#socket.readyState === WebSocket.OPEN) {
      if (goodbye !== undefined) this.#socket.send(goodbye);
      this.#socket.close(1000);
    } else this.#socket.terminate();
  }

  #onOpen(): void {
    if (this.#phase !== 'connecting') return;
    this.#phase = 'open';
    this.#listener.onOpen();
  }

  #onMessage(data: RawData): void {
    if (this.#phase === 'over') return;
    this.#heardFrom = true;
    // `ws` gives text as a Buffer unless told otherwise.
    this.#listener.onText((data as Buffer).toString());
  }

  /** Asks whether the server is there; a connection can die without a word. */
  #ping(): void {
    this.#heardFrom = false;
    this.#socket.ping();
    this.#timer = this.#clock.after(this.#settings.pingIntervalMs, () => {
      if (this.#heardFrom) this.#ping();
      else this.fail('idle_timeout', 'no answer to a ping');
    });
  }

  #onRefused(request: ClientRequest, response: IncomingMessage): void {
    const status = response.statusCode ?? 0;
    const get = (name: string): string | null => String(response.headers[name] ?? '') || null;
    const afterMs = retryAfterMs({ get }, this.#clock.wallMs());
    const said = this.#listener.refusal?.(response) ?? '';
    this.fail(codeOfStatus(status), `the server answered ${status}${said}`, {
      status,
      ...(afterMs !== undefined && { retryAfterMs: afterMs }),
    });
    request.destroy();
  }

  #onClosed(code: number, reason: string): void {
    this.fail(
      this.#listener.codeOfClosing?.(reason) ?? 'truncated',
      `the connection was closed (${code} ${reason})`,
    );
  }

  #end(): void {
    this.#phase = 'over';
    this.#timer.cancel();
  }
}
