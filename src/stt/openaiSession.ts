// One transcription session: a socket, the audio on its way to it, and the answers.
//
//   connecting --open--> configuring --session.updated--> ready --close or failure--> closed
//                         |      ^
//                         +------+ once, when the server refuses mu-law
import { BYTES_PER_MS } from '../audio/mulaw.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { ProviderError, ProviderErrorCode } from '../base/errors.ts';
import { AudioPieces } from './audioPieces.ts';
import type { AudioFormat } from './openai.ts';
import { PieceEncoder } from './pieceEncoder.ts';
import type { SttEvent, SttOptions, SttSession } from './port.ts';
import { ProviderSocket, REASON_CHARS_MAX, type ProviderSocketSettings } from './providerSocket.ts';
import { parseRealtimeEvent, type Complaint, type RealtimeEvent } from './realtimeEvent.ts';
import { Utterances } from './utterances.ts';

export interface SessionSettings extends ProviderSocketSettings {
  readonly url: URL;
  readonly audioFormat: AudioFormat;
  /** The server ends utterances by its own voice detection. */
  readonly commitsItself: boolean;
  readonly finalTimeoutMs: number;
  /** The `session` of a `session.update`. */
  readonly update: (stt: SttOptions, format: AudioFormat) => object;
}

/** Under 100 ms the server refuses a commit; there is no word in so little. */
const COMMIT_MS_MIN = 100;
/** In base64. */
const WIRE_BYTES_PER_MS: Readonly<Record<AudioFormat, number>> = { pcmu: 10.7, pcm24: 64 };

type Phase = 'connecting' | 'configuring' | 'ready' | 'closed';

export class OpenAiSession implements SttSession {
  readonly #settings: SessionSettings;
  readonly #stt: SttOptions;
  readonly #listener: (event: SttEvent) => void;
  readonly #clock: Clock;
  readonly #socket: ProviderSocket;
  readonly #pieces: AudioPieces;
  #encoder: PieceEncoder | undefined;
  readonly #utterances: Utterances;
  readonly #finalTimers = new Map<number, Timer>();
  #phase: Phase = 'connecting';
  #format: AudioFormat;
  #updates = 0;
  #uncommittedMs = 0;
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
    const socket = {
      onOpen: () => this.#onOpen(),
      onText: (text: string) => this.#onEvent(parseRealtimeEvent(text)),
      onDropped: (audioBytes: number) => this.#tell({ kind: 'dropped', audioBytes }),
      onFailed: (error: ProviderError) => this.#onFailed(error),
      explain: (what: string) => (this.#complaint === '' ? what : `${what}; it said ${this.#complaint}`),
    };
    this.#socket = new ProviderSocket(settings.url, settings, socket, clock);
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
    this.#socket.close();
  }

  #onOpen(): void {
    this.#phase = 'configuring';
    this.#socket.awaitReady();
    this.#configure();
  }

  #configure(): void {
    this.#updates += 1;
    const session = this.#settings.update(this.#stt, this.#format);
    this.#send({ type: 'session.update', event_id: `update-${this.#updates}`, session });
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
    this.#socket.ready();
    this.#tell({ kind: 'ready' });
    this.#encoder = new PieceEncoder(this.#format);
    this.#sendQueued();
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
    if (!this.#socket.takes(mulaw.length, WIRE_BYTES_PER_MS[this.#format])) return;
    this.#uncommittedMs += mulaw.length / BYTES_PER_MS;
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
      this.#socket.fail('idle_timeout', 'no final words in time'),
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
      this.#socket.fail(code, 'the session was refused');
    } else if (commit !== null || code === 'auth' || code === 'truncated') {
      this.#socket.fail(code, 'the session was ended');
    }
  }

  #onFailed(error: ProviderError): void {
    this.#end();
    this.#listener({ kind: 'failed', error });
  }

  #end(): void {
    this.#phase = 'closed';
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
