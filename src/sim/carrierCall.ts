// One call's life at the carrier: it rings, asks the gateway for TwiML, runs it verb by verb, and ends.
import type { Background } from '../base/background.ts';
import type { Clock } from '../base/clock.ts';
import { formatRfc2822, standardParameters, type CallIdentity, type CallStatus } from './carrierAccount.ts';
import {
  CarrierLine,
  type Arrival,
  type CallerVoice,
  type LineListener,
  type LineOptions,
} from './carrierLine.ts';
import type { PlayoutGap } from './carrierPlayout.ts';
import { CarrierRecording } from './carrierRecording.ts';
import type { CarrierWarning, MarkFault } from './carrierStream.ts';
import { CarrierProgram, type ProgramHost, type TwimlSource } from './carrierProgram.ts';
import type { HttpMethod } from './carrierTwiml.ts';
import type { CarrierWeb } from './carrierWeb.ts';

/** Something that Twilio's debugger would show. */
export interface CarrierError {
  readonly atMs: number;
  readonly code: number;
  readonly message: string;
}

export interface CallEnd {
  readonly atMs: number;
  readonly status: CallStatus;
  /**
   * `caller` hung up; the gateway did by a `verb`, by `rest` or by leaving nothing to do (`twimlEnd`);
   * `dial` transferred it; an `error` did; `unanswered` says `status`; the `carrier` was closed.
   */
  readonly by: 'caller' | 'verb' | 'rest' | 'twimlEnd' | 'dial' | 'error' | 'unanswered' | 'carrier';
  readonly transferredTo: string | undefined;
}

export interface StatusCallback {
  readonly url: string;
  readonly method: HttpMethod;
  /** Of `initiated`, `ringing`, `answered`, `completed`. */
  readonly events: readonly string[];
}

export interface CallOptions extends LineOptions {
  readonly identity: CallIdentity;
  readonly web: CarrierWeb;
  readonly statusCallback: StatusCallback | undefined;
  /** Who answers for callbacks that nobody waits for. */
  readonly background: Background;
}

/** Of a call that came to nothing; any other was 200. */
const SIP_CODES: Readonly<Partial<Record<CallStatus, string>>> = {
  busy: '486',
  failed: '404',
  'no-answer': '480',
  canceled: '487',
};
const ERRORS_MAX = 1_000;

export class CarrierCall {
  readonly identity: CallIdentity;
  readonly line: CarrierLine;
  readonly createdAtWallMs: number;
  /** Resolves when the call is over; never rejects. */
  readonly ended: Promise<CallEnd>;
  readonly #options: CallOptions;
  readonly #errors: CarrierError[] = [];
  readonly #said: { readonly atMs: number; readonly text: string }[] = [];
  readonly #host: ProgramHost;
  readonly #resolveEnded: (end: CallEnd) => void;
  #status: CallStatus;
  #end: CallEnd | undefined;
  #programStop = new AbortController();
  #answeredAtMs: number | undefined;
  #statusSequence = 0;
  #ignoredPlays = 0;
  #program: CarrierProgram | undefined;

  constructor(options: CallOptions) {
    this.#options = options;
    this.identity = options.identity;
    this.line = new CarrierLine(options);
    this.createdAtWallMs = options.clock.wallMs();
    this.#status = options.identity.direction === 'inbound' ? 'ringing' : 'queued';
    const { identity, web, clock, random } = options;
    this.#host = {
      identity,
      line: this.line,
      web,
      clock,
      random,
      status: () => this.#status,
      answer: () => this.answer(),
      onError: (code, message) => this.#noteError(code, message),
      onSaid: (text) => this.#said.push({ atMs: clock.nowMs(), text }),
      onPlayIgnored: () => {
        this.#ignoredPlays += 1;
      },
      post: (url, method, parameters) => this.post(url, method, parameters),
    };
    const { promise, resolve } = deferred<CallEnd>();
    this.ended = promise;
    this.#resolveEnded = resolve;
  }

  get callSid(): string {
    return this.identity.callSid;
  }

  get status(): CallStatus {
    return this.#status;
  }

  get end(): CallEnd | undefined {
    return this.#end;
  }

  /** When it was answered, on the clock. */
  get answeredAtMs(): number | undefined {
    return this.#answeredAtMs;
  }

  get durationMs(): number {
    if (this.#answeredAtMs === undefined) return 0;
    return (this.#end?.atMs ?? this.#clock.nowMs()) - this.#answeredAtMs;
  }

  /** Messages on the stream that Twilio would have dropped. */
  get warnings(): readonly CarrierWarning[] {
    return this.line.warnings;
  }

  /** What Twilio's debugger would show: TwiML, webhooks, lost streams (31921 also for a wanted close). */
  get errors(): readonly CarrierError[] {
    return this.#errors;
  }

  get arrivals(): readonly Arrival[] {
    return this.line.arrivals;
  }

  get gaps(): readonly PlayoutGap[] {
    return this.line.gaps;
  }

  /** What `<Say>` said. */
  get said(): readonly { readonly atMs: number; readonly text: string }[] {
    return this.#said;
  }

  get ignoredPlays(): number {
    return this.#ignoredPlays;
  }

  /** What the caller heard from the answer on, silence included. */
  playedMulaw(): Uint8Array {
    return this.line.recording?.mulaw('agent') ?? new Uint8Array(0);
  }

  /** The call as a stereo WAV file: caller left, agent right. */
  recordingWav(): Uint8Array {
    return (this.line.recording ?? new CarrierRecording(0)).wav();
  }

  listen(listener: LineListener): () => void {
    return this.line.listen(listener);
  }

  speakWith(voice: CallerVoice | undefined): void {
    this.line.speakWith(voice);
  }

  /** `0-9 * # A-D`, one message a key. */
  press(keys: string): void {
    for (const key of keys) this.line.stream?.press(key);
  }

  /** The caller hangs up. Idempotent. */
  hangUp(): void {
    this.finish({ by: 'caller' });
  }

  /** The network loses the media stream; the call lives. */
  dropStream(): void {
    this.line.stream?.drop();
  }

  /** For so long nothing of the caller reaches the gateway; afterwards it comes in one burst, or never. */
  stallMedia(durationMs: number, then: 'lose' | 'burst' = 'lose'): void {
    this.line.stream?.stallMedia(durationMs, then);
  }

  /** Each message to the gateway is up to so much late, in order; 0 ends it. */
  jitter(maxMs: number): void {
    this.line.stream?.jitter(maxMs);
  }

  faultMarks(fault: MarkFault): void {
    this.line.stream?.faultMarks(fault);
  }

  /** Asks for TwiML and runs it to the end of the call; what ran before is given up. Never rejects. */
  async run(source: TwimlSource): Promise<void> {
    if (this.#end !== undefined) return;
    this.#programStop.abort();
    this.#programStop = new AbortController();
    this.line.stopStream();
    const baseUrl = this.#program?.baseUrl ?? '';
    const program = new CarrierProgram(this.#host, baseUrl, this.#programStop.signal);
    this.#program = program;
    const end = await program.run(source);
    if (end !== undefined) this.finish(end);
  }

  /** The phone is taken off the hook. */
  answer(): void {
    if (this.#end !== undefined || this.#answeredAtMs !== undefined) return;
    this.#answeredAtMs = this.#clock.nowMs();
    this.#status = 'in-progress';
    this.line.answer();
    this.report('answered');
  }

  /** An outgoing call gets on, or nowhere. */
  progress(status: 'initiated' | 'ringing'): void {
    if (this.#end !== undefined) return;
    this.#status = status;
    this.report(status);
  }

  /** Ends the call once; later calls change nothing. */
  finish(how: {
    readonly by: CallEnd['by'];
    readonly status?: CallStatus;
    readonly transferredTo?: string;
  }): void {
    if (this.#end !== undefined) return;
    const { by, status = this.#answeredAtMs === undefined ? 'canceled' : 'completed' } = how;
    this.#status = by === 'error' && this.#answeredAtMs === undefined ? 'failed' : status;
    this.#end = {
      atMs: this.#clock.nowMs(),
      status: this.#status,
      by,
      transferredTo: how.transferredTo,
    };
    this.#programStop.abort();
    if (by === 'carrier') this.line.cut();
    else this.line.close();
    if (by !== 'carrier') this.report('completed');
    this.#resolveEnded(this.#end);
  }

  /** Posts a status callback, if this event was asked for. */
  report(event: 'initiated' | 'ringing' | 'answered' | 'completed'): void {
    const callback = this.#options.statusCallback;
    if (callback === undefined || !callback.events.includes(event)) return;
    const seconds = Math.round(this.durationMs / 1_000);
    const parameters = {
      ...standardParameters(this.identity, this.#status),
      Timestamp: formatRfc2822(this.#clock.wallMs()),
      CallbackSource: 'call-progress-events',
      SequenceNumber: String(this.#statusSequence),
      ...(event === 'completed'
        ? {
            CallDuration: String(seconds),
            Duration: String(Math.ceil(seconds / 60)),
            SipResponseCode: SIP_CODES[this.#status] ?? '200',
          }
        : {}),
    };
    this.#statusSequence += 1;
    this.post(callback.url, callback.method, parameters);
  }

  /** A request that nobody waits for; its failure is among `errors`. */
  post(url: string, method: HttpMethod, parameters: Readonly<Record<string, string>>): void {
    const { background, web } = this.#options;
    background.run(
      web.request(url, method, parameters, new AbortController().signal).then((answer) => {
        if (!answer.ok) this.#noteError(answer.code, answer.message);
      }),
    );
  }

  get #clock(): Clock {
    return this.#options.clock;
  }

  #noteError(code: number, message: string): void {
    if (this.#errors.length < ERRORS_MAX) this.#errors.push({ atMs: this.#clock.nowMs(), code, message });
  }
}

function deferred<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  const settle: { resolve?: (value: T) => void } = {};
  const promise = new Promise<T>((resolve) => {
    settle.resolve = resolve;
  });
  return { promise, resolve: (value) => settle.resolve?.(value) };
}
