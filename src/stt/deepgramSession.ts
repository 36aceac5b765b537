// One session with Deepgram, in whichever dialect: a socket, the audio on its way to it, and the answers.
//
//   connecting --open--> greeted --ready--> ready --close or failure--> closed
import type { IncomingMessage } from 'node:http';
import { BYTES_PER_MS, silence } from '../audio/mulaw.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { ProviderError, ProviderErrorCode } from '../base/errors.ts';
import { AudioPieces } from './audioPieces.ts';
import type { SttEvent, SttSession } from './port.ts';
import { ProviderSocket, REASON_CHARS_MAX, type ProviderSocketSettings } from './providerSocket.ts';
import type { Dialect, Heard, Transcription } from './transcription.ts';

export interface DeepgramSettings extends ProviderSocketSettings {
  readonly dialect: Dialect;
}

const KEEP_ALIVE = '{"type":"KeepAlive"}';
/** Nothing more is wanted: the server stops counting the time. */
const CLOSE_STREAM = '{"type":"CloseStream"}';

type Phase = 'connecting' | 'greeted' | 'ready' | 'closed';

export class DeepgramSession implements SttSession {
  readonly #settings: DeepgramSettings;
  readonly #listener: (event: SttEvent) => void;
  readonly #clock: Clock;
  readonly #socket: ProviderSocket;
  readonly #pieces: AudioPieces;
  readonly #transcription: Transcription;
  readonly #answerTimers = new Map<number, Timer>();
  #phase: Phase = 'connecting';
  #idleTimer: Timer | undefined;
  #sentMs = 0;
  /** Of it, before the last question for final words. */
  #askedMs = 0;
  #sentSinceIdle = false;

  constructor(url: URL, settings: DeepgramSettings, listener: (event: SttEvent) => void, clock: Clock) {
    this.#settings = settings;
    this.#listener = listener;
    this.#clock = clock;
    const { dialect } = settings;
    this.#pieces = new AudioPieces(
      (audioBytes) => this.#tell({ kind: 'dropped', audioBytes }),
      dialect.pieceMs,
    );
    this.#transcription = dialect.open((event) => this.#onWords(event));
    const socket = {
      onOpen: () => this.#onOpen(),
      onText: (text: string) => this.#onHeard(this.#transcription.hear(text)),
      onDropped: (audioBytes: number) => this.#tell({ kind: 'dropped', audioBytes }),
      onFailed: (error: ProviderError) => this.#onFailed(error),
      refusal,
      codeOfClosing,
    };
    this.#socket = new ProviderSocket(url, settings, socket, clock);
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
    this.#socket.close(CLOSE_STREAM);
  }

  #onOpen(): void {
    this.#phase = 'greeted';
    if (this.#settings.dialect.greets) this.#socket.awaitReady();
    else this.#onReady();
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
        return this.#socket.fail(codeOfComplaint(code), `the session was ended; it said ${said}`);
      }
      default:
        return heard satisfies never;
    }
  }

  #onReady(): void {
    if (this.#phase !== 'greeted') return;
    this.#phase = 'ready';
    this.#socket.ready();
    this.#keepAlive();
    this.#tell({ kind: 'ready' });
    this.#sendQueued();
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
    if (!this.#socket.takes(mulaw.length, BYTES_PER_MS)) return;
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

  #onFailed(error: ProviderError): void {
    this.#end();
    this.#listener({ kind: 'failed', error });
  }

  #end(): void {
    this.#phase = 'closed';
    this.#idleTimer?.cancel();
    for (const timer of this.#answerTimers.values()) timer.cancel();
    this.#answerTimers.clear();
    this.#pieces.clear();
  }

  #tell(event: SttEvent): void {
    if (this.#phase !== 'closed') this.#listener(event);
  }
}

/** Deepgram tells the reason in a header, and an id for its support. */
function refusal({ headers }: IncomingMessage): string {
  const reason = [headers['dg-error'], headers['dg-request-id']].flat().filter(Boolean);
  return reason.length === 0 ? '' : `: ${reason.join(', request ').slice(0, REASON_CHARS_MAX)}`;
}

/** What goes wrong after the upgrade is told as the reason of the closing, such as `DATA-0000`. */
function codeOfClosing(reason: string): ProviderErrorCode {
  return reason.includes('DATA-') ? 'bad_request' : 'truncated';
}

function codeOfComplaint(code: string): ProviderErrorCode {
  if (/AUTH|PERMISSION|CREDENTIAL/iu.test(code)) return 'auth';
  if (/RATE|QUOTA|TOO_MANY/iu.test(code)) return 'rate_limit';
  return /INVALID|UNPARSABLE|BAD_|DATA-|UNSUPPORTED/iu.test(code) ? 'bad_request' : 'server';
}
