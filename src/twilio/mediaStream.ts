// One media stream: owns Twilio's socket, turns its messages into calls on a listener and ours into
// its messages. Knows nothing of calls, tokens or what the sound means.
import type { RawData } from 'ws';
import type { Clock, Timer } from '../base/clock.ts';
import { formatClear, formatMark, formatMedia, parseInbound, MESSAGE_CHARS_MAX } from './frame.ts';
import type { FrameFailure, InboundFrame, MediaFrame, StreamStart } from './frame.ts';

/** Refused messages after which the other end can't be Twilio: the stream is closed with 1008. */
export const REFUSED_MAX = 100;
/** Held between the start and `listen`: five seconds of frames. Over it nobody is coming, and the stream is closed. */
export const HELD_MAX = 250;
/** A closing handshake that takes longer is cut. */
const CLOSE_WITHIN_MS = 2_000;
/** After `stop` Twilio closes the socket itself; closing first shows as error 31921 in its console. */
const CLOSE_AFTER_STOP_MS = 2_000;

const POLICY_VIOLATION = 1008;
const INTERNAL_ERROR = 1011;

/** What a stream needs of a WebSocket; `ws`'s own is one. */
export interface StreamSocket {
  on(event: 'message', listener: (data: RawData, isBinary: boolean) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'close', listener: () => void): unknown;
  send(text: string): void;
  close(code?: number, reason?: string): void;
  terminate(): void;
  readonly bufferedAmount: number;
  readonly readyState: number;
  readonly OPEN: number;
  readonly CLOSED: number;
}

export interface MediaStreamOptions {
  /** A `start` is due within this; then the socket is closed. */
  readonly startWithinMs: number;
  /** Unsent bytes above which the peer counts as not reading, and is cut. */
  readonly bufferedBytesMax: number;
}

export type StreamEnd = 'stop' | 'closed' | 'error' | 'too_slow';

export type MessageRefusal = FrameFailure | 'binary' | 'before_start' | 'second_start';

/** What became of the wait for `start`. */
export type StreamOpening =
  | { readonly kind: 'started'; readonly start: StreamStart }
  | { readonly kind: 'ended'; readonly reason: StreamEnd | 'start_timeout' };

export interface MediaStreamListener {
  /** The caller's sound, 8 kHz mu-law; `timestampMs` counts from the start of the stream. */
  onMedia(mulaw: Uint8Array, timestampMs: number): void;
  /** Played up to this mark, or flushed if it was cleared. */
  onMark(name: string): void;
  onDtmf(digit: string): void;
  /** Twilio said stop, or the socket closed or failed: exactly once, last. */
  onEnded(reason: StreamEnd): void;
  /** A message that was not understood and passed over; those before `listen` are told too. */
  onRefused(failure: MessageRefusal): void;
}

type Held = (
  | { readonly kind: 'frame'; readonly frame: InboundFrame }
  | { readonly kind: 'refused'; readonly failure: MessageRefusal }
) & { readonly text: string | undefined };

/** What a stream knows that nobody has listened to yet. */
export interface StreamSoFar {
  /** Messages that wait for `listen`; undefined for one that was no text. */
  readonly waiting: readonly (string | undefined)[];
  readonly ended: StreamEnd | undefined;
}

/** What the other end of a stream did. */
export type StreamNews =
  /** A message, before it was looked at; undefined when it was no text. */
  | { readonly kind: 'message'; readonly text: string | undefined }
  | { readonly kind: 'failed'; readonly code: string }
  | { readonly kind: 'closed' };

/** Who stands between a stream and its socket. */
export interface StreamTap {
  /** `deal` has to be called once, now or soon, and in the order in which the news came. */
  onNews(news: StreamNews, deal: () => void): void;
  /** Before it is sent. */
  onSent(text: string): void;
  /** Something was not sent: the socket is closing, or its other end does not read. */
  onUnsent(why: 'closing' | 'full'): void;
}

export class MediaStream {
  /** Resolves once with the start, or with why there was none. Never rejects. */
  readonly started: Promise<StreamOpening>;
  readonly #socket: StreamSocket;
  readonly #options: MediaStreamOptions;
  readonly #clock: Clock;
  readonly #held: Held[] = [];
  #resolveStarted: (opening: StreamOpening) => void = () => undefined;
  #startTimer: Timer | undefined;
  #closeTimer: Timer | undefined;
  #start: StreamStart | undefined;
  #listener: MediaStreamListener | undefined;
  #tap: StreamTap | undefined;
  /** The message that is being dealt with. */
  #text: string | undefined;
  #ended: StreamEnd | undefined;
  /** Set when we have begun to close: what still comes in is of no interest. */
  #closing = false;
  #lastChunk = 0;
  #missedChunks = 0;
  #refusedMessages = 0;

  constructor(socket: StreamSocket, options: MediaStreamOptions, clock: Clock) {
    this.#socket = socket;
    this.#options = options;
    this.#clock = clock;
    this.started = new Promise((resolve) => {
      this.#resolveStarted = resolve;
    });
    this.#startTimer = clock.after(options.startWithinMs, () => this.#onStartTimeout());
    socket.on('message', (data, isBinary) => this.#onData(data, isBinary));
    socket.on('error', (error) =>
      this.#hear({ kind: 'failed', code: codeOf(error) }, () => this.#onSocketError(error)),
    );
    socket.on('close', () => this.#hear({ kind: 'closed' }, () => this.#onSocketClose()));
  }

  /** Empty before the start. */
  get streamSid(): string {
    return this.#start?.streamSid ?? '';
  }

  /** Bytes handed over and not yet taken by the network. */
  get bufferedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  /** Messages that were not understood, since the beginning. */
  get refusedMessages(): number {
    return this.#refusedMessages;
  }

  /** Media messages that the numbering says were sent and that never came. */
  get missedChunks(): number {
    return this.#missedChunks;
  }

  /** Once, after the start. What came in between is told first, in order, before this returns. */
  listen(listener: MediaStreamListener): void {
    this.#listener = listener;
    for (const held of this.#held.splice(0)) {
      if (held.kind === 'refused') listener.onRefused(held.failure);
      else tell(listener, held.frame);
    }
    if (this.#ended !== undefined) listener.onEnded(this.#ended);
  }

  /** From now on `tap` stands between. */
  tap(tap: StreamTap): StreamSoFar {
    this.#tap = tap;
    return { waiting: this.#held.map(({ text }) => text), ended: this.#ended };
  }

  /** 8 kHz mu-law of any length. Nothing is sent before the start or after the end. */
  sendMedia(mulaw: Uint8Array): void {
    if (this.#writable()) this.#send(formatMedia(this.streamSid, mulaw));
  }

  /** Comes back by `onMark` when what was sent before it has been played, or is cleared. */
  sendMark(name: string): void {
    if (this.#writable()) this.#send(formatMark(this.streamSid, name));
  }

  /** Empties what Twilio holds; the marks in it come back at once. */
  sendClear(): void {
    if (this.#writable()) this.#send(formatClear(this.streamSid));
  }

  /** Closes the socket; `onEnded('closed')` follows when it is closed, within two seconds. Idempotent. */
  close(code = 1000, reason = ''): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#startTimer?.cancel();
    this.#socket.close(code, reason);
    this.#cutAfter(CLOSE_WITHIN_MS);
  }

  #writable(): boolean {
    const socket = this.#socket;
    if (this.#start === undefined || this.#ended !== undefined || this.#closing) return false;
    if (socket.readyState !== socket.OPEN) {
      this.#tap?.onUnsent('closing');
      return false;
    }
    if (socket.bufferedAmount <= this.#options.bufferedBytesMax) return true;
    this.#tap?.onUnsent('full');
    this.#end('too_slow');
    this.close(POLICY_VIOLATION, 'too slow');
    // A peer that doesn't read won't read our close frame either.
    socket.terminate();
    return false;
  }

  #send(text: string): void {
    this.#tap?.onSent(text);
    this.#socket.send(text);
  }

  #hear(news: StreamNews, deal: () => void): void {
    if (this.#tap === undefined) deal();
    else this.#tap.onNews(news, deal);
  }

  #onData(data: RawData, isBinary: boolean): void {
    if (this.#ended !== undefined || this.#closing) return undefined;
    const bytes = isBinary ? undefined : textBytes(data);
    const text = bytes === undefined || bytes.length > MESSAGE_CHARS_MAX ? undefined : bytes.toString();
    const refusal = isBinary ? 'binary' : 'too_large';
    if (this.#tap === undefined) return this.#onMessage(text, refusal);
    return this.#tap.onNews({ kind: 'message', text }, () => this.#onMessage(text, refusal));
  }

  /** A message, or why there is no text of it. */
  #onMessage(text: string | undefined, refusal: MessageRefusal): void {
    if (this.#ended !== undefined || this.#closing) return;
    this.#text = text;
    if (text === undefined) return this.#refuse(refusal);
    const result = parseInbound(text);
    if (!result.ok) return this.#refuse(result.failure);
    this.#onFrame(result.frame);
  }

  #onFrame(frame: InboundFrame): void {
    if (frame.kind === 'connected' || frame.kind === 'ignored') return;
    if (frame.kind === 'start') return this.#onStart(frame.start);
    if (this.#start === undefined) return this.#refuse('before_start');
    if (frame.kind === 'stop') return this.#onStop();
    if (frame.kind === 'media' && !this.#follows(frame)) return;
    if (this.#listener !== undefined) tell(this.#listener, frame);
    else this.#hold({ kind: 'frame', frame, text: this.#text });
  }

  #onStart(start: StreamStart): void {
    if (this.#start !== undefined) return this.#refuse('second_start');
    this.#start = start;
    this.#startTimer?.cancel();
    this.#resolveStarted({ kind: 'started', start });
  }

  #onStop(): void {
    this.#end('stop');
    this.#closeTimer ??= this.#clock.after(CLOSE_AFTER_STOP_MS, () => {
      this.#closeTimer = undefined;
      this.close();
    });
  }

  /** Whether this frame is the caller's; counts the gap before it. */
  #follows(frame: MediaFrame): boolean {
    if (frame.track !== 'inbound') return false;
    const missed = frame.chunk - this.#lastChunk - 1;
    if (missed > 0) this.#missedChunks += missed;
    this.#lastChunk = Math.max(this.#lastChunk, frame.chunk);
    return true;
  }

  #refuse(failure: MessageRefusal): void {
    this.#refusedMessages += 1;
    if (this.#listener !== undefined) this.#listener.onRefused(failure);
    else this.#hold({ kind: 'refused', failure, text: this.#text });
    if (this.#refusedMessages < REFUSED_MAX) return;
    this.#end('error');
    this.close(POLICY_VIOLATION, 'too many bad messages');
  }

  #hold(held: Held): void {
    this.#held.push(held);
    if (this.#held.length < HELD_MAX) return;
    this.#end('error');
    this.close(INTERNAL_ERROR, 'nobody listens');
  }

  #onStartTimeout(): void {
    this.#resolveStarted({ kind: 'ended', reason: 'start_timeout' });
    this.close(POLICY_VIOLATION, 'no start');
  }

  #onSocketError(error: Error): void {
    // ws closes the socket itself: 1009 for a message over maxPayload, 1007 for bad UTF-8.
    const tooLarge = codeOf(error) === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH';
    if (tooLarge && this.#ended === undefined && !this.#closing) this.#refuse('too_large');
    this.#end('error');
    this.#cutAfter(CLOSE_WITHIN_MS);
  }

  #onSocketClose(): void {
    this.#closing = true;
    this.#closeTimer?.cancel();
    this.#end('closed');
  }

  #end(reason: StreamEnd): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    this.#startTimer?.cancel();
    this.#resolveStarted({ kind: 'ended', reason });
    this.#listener?.onEnded(reason);
  }

  #cutAfter(delayMs: number): void {
    this.#closeTimer?.cancel();
    if (this.#socket.readyState === this.#socket.CLOSED) return;
    this.#closeTimer = this.#clock.after(delayMs, () => this.#socket.terminate());
  }
}

function tell(listener: MediaStreamListener, frame: InboundFrame): void {
  if (frame.kind === 'media') listener.onMedia(frame.mulaw, frame.timestampMs);
  else if (frame.kind === 'mark') listener.onMark(frame.name);
  else if (frame.kind === 'dtmf') listener.onDtmf(frame.digit);
}

function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : '';
}

/** A message comes as one Buffer unless the socket's `binaryType` was changed, which nobody does here. */
function textBytes(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}
