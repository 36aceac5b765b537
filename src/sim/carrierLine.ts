// What is on the line of one call: the media stream of the moment, what each side heard of the other,
// and the evidence of it. One tick every 20 ms from the answer to the end.
import { BYTES_PER_MS, FRAME_MS, silence } from '../audio/mulaw.ts';
import type { EchoReason } from '../audio/playQueue.ts';
import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import { CarrierRecording } from './carrierRecording.ts';
import type { PlayoutGap } from './carrierPlayout.ts';
import { dialSocket, type CarrierSocket, type CarrierSocketListener } from './carrierSocket.ts';
import { CarrierStream, type CarrierWarning, type StreamEnd, type StreamIdentity } from './carrierStream.ts';
import type { CarrierWheel } from './carrierWheel.ts';

/** Told synchronously and in order; must not throw. All times are the carrier's clock's. */
export interface LineListener {
  /** Every 20 ms, between `onAgentFrame` and `onCallerFrame` of the same moment. */
  onTick?(dueMs: number): void;
  /** The caller hears these 20 ms from `atMs` on. Silence is not told. */
  onAgentFrame?(atMs: number, mulaw: Uint8Array): void;
  /** These 20 ms of the caller, silence or not, were sent at `atMs`. */
  onCallerFrame?(atMs: number, mulaw: Uint8Array): void;
  /** A media message of the gateway came, of any length. */
  onAgentAudio?(atMs: number, mulaw: Uint8Array): void;
  onMark?(atMs: number, name: string, reason: EchoReason): void;
  onClear?(atMs: number): void;
  onStreamStarted?(atMs: number, streamSid: string): void;
  onStreamEnded?(end: StreamEnd, streamSid: string): void;
  onWarning?(warning: CarrierWarning): void;
}

/** One media message of the gateway. */
export interface Arrival {
  readonly atMs: number;
  readonly audioMs: number;
  /** How much waited to be played when it came: 0 means that it was not early. */
  readonly bufferedMs: number;
}

export interface LineStream {
  readonly stream: CarrierStream;
  readonly startedAtMs: number | undefined;
  readonly end: StreamEnd | undefined;
}

interface Opened {
  readonly stream: CarrierStream;
  startedAtMs: number | undefined;
  end: StreamEnd | undefined;
}

/** Asked every 20 ms for the caller's sound: a frame of 160 bytes, or undefined for silence. */
export type CallerVoice = (dueMs: number) => Uint8Array | undefined;

export interface LineOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly wheel: CarrierWheel;
  /** Opens the media socket; a test may put another in its place. */
  readonly dial?: (address: string, signature: string, listener: CarrierSocketListener) => CarrierSocket;
}

/** Evidence is kept up to these; what comes later is counted. */
const ARRIVALS_MAX = 100_000;
const WARNINGS_MAX = 1_000;

const SILENT_FRAME = silence(FRAME_MS);

export class CarrierLine {
  readonly #options: LineOptions;
  readonly #listeners = new Set<LineListener>();
  readonly #streams: Opened[] = [];
  readonly #arrivals: Arrival[] = [];
  readonly #warnings: CarrierWarning[] = [];
  #unkept = 0;
  #recording: CarrierRecording | undefined;
  #voice: CallerVoice | undefined;
  #stream: CarrierStream | undefined;
  #leaveWheel: (() => void) | undefined;

  constructor(options: LineOptions) {
    this.#options = options;
  }

  /** Of the answer on; undefined while it rings. */
  get recording(): CarrierRecording | undefined {
    return this.#recording;
  }

  /** In the order of their opening; the last may be live. */
  get streams(): readonly LineStream[] {
    return this.#streams;
  }

  get stream(): CarrierStream | undefined {
    return this.#stream;
  }

  get arrivals(): readonly Arrival[] {
    return this.#arrivals;
  }

  get warnings(): readonly CarrierWarning[] {
    return this.#warnings;
  }

  /** Arrivals and warnings beyond what is kept. */
  get unkept(): number {
    return this.#unkept;
  }

  /** Of all streams: silence inside the agent's speech. */
  get gaps(): readonly PlayoutGap[] {
    return this.#streams.flatMap(({ stream }) => stream.playout.gaps);
  }

  /** Answers how to stop listening. */
  listen(listener: LineListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Who speaks on the caller's side; undefined for nobody. */
  speakWith(voice: CallerVoice | undefined): void {
    this.#voice = voice;
  }

  /** The call is answered: time begins. */
  answer(): void {
    if (this.#leaveWheel !== undefined) return;
    this.#recording = new CarrierRecording(this.#options.clock.nowMs());
    this.#leaveWheel = this.#options.wheel.add((dueMs) => this.#tick(dueMs));
  }

  /** Opens a stream and resolves when it is over, for whatever reason. Never rejects. */
  open(
    identity: StreamIdentity,
    target: { readonly address: string; readonly signature: string },
    onStarted: (atMs: number) => void,
  ): Promise<StreamEnd> {
    return new Promise((resolve) => {
      const { clock, random, dial = dialSocket } = this.#options;
      // The socket tells nothing before this turn of the event loop is over, so `stream` is there by then.
      const socket = dial(target.address, target.signature, {
        onOpen: () => stream.opened(),
        onText: (text) => stream.receivedText(text),
        onBinary: (bytes) => stream.receivedBinary(bytes),
        onClosed: (closed) => stream.closed(closed),
      });
      const stream = new CarrierStream(identity, socket, clock, random, {
        onStarted: (atMs) => {
          entry.startedAtMs = atMs;
          onStarted(atMs);
          this.#tell((listener) => listener.onStreamStarted?.(atMs, identity.streamSid));
        },
        onArrived: (atMs, mulaw, bufferedMs) => this.#onArrived(atMs, mulaw, bufferedMs),
        onMark: (atMs, name, reason) => this.#tell((listener) => listener.onMark?.(atMs, name, reason)),
        onClear: (atMs) => this.#tell((listener) => listener.onClear?.(atMs)),
        onWarning: (warning) => this.#onWarning(warning),
        onEnded: (end) => {
          entry.end = end;
          if (this.#stream === stream) this.#stream = undefined;
          this.#tell((listener) => listener.onStreamEnded?.(end, identity.streamSid));
          resolve(end);
        },
      });
      const entry: Opened = { stream, startedAtMs: undefined, end: undefined };
      this.#streams.push(entry);
      this.#stream = stream;
    });
  }

  /** Ends the stream, if there is one; the call may go on. */
  stopStream(): void {
    this.#stream?.stop();
  }

  /** The call is over. Idempotent. */
  close(): void {
    this.stopStream();
    this.#leaveWheel?.();
  }

  /** Everything at once and without a word, as when the carrier itself dies. */
  cut(): void {
    this.#stream?.drop();
    this.#leaveWheel?.();
  }

  #tick(dueMs: number): void {
    const heard = this.#stream?.play(dueMs);
    if (heard !== undefined) {
      this.#recording?.write('agent', dueMs, heard);
      this.#tell((listener) => listener.onAgentFrame?.(dueMs, heard));
    }
    this.#tell((listener) => listener.onTick?.(dueMs));
    const spoken = this.#voice?.(dueMs);
    const frame = spoken ?? SILENT_FRAME;
    // What is sent now was said during the 20 ms before.
    if (spoken !== undefined) this.#recording?.write('caller', dueMs - FRAME_MS, spoken);
    if (this.#stream === undefined || !this.#stream.live) return;
    this.#stream.hear(frame, dueMs);
    this.#tell((listener) => listener.onCallerFrame?.(dueMs, frame));
  }

  #onArrived(atMs: number, mulaw: Uint8Array, bufferedMs: number): void {
    if (this.#arrivals.length < ARRIVALS_MAX) {
      this.#arrivals.push({ atMs, audioMs: mulaw.length / BYTES_PER_MS, bufferedMs });
    } else {
      this.#unkept += 1;
    }
    this.#tell((listener) => listener.onAgentAudio?.(atMs, mulaw));
  }

  #onWarning(warning: CarrierWarning): void {
    if (this.#warnings.length < WARNINGS_MAX) this.#warnings.push(warning);
    else this.#unkept += 1;
    this.#tell((listener) => listener.onWarning?.(warning));
  }

  #tell(about: (listener: LineListener) => void): void {
    for (const listener of this.#listeners) about(listener);
  }
}
