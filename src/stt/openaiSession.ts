// One transcription session: a socket, the audio on its way to it, and the answers.
//
//   connecting --open--> configuring --session.updated--> ready --close or failure--> closed
//                         |      ^
//                         +------+ once, when the server refuses mu-law
import type { ClientRequest, IncomingMessage } from 'node:http';
import { WebSocket, type RawData } from 'ws';
import { BYTES_PER_MS } from '../audio/mulaw.ts';
import type { Clock, Timer } from '../base/clock.ts';
import { codeOfStatus, ProviderError, type ProviderErrorCode } from '../base/errors.ts';
import { AudioPieces } from './audioPieces.ts';
import type { AudioFormat } from './openai.ts';
import { PieceEncoder } from './pieceEncoder.ts';
import type { SttEvent, SttOptions, SttSession } from './port.ts';
import { parseRealtimeEvent, type Complaint, type RealtimeEvent } from './realtimeEvent.ts';
import { Utterances } from './utterances.ts';

export interface SessionSettings {
  readonly provider: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly audioFormat: AudioFormat;
  /** The server ends utterances by its own voice detection. */
  readonly commitsItself: boolean;
  readonly connectTimeoutMs: number;
  readonly readyTimeoutMs: number;
  readonly finalTimeoutMs: number;
  readonly pingIntervalMs: number;
  /** The `session` of a `session.update`. */
  readonly update: (stt: SttOptions, format: AudioFormat) => object;
}

/** Under 100 ms the server refuses a commit; there is no word in so little. */
const COMMIT_MS_MIN = 100;
/** What may wait in the socket: a server that is further behind isn't listening. */
const UNSENT_MS_MAX = 5_000;
/** For so long audio is dropped before the session is given up. */
const BLOCKED_MS_MAX = 5_000;
/** A transcript of the longest utterance with its log probabilities is far below it. */
const MESSAGE_BYTES_MAX = 1_048_576;
/** For a polite goodbye; then the socket is destroyed. */
const CLOSE_TIMEOUT_MS = 2_000;
/** Of a provider's message, for ours. */
const REASON_CHARS_MAX = 200;

type Phase = 'connecting' | 'configuring' | 'ready' | 'closed';

export class OpenAiSession implements SttSession {
  readonly #settings: SessionSettings;
  readonly #stt: SttOptions;
  readonly #listener: (event: SttEvent) => void;
  readonly #clock: Clock;
  readonly #socket: WebSocket;
  readonly #pieces: AudioPieces;
  #encoder: PieceEncoder | undefined;
  readonly #utterances: Utterances;
  readonly #finalTimers = new Map<number, Timer>();
  #phase: Phase = 'connecting';
  #format: AudioFormat;
  /** The deadline of the phase, then the next ping. */
  #timer: Timer;
  #updates = 0;
  #uncommittedMs = 0;
  #blockedSinceMs: number | undefined;
  #heardFrom = false;
  /** The last complaint that did not end the session: the likeliest reason for what fails next. */
  #complaint = '';

  constructor(settings: SessionSettings, stt: SttOptions, listener: (event: SttEvent) => void, clock: Clock) {
    this.#settings = settings;
    this.#stt = stt;
    this.#listener = listener;
    this.#clock = clock;
    this.#format = settings.audioFormat;
    this.#pieces = new AudioPieces((audioBytes) => this.#tell({ kind: 'dropped', audioBytes }));
    this.#utterances = new Utterances((event) => this.#onUtterance(event));
    this.#timer = clock.after(settings.connectTimeoutMs, () =>
      this.#fail('connect', 'no connection in time'),
    );
    const options = {
      headers: settings.headers,
      // Audio doesn't shrink.
      perMessageDeflate: false,
      handshakeTimeout: settings.connectTimeoutMs,
      maxPayload: MESSAGE_BYTES_MAX,
      closeTimeout: CLOSE_TIMEOUT_MS,
    };
    this.#socket = new WebSocket(settings.url, options);
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
    this.#socket.on('close', (code: number, reason: Buffer) =>
      this.#fail('truncated', `the connection was closed (${code} ${reason.toString()})`),
    );
  }

  push(mulaw: Uint8Array): void {
    if (this.#phase === 'closed') return;
    this.#pieces.push(mulaw);
    this.#sendQueued();
  }

  commit(): number {
    const number = this.#utterances.end();
    if (this.#phase === 'closed') return number;
    this.#pieces.mark(number);
    this.#sendQueued();
    return number;
  }

  close(): void {
    if (this.#phase === 'closed') return;
    this.#end();
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.close(1000);
    else this.#socket.terminate();
  }

  #onOpen(): void {
    if (this.#phase !== 'connecting') return;
    this.#phase = 'configuring';
    this.#timer.cancel();
    this.#timer = this.#clock.after(this.#settings.readyTimeoutMs, () =>
      this.#fail('first_output_timeout', 'the session was not accepted in time'),
    );
    this.#configure();
  }

  #configure(): void {
    this.#updates += 1;
    const session = this.#settings.update(this.#stt, this.#format);
    this.#send({ type: 'session.update', event_id: `update-${this.#updates}`, session });
  }

  #onMessage(data: RawData): void {
    if (this.#phase === 'closed') return;
    this.#heardFrom = true;
    // `ws` gives text as a Buffer unless told otherwise.
    this.#onEvent(parseRealtimeEvent((data as Buffer).toString()));
  }

  #onEvent(event: RealtimeEvent): void {
    switch (event.kind) {
      case 'sessionUpdated':
        return this.#onUpdated(event.inputFormat);
      case 'speechStarted':
        return this.#utterances.speechStarted(event.itemId);
      case 'speechStopped':
        return this.#utterances.speechStopped(event.itemId);
      case 'committed':
        return this.#utterances.committed(event.itemId);
      case 'delta':
        return this.#utterances.delta(event.itemId, event.text);
      case 'completed':
        return this.#utterances.completed(event.itemId, event.text);
      case 'itemFailed':
        return this.#utterances.completed(event.itemId, undefined);
      case 'error':
        return this.#onComplaint(event.complaint);
      case 'ignored':
      case 'malformed':
        return undefined;
      default:
        return event satisfies never;
    }
  }

  #onUpdated(inputFormat: string | undefined): void {
    if (this.#phase !== 'configuring') return;
    // A server that took the session but not the format would hear noise.
    if (inputFormat === 'audio/pcm') this.#format = 'pcm24';
    this.#phase = 'ready';
    this.#timer.cancel();
    this.#ping();
    this.#tell({ kind: 'ready' });
    this.#encoder = new PieceEncoder(this.#format);
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

  #sendQueued(): void {
    while (this.#phase === 'ready') {
      const next = this.#pieces.next();
      if (next === undefined) return;
      if (next.kind === 'mark') this.#sendCommit(next.number);
      else this.#sendAudio(next.mulaw, next.last);
    }
  }

  #sendAudio(mulaw: Uint8Array, last: boolean): void {
    const audioBytes = mulaw.length;
    // In base64: 10.7 bytes a millisecond, or 64.
    const unsentMax = UNSENT_MS_MAX * (this.#format === 'pcmu' ? 10.7 : 64);
    if (this.#socket.bufferedAmount > unsentMax) {
      this.#blockedSinceMs ??= this.#clock.nowMs();
      this.#tell({ kind: 'dropped', audioBytes });
      if (this.#clock.nowMs() - this.#blockedSinceMs > BLOCKED_MS_MAX) {
        this.#fail('idle_timeout', 'the server does not read');
      }
      return;
    }
    this.#blockedSinceMs = undefined;
    this.#uncommittedMs += audioBytes / BYTES_PER_MS;
    const base64 = this.#encoder?.encode(mulaw, last) ?? '';
    this.#socket.send(`{"type":"input_audio_buffer.append","audio":"${base64}"}`);
  }

  #sendCommit(number: number): void {
    const done =
      this.#uncommittedMs < COMMIT_MS_MIN ||
      (this.#settings.commitsItself && this.#utterances.closedBySilence(number));
    if (done) {
      // Not at once: who commits learns the number first.
      queueMicrotask(() => this.#utterances.settle(number));
      if (this.#uncommittedMs < COMMIT_MS_MIN) return;
    } else {
      this.#send({ type: 'input_audio_buffer.commit', event_id: `commit-${number}` });
    }
    this.#uncommittedMs = 0;
    const timer = this.#clock.after(this.#settings.finalTimeoutMs, () =>
      this.#fail('idle_timeout', 'no final words in time'),
    );
    this.#finalTimers.set(number, timer);
  }

  #onUtterance(event: SttEvent): void {
    if (event.kind === 'final') {
      this.#finalTimers.get(event.utterance)?.cancel();
      this.#finalTimers.delete(event.utterance);
    }
    this.#tell(event);
  }

  #onComplaint(complaint: Complaint): void {
    const commit = /^commit-(\d+)$/.exec(complaint.eventId ?? '');
    if (complaint.code === 'input_audio_buffer_commit_empty') {
      this.#utterances.refused(commit === null ? undefined : Number(commit[1]));
      return;
    }
    this.#complaint = `${complaint.code || complaint.type}: ${complaint.message}`.slice(0, REASON_CHARS_MAX);
    const code = codeOfComplaint(complaint);
    if (this.#phase === 'configuring') {
      const late = complaint.eventId !== undefined && complaint.eventId !== `update-${this.#updates}`;
      if (late) return;
      if (this.#format === 'pcmu' && isAboutFormat(complaint)) {
        this.#format = 'pcm24';
        this.#configure();
        return;
      }
      this.#fail(code, 'the session was refused');
    } else if (commit !== null || code === 'auth' || code === 'truncated') {
      this.#fail(code, 'the session was ended');
    }
  }

  #onRefused(request: ClientRequest, response: IncomingMessage): void {
    const status = response.statusCode ?? 0;
    const afterSeconds = Number(response.headers['retry-after'] ?? NaN);
    this.#fail(codeOfStatus(status), `the server answered ${status}`, {
      status,
      ...(Number.isFinite(afterSeconds) && { retryAfterMs: afterSeconds * 1_000 }),
    });
    request.destroy();
  }

  #onError(error: Error): void {
    this.#fail(this.#phase === 'connecting' ? 'connect' : 'truncated', error.message, { cause: error });
  }

  #fail(
    code: ProviderErrorCode,
    what: string,
    details: { readonly status?: number; readonly retryAfterMs?: number; readonly cause?: unknown } = {},
  ): void {
    if (this.#phase === 'closed') return;
    const reason = this.#complaint === '' ? what : `${what}; it said ${this.#complaint}`;
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
    for (const timer of this.#finalTimers.values()) timer.cancel();
    this.#finalTimers.clear();
    this.#pieces.clear();
  }

  #tell(event: SttEvent): void {
    if (this.#phase !== 'closed') this.#listener(event);
  }

  #send(event: object): void {
    this.#socket.send(JSON.stringify(event));
  }
}

function isAboutFormat(complaint: Complaint): boolean {
  return /format|pcmu|g711/i.test(`${complaint.param} ${complaint.message}`);
}

function codeOfComplaint({ code, type }: Complaint): ProviderErrorCode {
  const both = `${code} ${type}`;
  if (/session_expired/.test(both)) return 'truncated';
  if (/api_key|authentication|permission/.test(both)) return 'auth';
  if (/rate_limit|quota/.test(both)) return 'rate_limit';
  return /invalid_request|missing_model|invalid_model/.test(both) ? 'bad_request' : 'server';
}
