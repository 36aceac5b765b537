// Who listens to a stream's socket that is none of the network's.
import type { RawData } from 'ws';
import type { StreamSocket } from './mediaStream.ts';

export class SocketListeners implements Pick<StreamSocket, 'on'> {
  readonly #messages: ((data: RawData, isBinary: boolean) => void)[] = [];
  readonly #errors: ((error: Error) => void)[] = [];
  readonly #closes: (() => void)[] = [];

  on(event: 'message', listener: (data: RawData, isBinary: boolean) => void): void;
  on(event: 'error', listener: (error: Error) => void): void;
  on(event: 'close', listener: () => void): void;
  on(
    event: 'message' | 'error' | 'close',
    listener: ((data: RawData, isBinary: boolean) => void) & ((error: Error) => void) & (() => void),
  ): void {
    if (event === 'message') this.#messages.push(listener);
    else if (event === 'error') this.#errors.push(listener);
    else this.#closes.push(listener);
  }

  tellMessage(data: Buffer, isBinary: boolean): void {
    for (const heard of this.#messages) heard(data, isBinary);
  }

  tellError(error: Error): void {
    for (const failed of this.#errors) failed(error);
  }

  tellClosed(): void {
    for (const closed of this.#closes) closed();
  }
}
