// One session with Deepgram, in whichever dialect: a socket, the audio on its way to it, and the answers.
//
//   connecting --open--> greeted --ready--> ready --close or failure--> closed
import type { ClientRequest, IncomingMessage } from 'node:http';
import { WebSocket, type RawData } from 'ws';
import { BYTES_PER_MS, silence } from '../audio/mulaw.ts';
import type { Clock, Timer } from '../base/clock.ts';
import { codeOfStatus, ProviderError, type ProviderErrorCode } from '../base/errors.ts';
import { AudioPieces } from './audioPieces.ts';
import type { SttEvent, SttSession } from './port.ts';
import type { Dialect, Heard, Transcription } from './transcription.ts';

export interface DeepgramSettings {
  readonly provider: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly dialect: Dialect;
  readonly connectTimeoutMs: number;
  readonly readyTimeoutMs: number;
  readonly pingIntervalMs: number;
}

/** What may wait in the socket: a server that is further behind isn't listening. */
const UNSENT_MS_MAX = 5_000;
/** For so long audio is dropped before the session is given up. */
const BLOCKED_MS_MAX = 5_000;
/** The words of a turn with their times are far below it. */
const MESSAGE_BYTES_MAX = 1_048_576;
/** For a polite goodbye; then the socket is destroyed. */
const CLOSE_TIMEOUT_MS = 2_000;
/** Of the provider's message, for ours. */
const REASON_CHARS_MAX = 200;
const KEEP_ALIVE = '{"type":"KeepAlive"}';
/** Nothing more is wanted: the server stops counting the time. */
const CLOSE_STREAM = '{"type":"CloseStream"}';

type Phase = 'connecting' | 'greeted' | 'ready' | 'closed';

export class DeepgramSession implements SttSession {
  readonly #settings: DeepgramSettings;
  readonly #listener: (event: SttEvent) => void;
  readonly #clock: Clock;
  readonly #socket: WebSocket;
  readonly #pieces: AudioPieces;
  readonly #transcription: Transcription;
  readonly #answerTimers = new Map<number, Timer>();
  #phase: Phase = 'connecting';
  /** The deadline of the phase, then the next ping. */
  #timer: Timer;
  #idleTimer: Timer | undefined;
  #sentMs = 0;
  /** Of it, before the last question for final words. */
  #askedMs = 0;
  #sentSinceIdle = false;
  #blockedSinceMs: number | undefined;
  #heardFrom = false;

  constructor(url: URL, settings: DeepgramSettings, listener: (event: SttEvent) => void, clock: Clock) {
    this.#settings = settings;
    this.#listener = listener;
    this.#clock = clock;
    const { dialect, connectTimeoutMs } = settings;
    this.#pieces = new AudioPieces(
      (audioBytes) => this.#tell({ kind: 'dropped', audioBytes }),
      dialect.pieceMs,
    );
    this.#transcription = dialect.open((event) => this.#onWords(event));
    this.#timer = clock.after(connectTimeoutMs, () => this.#fail('connect', 'no connection in time'));
    const options = {
      headers: settings.headers,
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
    this.#socket.on('error', (error: Error) => this.#onError(error));
    this.#socket.on('close', (code: number, reason: Buffer) => this.#onClosed(code, reason.toString()));
  }

  push(mulaw: Uint8Array): void {
    if (this.#phase === 'closed') return;
    this.#pieces.push(mulaw);
    this.#sendQueued();
  }

  commit(): number {
    const number = this.#transcription.end();
    if (this.#phase === 'closed') return number;
    this.#pieces.mark(number);
    this.#sendQueued();
    return number;
  }

  close(): void {
    if (this.#phase === 'closed') return;
    this.#end();
    if (this.#socket.readyState === WebSocket.OPEN) {
      this.#socket.send(CLOSE_STREAM);
      this.#socket.close(1000);
    } else this.#socket.terminate();
  }

  #onOpen(): void {
    if (this.#phase !== 'connecting') return;
    this.#phase = 'greeted';
    if (!this.#settings.dialect.greets) {
      this.#onReady();
      return;
    }
    this.#timer.cancel();
    this.#timer = this.#clock.after(this.#settings.readyTimeoutMs, () =>
      this.#fail('first_output_timeout', 'the session was not accepted in time'),
    );
  }

  #onMessage(data: RawData): void {
    if (this.#phase === 'closed') return;
    this.#heardFrom = true;
    // `ws` gives text as a Buffer unless told otherwise.
    this.#onHeard(this.#transcription.hear((data as Buffer).toString()));
  }

  #onHeard(heard: Heard): void {
    switch (heard.kind) {
      case 'nothing':
        return undefined;
      case 'ready':
        return this.#onReady();
      case 'error': {
        const { code, description } = heard;
        const said = `${code}: ${description}`.slice(0, REASON_CHARS_MAX);
        return this.#fail(codeOfComplaint(code), `the session was ended; it said ${said}`);
      }
      default:
        return heard satisfies never;
    }
  }

  #onReady(): void {
    if (this.#phase !== 'greeted') return;
    this.#phase = 'ready';
    this.#timer.cancel();
    this.#ping();
    this.#keepAlive();
    this.#tell({ kind: 'ready' });
    this.#sendQueued();
  }

  /** Asks whether the server is there; a connection can die without a word. */
  #ping(): void {
    this.#heardFrom = false;
    this.#socket.ping();
    this.#timer = this.#clock.after(this.#settings.pingIntervalMs, () => {
      if (this.#heardFrom) this.#ping();
      else this.#fail('idle_timeout', 'no answer to a ping');
    });
  }

  /** A phone that rings, or a carrier that pauses, sends no audio. */
  #keepAlive(): void {
    const { afterMs, send } = this.#settings.dialect.idle;
    this.#sentSinceIdle = false;
    this.#idleTimer = this.#clock.after(afterMs, () => {
      if (!this.#sentSinceIdle) {
        if (send === 'keepAlive') this.#socket.send(KEEP_ALIVE);
        else this.#sendAudio(silence(afterMs));
      }
      if (this.#phase === 'ready') this.#keepAlive();
    });
  }

  #sendQueued(): void {
    while (this.#phase === 'ready') {
      const next = this.#pieces.next();
      if (next === undefined) return;
      if (next.kind === 'mark') this.#ask(next.number);
      else this.#sendAudio(next.mulaw);
    }
  }

  #sendAudio(mulaw: Uint8Array): void {
    // An empty message would close the stream.
    if (mulaw.length === 0) return;
    if (this.#socket.bufferedAmount > UNSENT_MS_MAX * BYTES_PER_MS) {
      this.#blockedSinceMs ??= this.#clock.nowMs();
      this.#tell({ kind: 'dropped', audioBytes: mulaw.length });
      if (this.#clock.nowMs() - this.#blockedSinceMs > BLOCKED_MS_MAX) {
        this.#fail('idle_timeout', 'the server does not read');
      }
      return;
    }
    this.#blockedSinceMs = undefined;
    this.#sentSinceIdle = true;
    this.#sentMs += mulaw.length / BYTES_PER_MS;
    this.#socket.send(mulaw);
  }

  #ask(number: number): void {
    if (this.#sentMs === this.#askedMs) {
      // Not at once: who commits learns the number first.
      queueMicrotask(() => this.#transcription.settle(number));
    } else {
      this.#socket.send(this.#settings.dialect.endMessage);
    }
    this.#askedMs = this.#sentMs;
    this.#answerTimers.set(
      number,
      this.#clock.after(this.#settings.dialect.answerMs, () => this.#transcription.settle(number)),
    );
    this.#transcription.asked(number, this.#sentMs);
  }

  #onWords(event: SttEvent): void {
    if (event.kind === 'final') {
      this.#answerTimers.get(event.utterance)?.cancel();
      this.#answerTimers.delete(event.utterance);
    }
    this.#tell(event);
  }

  #onRefused(request: ClientRequest, response: IncomingMessage): void {
    const status = response.statusCode ?? 0;
    const afterSeconds = Number(response.headers['retry-after'] ?? NaN);
    // Deepgram tells the reason in a header, and an id for its support.
    const reason = [response.headers['dg-error'], response.headers['dg-request-id']].flat().filter(Boolean);
    const said = reason.length === 0 ? '' : `: ${reason.join(', request ').slice(0, REASON_CHARS_MAX)}`;
    this.#fail(codeOfStatus(status), `the server answered ${status}${said}`, {
      status,
      ...(Number.isFinite(afterSeconds) && { retryAfterMs: afterSeconds * 1_000 }),
    });
    request.destroy();
  }

  #onError(error: Error): void {
    this.#fail(this.#phase === 'connecting' ? 'connect' : 'truncated', error.message, { cause: error });
  }

  /** What goes wrong after the upgrade is told as the reason of the closing, such as `DATA-0000`. */
  #onClosed(code: number, reason: string): void {
    this.#fail(
      reason.includes('DATA-') ? 'bad_request' : 'truncated',
      `the connection was closed (${code} ${reason})`,
    );
  }

  #fail(
    code: ProviderErrorCode,
    reason: string,
    details: { readonly status?: number; readonly retryAfterMs?: number; readonly cause?: unknown } = {},
  ): void {
    if (this.#phase === 'closed') return;
    this.#end();
    this.#socket.terminate();
    const { provider } = this.#settings;
    this.#listener({
      kind: 'failed',
      error: new ProviderError(code, reason, { stage: 'stt', provider, ...details }),
    });
  }

  #end(): void {
    this.#phase = 'closed';
    this.#timer.cancel();
    this.#idleTimer?.cancel();
    for (const timer of this.#answerTimers.values()) timer.cancel();
    this.#answerTimers.clear();
    this.#pieces.clear();
  }

  #tell(event: SttEvent): void {
    if (this.#phase !== 'closed') this.#listener(event);
  }
}

function codeOfComplaint(code: string): ProviderErrorCode {
  if (/AUTH|PERMISSION|CREDENTIAL/iu.test(code)) return 'auth';
  if (/RATE|QUOTA|TOO_MANY/iu.test(code)) return 'rate_limit';
  return /INVALID|UNPARSABLE|BAD_|DATA-|UNSUPPORTED/iu.test(code) ? 'bad_request' : 'server';
}
