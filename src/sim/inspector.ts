// A hand into a running gateway by Node's own inspector: it clears up its heap when it is asked to, so that what is
// left can be told from what nobody has tidied away yet. https://chromedevtools.github.io/devtools-protocol/v8/
import { once } from 'node:events';
import { WebSocket, type RawData } from 'ws';
import { isRecord, parseJson } from '../base/json.ts';
import type { GatewayProcess } from './gatewayProcess.ts';

/** For node: an inspector on a free port of this machine alone, told on its first line. */
export const INSPECTED: readonly string[] = ['--inspect=127.0.0.1:0'];
const ADDRESS = /Debugger listening on (ws:\/\/127\.0\.0\.1:\S+)/;

export class Inspector {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, { resolve: () => void; reject: (error: Error) => void }>();
  #asked = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data: RawData) => this.#onMessage(data));
    socket.on('close', () => this.#onClose());
  }

  /** Of a gateway that was started with `INSPECTED`; rejects when it was not, or is gone. */
  static async of({ log }: Pick<GatewayProcess, 'log'>): Promise<Inspector> {
    const [, address] = log.map((line) => ADDRESS.exec(line)).find((found) => found !== null) ?? [];
    if (address === undefined) throw new Error('the gateway was started without an inspector');
    const socket = new WebSocket(address, { perMessageDeflate: false });
    await once(socket, 'open');
    return new Inspector(socket);
  }

  /** Resolves when everything is collected that nobody holds; the process stands still meanwhile. */
  collectGarbage(): Promise<void> {
    this.#asked += 1;
    const id = this.#asked;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#socket.send(JSON.stringify({ id, method: 'HeapProfiler.collectGarbage' }), (error) => {
        if (error instanceof Error) this.#settle(id, error);
      });
    });
  }

  close(): void {
    this.#socket.close();
  }

  #onMessage(data: RawData): void {
    const answer = parseJson((data as Buffer).toString());
    if (!isRecord(answer)) return;
    const { id, error } = answer;
    if (typeof id !== 'number') return;
    const refused = error === undefined ? undefined : `the inspector refuses: ${JSON.stringify(error)}`;
    this.#settle(id, refused === undefined ? undefined : new Error(refused));
  }

  #settle(id: number, error: Error | undefined): void {
    const asker = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) asker?.resolve();
    else asker?.reject(error);
  }

  #onClose(): void {
    for (const id of this.#waiting.keys()) this.#settle(id, new Error('the inspected process is gone'));
  }
}
