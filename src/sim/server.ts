// The socket under every simulated provider: plain HTTP and WebSocket routes on a loopback port.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';

export type HttpHandler = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void;
export type SocketHandler = (socket: WebSocket, request: IncomingMessage) => void;

const BODY_BYTES_MAX = 4 * 1024 * 1024;

export class SimServer {
  readonly #routes = new Map<string, HttpHandler>();
  readonly #socketRoutes = new Map<string, SocketHandler>();
  readonly #server: Server;
  readonly #webSockets = new WebSocketServer({ noServer: true });
  readonly #sockets = new Set<Socket>();

  constructor() {
    this.#server = createServer((request, response) => this.#onRequest(request, response));
    this.#server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) =>
      this.#onUpgrade(request, socket, head),
    );
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => socket.destroy());
    });
  }

  /** `route` is method and path, such as `POST /v1/audio/speech`. */
  http(route: string, handler: HttpHandler): this {
    this.#routes.set(route, handler);
    return this;
  }

  /** `path` without the query, such as `/v1/realtime`. */
  webSocket(path: string, handler: SocketHandler): this {
    this.#socketRoutes.set(path, handler);
    return this;
  }

  /** Answers the origin, such as `http://127.0.0.1:40123`. */
  async listen(port = 0): Promise<string> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', resolve);
    });
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Cuts every connection: what a simulator is for is over. */
  async close(): Promise<void> {
    for (const client of this.#webSockets.clients) client.terminate();
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    const path = new URL(request.url ?? '/', 'http://sim').pathname;
    const handler = this.#routes.get(`${request.method ?? 'GET'} ${path}`);
    const chunks: Buffer[] = [];
    let bodyBytes = 0;
    request.on('data', (chunk: Buffer) => {
      bodyBytes += chunk.length;
      if (bodyBytes > BODY_BYTES_MAX) request.destroy();
      else chunks.push(chunk);
    });
    request.on('end', () => {
      if (handler === undefined) response.writeHead(404).end();
      else handler(request, response, Buffer.concat(chunks));
    });
  }

  #onUpgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const handler = this.#socketRoutes.get(new URL(request.url ?? '/', 'http://sim').pathname);
    if (handler === undefined) {
      socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => handler(webSocket, request));
  }
}
