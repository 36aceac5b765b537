// One media stream of a call, as Twilio speaks it: connected, start, a media message every 20 ms,
// dtmf, mark, stop; and what comes back, checked to the letter and played in real time.
// https://www.twilio.com/docs/voice/media-streams/websocket-messages
import { BYTES_PER_MS } from '../audio/mulaw.ts';
import type { EchoReason } from '../audio/playQueue.ts';
import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import { checkOutbound, MALFORMED_MESSAGE, MEDIA_DISCARDED, type OutboundMessage } from './carrierMessage.ts';
import { CarrierOutbox } from './carrierOutbox.ts';
import { CarrierPlayout } from './carrierPlayout.ts';
import type { CarrierSocket, SocketClosed } from './carrierSocket.ts';

/** A message that Twilio would have dropped. */
export interface CarrierWarning {
  readonly atMs: number;
  readonly streamSid: string;
  readonly code: number;
  readonly problem: string;
  /** The message, cut to WARNING_CHARS_MAX. */
  readonly text: string;
}

export interface StreamIdentity {
  readonly accountSid: string;
  readonly callSid: string;
  readonly streamSid: string;
  readonly parameters: Readonly<Record<string, string>>;
}

export interface StreamEnd {
  readonly atMs: number;
  /** The server closed or broke it, the network did, or the call ended (or was given other TwiML). */
  readonly by: 'server' | 'network' | 'call';
  /** Twilio's number for it; undefined when the call ended it. */
  readonly code: number | undefined;
  readonly message: string;
}

export interface CarrierStreamListener {
  onStarted(atMs: number): void;
  /** Audio came: `bufferedMs` waited to be played at that moment. */
  onArrived(atMs: number, mulaw: Uint8Array, bufferedMs: number): void;
  onMark(atMs: number, name: string, reason: EchoReason): void;
  onClear(atMs: number): void;
  onWarning(warning: CarrierWarning): void;
  /** Once, and the last. */
  onEnded(end: StreamEnd): void;
}

/** What becomes of the next marks. */
export type MarkFault =
  | { readonly kind: 'lose'; readonly count: number }
  | { readonly kind: 'duplicate'; readonly count: number }
  | { readonly kind: 'delay'; readonly count: number; readonly delayMs: number };

const WARNING_CHARS_MAX = 500;
/** A gateway that does not read: its audio is thrown away, and counted. */
const SOCKET_BYTES_MAX = 1024 * 1024;
const KEY = /^[0-9*#A-D]$/;

interface Stall {
  readonly untilMs: number;
  /** What was held back, to be sent at the end; undefined when it is lost. */
  readonly held: (() => void)[] | undefined;
}

type State = 'opening' | 'live' | 'ended';

export class CarrierStream {
  readonly identity: StreamIdentity;
  readonly playout: CarrierPlayout;
  readonly #socket: CarrierSocket;
  readonly #clock: Clock;
  readonly #listener: CarrierStreamListener;
  readonly #outbox: CarrierOutbox;
  #state: State = 'opening';
  #startedAtMs = 0;
  #sequence = 0;
  #chunk = 0;
  #stall: Stall | undefined;
  #markFault: MarkFault | undefined;
  #unsentFrames = 0;
  #lateMessages = 0;

  constructor(
    identity: StreamIdentity,
    socket: CarrierSocket,
    clock: Clock,
    random: Random,
    listener: CarrierStreamListener,
  ) {
    this.identity = identity;
    this.#socket = socket;
    this.#clock = clock;
    this.#listener = listener;
    this.#outbox = new CarrierOutbox(clock, random);
    this.playout = new CarrierPlayout((name, reason) => this.#echo(name, reason));
  }

  get live(): boolean {
    return this.#state === 'live';
  }

  /** Frames that were lost in a stall or because the gateway did not read. */
  get unsentFrames(): number {
    return this.#unsentFrames;
  }

  /** What came after the end. */
  get lateMessages(): number {
    return this.#lateMessages;
  }

  /** The socket is open. */
  opened(): void {
    if (this.#state !== 'opening') return;
    this.#state = 'live';
    this.#startedAtMs = this.#clock.nowMs();
    const { accountSid, callSid, streamSid, parameters } = this.identity;
    this.#send('{"event":"connected","protocol":"Call","version":"1.0.0"}');
    this.#sendNext('start', {
      start: {
        accountSid,
        streamSid,
        callSid,
        tracks: ['inbound'],
        mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8_000, channels: 1 },
        customParameters: parameters,
      },
    });
    this.#listener.onStarted(this.#startedAtMs);
  }

  /** What the caller hears from `dueMs` on for FRAME_MS; undefined for silence. */
  play(dueMs: number): Uint8Array | undefined {
    return this.#state === 'live' ? this.playout.take(dueMs) : undefined;
  }

  /** The caller's sound of the FRAME_MS before `dueMs`. */
  hear(mulaw: Uint8Array, dueMs: number): void {
    if (this.#state !== 'live') return;
    if (this.#stall !== undefined && dueMs >= this.#stall.untilMs) this.#endStall();
    const timestamp = Math.max(0, Math.round(dueMs - this.#startedAtMs));
    const payload = Buffer.from(mulaw.buffer, mulaw.byteOffset, mulaw.byteLength).toString('base64');
    const send = (): void => this.#sendMedia(timestamp, payload);
    if (this.#stall === undefined) send();
    else if (this.#stall.held === undefined) this.#unsentFrames += 1;
    else this.#stall.held.push(send);
  }

  /** A key was pressed. Twilio tells of it once, and takes its tone out of the sound. */
  press(key: string): void {
    if (this.#state !== 'live' || !KEY.test(key)) return;
    this.#sendNext('dtmf', { dtmf: { track: 'inbound_track', digit: key } });
  }

  receivedBinary(bytes: number): void {
    if (this.#state !== 'live') this.#lateMessages += 1;
    else this.#warn(MALFORMED_MESSAGE, `a binary frame of ${bytes} bytes`, '');
  }

  receivedText(text: string): void {
    if (this.#state !== 'live') {
      this.#lateMessages += 1;
      return;
    }
    const result = checkOutbound(text, this.identity.streamSid);
    if (result.ok) this.#accept(result.message, text);
    else this.#warn(result.code, result.problem, text);
  }

  closed(closed: SocketClosed): void {
    this.#end('server', closed);
  }

  /** The call is over or goes on elsewhere: says so and closes. */
  stop(): void {
    if (this.#state === 'live') {
      const { accountSid, callSid } = this.identity;
      this.#sendNext('stop', { stop: { accountSid, callSid } });
    }
    if (this.#state !== 'ended') this.#outbox.push(() => this.#socket.close());
    this.#end('call', { code: undefined, message: 'the stream was stopped' });
  }

  /** The network between carrier and gateway breaks, without a word to either. */
  drop(): void {
    this.#outbox.discard();
    this.#socket.cut();
    this.#end('network', { code: 31_903, message: 'the network dropped the stream' });
  }

  /** For so long no media is sent. What was said meanwhile is lost, or comes in one burst. */
  stallMedia(durationMs: number, then: 'lose' | 'burst'): void {
    this.#endStall();
    this.#stall = { untilMs: this.#clock.nowMs() + durationMs, held: then === 'burst' ? [] : undefined };
  }

  /** From now on each message is up to so much late, in order. 0 ends it. */
  jitter(maxMs: number): void {
    this.#outbox.jitter(maxMs);
  }

  faultMarks(fault: MarkFault): void {
    this.#markFault = fault;
  }

  #accept(message: OutboundMessage, text: string): void {
    const nowMs = this.#clock.nowMs();
    switch (message.kind) {
      case 'media': {
        const { bufferedMs } = this.playout;
        if (this.playout.enqueue(message.mulaw)) this.#listener.onArrived(nowMs, message.mulaw, bufferedMs);
        else this.#warn(MEDIA_DISCARDED, `${message.mulaw.length / BYTES_PER_MS} ms beyond the buffer`, text);
        return;
      }
      case 'mark':
        this.playout.mark(message.name);
        return;
      case 'clear':
        this.playout.clear();
        this.#listener.onClear(nowMs);
        return;
      default:
        message satisfies never;
    }
  }

  #warn(code: number, problem: string, text: string): void {
    const { streamSid } = this.identity;
    const cut = text.slice(0, WARNING_CHARS_MAX);
    this.#listener.onWarning({ atMs: this.#clock.nowMs(), streamSid, code, problem, text: cut });
  }

  #echo(name: string, reason: EchoReason): void {
    this.#listener.onMark(this.#clock.nowMs(), name, reason);
    const send = (): void => this.#sendNext('mark', { mark: { name } });
    const fault = this.#markFault;
    if (fault === undefined || fault.count <= 0) {
      send();
      return;
    }
    this.#markFault = { ...fault, count: fault.count - 1 };
    if (fault.kind === 'duplicate') {
      send();
      send();
    } else if (fault.kind === 'delay') {
      this.#clock.after(fault.delayMs, () => {
        if (this.#state === 'live') send();
      });
    }
  }

  #endStall(): void {
    const stall = this.#stall;
    this.#stall = undefined;
    for (const send of stall?.held ?? []) send();
  }

  /** 50 times a second for every call, so by template: sid, numbers and base64 need no escaping. */
  #sendMedia(timestamp: number, payload: string): void {
    if (this.#socket.bufferedBytes > SOCKET_BYTES_MAX) {
      this.#unsentFrames += 1;
      return;
    }
    this.#sequence += 1;
    this.#chunk += 1;
    this.#send(
      `{"event":"media","sequenceNumber":"${this.#sequence}","media":{"track":"inbound","chunk":"${this.#chunk}","timestamp":"${timestamp}","payload":"${payload}"},"streamSid":"${this.identity.streamSid}"}`,
    );
  }

  #sendNext(event: string, body: Readonly<Record<string, unknown>>): void {
    this.#sequence += 1;
    const sequenceNumber = String(this.#sequence);
    this.#send(JSON.stringify({ event, sequenceNumber, ...body, streamSid: this.identity.streamSid }));
  }

  #send(text: string): void {
    this.#outbox.push(() => this.#socket.send(text));
  }

  #end(by: StreamEnd['by'], closed: SocketClosed): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    if (by === 'server') this.#outbox.discard();
    this.#listener.onEnded({ atMs: this.#clock.nowMs(), by, ...closed });
  }
}
