// The stream of a call: its WebSocket, and the words on it. Knows nothing of sound.
import { addressOf } from '../api.ts';
import type { OfferedStream } from './phone.ts';
import { readMessage, StreamWriter, type GatewayMessage, type PhoneKey } from './wire.ts';

export interface LineListener {
  onOpened(): void;
  onMessage(message: GatewayMessage): void;
  /** It is over, or never began, and not by us: once, and the last. */
  onClosed(): void;
}

/** Three seconds of frames: what comes on top of that is lost, as on any line that is too slow. */
const UNSENT_BYTES_MAX = 64 * 1024;

export class Line {
  readonly #socket: WebSocket;
  readonly #writer: StreamWriter;
  readonly #stopListening = new AbortController();

  constructor(stream: OfferedStream, listener: LineListener) {
    const { signal } = this.#stopListening;
    const socket = new WebSocket(socketAddress(stream.url), [...stream.protocols]);
    const writer = new StreamWriter(stream);
    socket.addEventListener(
      'open',
      () => {
        socket.send(writer.connected());
        socket.send(writer.start());
        listener.onOpened();
      },
      { signal },
    );
    socket.addEventListener(
      'message',
      (event: MessageEvent<unknown>) => {
        const message =
          typeof event.data === 'string' ? readMessage(event.data, stream.streamSid) : undefined;
        if (message !== undefined) listener.onMessage(message);
      },
      { signal },
    );
    socket.addEventListener('close', () => listener.onClosed(), { signal });
    this.#socket = socket;
    this.#writer = writer;
  }

  /** The next 20 ms of the caller. */
  sendFrame(mulaw: Uint8Array): void {
    if (!this.#isOpen) return;
    const text = this.#writer.media(mulaw);
    // It is numbered all the same: the gateway counts what is missing.
    if (this.#socket.bufferedAmount <= UNSENT_BYTES_MAX) this.#socket.send(text);
  }

  sendMark(name: string): void {
    if (this.#isOpen) this.#socket.send(this.#writer.mark(name));
  }

  sendKey(key: PhoneKey): void {
    if (this.#isOpen) this.#socket.send(this.#writer.key(key));
  }

  /** Says that the caller has gone, and closes. The listener hears no more. Idempotent. */
  hangUp(): void {
    this.#stopListening.abort();
    if (this.#isOpen) this.#socket.send(this.#writer.stop());
    this.#socket.close(1000);
  }

  get #isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }
}

/** A path is below the gateway's own address, wherever a proxy has put it. */
function socketAddress(url: string): URL {
  const address = url.startsWith('/') ? addressOf(url) : new URL(url);
  address.protocol = address.protocol.replace(/^http/, 'ws');
  return address;
}
