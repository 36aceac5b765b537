// A carrier's line on a virtual clock, its media socket replaced by lists: no wire, no waiting.
import assert from 'node:assert/strict';
import { isRecord, parseJson, type JsonRecord } from '../../src/base/json.ts';
import { seededRandom } from '../../src/base/random.ts';
import type { PhoneLine } from '../../src/sim/caller.ts';
import { CarrierLine, type LineListener } from '../../src/sim/carrierLine.ts';
import type { CarrierSocketListener } from '../../src/sim/carrierSocket.ts';
import type { StreamEnd } from '../../src/sim/carrierStream.ts';
import { CarrierWheel } from '../../src/sim/carrierWheel.ts';
import { VirtualClock } from './virtualClock.ts';

export const STREAM_SID = `MZ${'1'.repeat(32)}`;

export interface SentMessage {
  readonly atMs: number;
  readonly message: JsonRecord;
}

export class VirtualLine implements PhoneLine {
  readonly clock = new VirtualClock();
  readonly wheel = new CarrierWheel(this.clock);
  readonly sent: SentMessage[] = [];
  readonly ended: Promise<void>;
  /** Told of each message to the gateway. */
  onSent: (message: JsonRecord) => void = () => undefined;
  bufferedBytes = 0;
  closed: 'no' | 'closed' | 'cut' = 'no';
  end: StreamEnd | undefined;
  readonly line: CarrierLine;
  #socket: CarrierSocketListener | undefined;
  #hangUp: () => void = () => undefined;

  constructor(seed = 1) {
    this.ended = new Promise((resolve) => {
      this.#hangUp = resolve;
    });
    this.line = new CarrierLine({
      clock: this.clock,
      random: seededRandom(seed),
      wheel: this.wheel,
      dial: (_address, _signature, listener) => this.#dial(listener),
    });
  }

  /** The call is answered and its stream opened; both at the present moment. */
  start(): this {
    this.line.answer();
    const identity = {
      accountSid: 'AC1',
      callSid: 'CA1',
      streamSid: STREAM_SID,
      parameters: { token: 'a"b' },
    };
    const target = { address: 'ws://127.0.0.1:1/', signature: 'x' };
    void this.line
      .open(identity, target, () => undefined)
      .then((end) => {
        this.end = end;
        return undefined;
      });
    this.#socket?.onOpen();
    return this;
  }

  of(event: string): SentMessage[] {
    return this.sent.filter(({ message }) => message['event'] === event);
  }

  /** The gateway says something. */
  text(text: string): void {
    this.#socket?.onText(text);
  }

  binary(bytes: number): void {
    this.#socket?.onBinary(bytes);
  }

  media(mulaw: Uint8Array): void {
    const payload = Buffer.from(mulaw).toString('base64');
    this.text(JSON.stringify({ event: 'media', streamSid: STREAM_SID, media: { payload } }));
  }

  mark(name: string): void {
    this.text(JSON.stringify({ event: 'mark', streamSid: STREAM_SID, mark: { name } }));
  }

  clear(): void {
    this.text(JSON.stringify({ event: 'clear', streamSid: STREAM_SID }));
  }

  serverCloses(): void {
    this.#socket?.onClosed({ code: 31_921, message: 'the server closed with 1000' });
  }

  listen(listener: LineListener): () => void {
    return this.line.listen(listener);
  }

  speakWith(voice: Parameters<PhoneLine['speakWith']>[0]): void {
    this.line.speakWith(voice);
  }

  press(keys: string): void {
    for (const key of keys) this.line.stream?.press(key);
  }

  hangUp(): void {
    this.line.close();
    this.#hangUp();
  }

  #dial(listener: CarrierSocketListener) {
    this.#socket = listener;
    const isBuffered = (): number => this.bufferedBytes;
    return {
      get bufferedBytes() {
        return isBuffered();
      },
      send: (text: string): void => {
        const message = parseJson(text);
        assert.ok(isRecord(message));
        this.sent.push({ atMs: this.clock.nowMs(), message });
        this.onSent(message);
      },
      close: (): void => {
        this.closed = 'closed';
      },
      cut: (): void => {
        this.closed = 'cut';
      },
    };
  }
}
