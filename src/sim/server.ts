// The socket under every simulated provider: plain HTTP and WebSocket routes on a loopback port.
import {
  createServer,
  STATUS_CODES,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';

export type HttpHandler = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void;
export type SocketHandler = (socket: WebSocket, request: IncomingMessage) => void;

/** What an upgrade is answered with instead of a socket. */
export interface UpgradeRefusal {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
}
/** Asked before the upgrade; undefined lets it pass. */
export type UpgradeGuard = (request: IncomingMessage) => UpgradeRefusal | undefined;

const BODY_BYTES_MAX = 4 * 1024 * 1024;
/** As the front ends of real providers have it; Node's own 5 s would be a new handshake for every turn. */
const KEEP_ALIVE_MS = 75_000;

export class SimServer {
  readonly #routes = new Map<string, HttpHandler>();
  readonly #patterns: { readonly method: string; readonly path: RegExp; readonly handler: HttpHandler }[] =
    [];
  readonly #socketRoutes = new Map<string, { handler: SocketHandler; guard: UpgradeGuard }>();
  readonly #server: Server;
  readonly #webSockets = new WebSocketServer({ noServer: true });
  readonly #sockets = new Set<Socket>();
  readonly #onAsked: (request: IncomingMessage) => void;

  /** `onAsked` sees the head of each request and upgrade. */
  constructor(onAsked: (request: IncomingMessage) => void = () => undefined) {
    this.#onAsked = onAsked;
    this.#server = createServer((request, response) => this.#onRequest(request, response));
    this.#server.keepAliveTimeout = KEEP_ALIVE_MS;
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

  /** For paths with a variable part; `path` has to match all of it. The exact routes come first. */
  httpMatching(method: string, path: RegExp, handler: HttpHandler): this {
    this.#patterns.push({ method, path, handler });
    return this;
  }

  /** `path` without the query, such as `/v1/realtime`. */
  webSocket(path: string, handler: SocketHandler, guard: UpgradeGuard = () => undefined): this {
    this.#socketRoutes.set(path, { handler, guard });
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
    this.#onAsked(request);
    const path = new URL(request.url ?? '/', 'http://sim').pathname;
    const handler = this.#routeOf(request.method ?? 'GET', path);
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

  #routeOf(method: string, path: string): HttpHandler | undefined {
    const matches = this.#patterns.find((route) => route.method === method && route.path.test(path));
    return this.#routes.get(`${method} ${path}`) ?? matches?.handler;
  }

  #onUpgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    this.#onAsked(request);
    const route = this.#socketRoutes.get(new URL(request.url ?? '/', 'http://sim').pathname);
    const refusal = route === undefined ? { status: 404 } : route.guard(request);
    if (route === undefined || refusal !== undefined) {
      refuse(socket, refusal ?? { status: 404 });
      return;
    }
    const { handler } = route;
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => handler(webSocket, request));
  }
}

function refuse(socket: Socket, { status, headers = {} }: UpgradeRefusal): void {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const reason = STATUS_CODES[status] ?? 'Refused';
  socket.end(
    `HTTP/1.1 ${status} ${reason}\r\nConnection: close\r\nContent-Length: 0\r\n${lines.join('')}\r\n`,
  );
}
