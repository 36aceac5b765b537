// Connections to what is spoken to over HTTP: one pool for the providers, and one for tools, which reach less.
import { isIP } from 'node:net';
import { Client, Dispatcher } from 'undici';
import { cachedLookup, type Lookup } from './cachedLookup.ts';
import { systemClock } from './clock.ts';
import { requestBy } from './http1Request.ts';
import { ConnectionDied } from './http2Request.ts';
import { Http2Sessions } from './http2Sessions.ts';
import { hostOf, responseOf, SILENCE_MS_MAX, type HttpAnswer, type HttpRequest } from './httpRequest.ts';
import { AddressRefusedError, isAllowedByName, isPublicAddress, publicLookup } from './publicAddress.ts';

/** What a caller needs of `fetch`: an address and an init in, a response out. */
export type HttpFetch = (input: string | URL, init?: RequestInit) => Promise<Response>;

/**
 * A server that names no time of its own (`Keep-Alive: timeout=`) is taken to keep a connection this
 * long; a shorter time would cost the caller a new handshake after each pause in the talk.
 */
const KEEP_ALIVE_MS = 60_000;
const KEEP_ALIVE_MS_MAX = 600_000;
const CONNECT_TIMEOUT_MS = 3_000;
/** Each talking call has at most one completion and a few sentences under way. */
const CONNECTIONS_MAX = 512;
/** Origins come from the configuration and the agents' files, which name a handful. */
const ORIGINS_MAX = 256;

export interface HttpPoolOptions {
  /** Connections to one origin; a request above it waits for a busy one, within its caller's deadline. */
  readonly connectionsMax?: number;
  readonly connectTimeoutMs?: number;
  /**
   * Only hosts of the open internet are spoken to, and these (`host` or `host:port`). Absent: every host. A host
   * that is not allowed rejects with an `AddressRefusedError` as the cause or the error.
   */
  readonly privateHosts?: ReadonlySet<string>;
  /** Authorities whose certificates are believed, PEM; Node's own otherwise. */
  readonly ca?: string;
}

/**
 * Owns the connections and closes them; undici's for HTTP/1.1, since Node's own `fetch` takes no dispatcher of another
 * version and drops an idle connection after 4 s. A body that is not read to its end must be cancelled, or it holds its
 * connection.
 */
export class HttpPool {
  readonly #connections: WarmestFirst;
  /** None where it is watched which addresses are connected to: a tool is asked seldom. */
  readonly #http2: Http2Sessions | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: HttpPoolOptions = {}) {
    const { privateHosts, ca } = options;
    const lookup = cachedLookup();
    const connectionsMax = options.connectionsMax ?? CONNECTIONS_MAX;
    const connectTimeoutMs = options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS;
    const own = { connectionsMax, connectTimeoutMs, lookup, ...(ca === undefined ? {} : { ca }) };
    this.#connections = new WarmestFirst({ ...own, privateHosts });
    if (privateHosts === undefined) this.#http2 = new Http2Sessions({ ...own, clock: systemClock });
  }

  /** Connections that are open now, to all origins. */
  get connectedCount(): number {
    return this.#connections.connectedCount + (this.#http2?.connectedCount ?? 0);
  }

  /**
   * The short way, for a request that does no harm when it arrives twice (a completion, a sentence to be spoken; not a
   * tool): a server may close a kept connection in the moment we use it, so when a connection dies before a byte of the
   * answer, the request is sent once more. Over HTTP/1.1 it has gone out when this returns, if a connection is idle.
   * Rejects as `fetch` does; a redirection is answered, not followed.
   */
  async ask(url: URL, request: HttpRequest): Promise<HttpAnswer> {
    try {
      return await this.#once(url, request);
    } catch (error) {
      if (!diedWhenUsed(error) || request.signal?.aborted === true) throw error;
      return await this.#once(url, request);
    }
  }

  /** In the words of `fetch`, sent once: nothing is repeated behind the caller's back, and no redirection is followed. */
  readonly fetch: HttpFetch = async (input, init = {}) =>
    responseOf(await this.#once(new URL(input), plainRequest(init)));

  /** `ask` in the words of `fetch`. */
  readonly repeatableFetch: HttpFetch = async (input, init = {}) =>
    responseOf(await this.ask(new URL(input), plainRequest(init)));

  async #once(url: URL, request: HttpRequest): Promise<HttpAnswer> {
    if (this.#closing !== undefined)
      throw new TypeError('fetch failed', { cause: new Error('the pool is closed') });
    if (this.#http2 !== undefined && url.protocol === 'https:') {
      const answered = await this.#http2.ask(url, request);
      if (answered !== undefined) return answered;
    }
    return requestBy(this.#connections, url, request);
  }

  /** Cuts what is still under way: its owners have been told to stop before. Idempotent. */
  close(): Promise<void> {
    this.#http2?.close();
    this.#closing ??= this.#connections.destroy();
    return this.#closing;
  }
}

/** What is sent is text; anything else throws a `TypeError`. */
function plainRequest({ body = null, method = 'GET', headers, signal }: RequestInit): HttpRequest {
  if (body !== null && typeof body !== 'string') throw new TypeError('only text is sent');
  return {
    method,
    headers: Object.fromEntries(new Headers(headers)),
    body: body ?? undefined,
    signal: signal ?? undefined,
  };
}

/**
 * A connection that had served before (`bytesRead`) and was closed before this answer. One that never
 * served is not tried again: that server is down, and says so at once.
 */
function diedWhenUsed(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof ConnectionDied) return true;
  if (!(cause instanceof Error) || !('code' in cause)) return false;
  if (cause.code === 'ECONNRESET' || cause.code === 'EPIPE') return true;
  if (cause.code !== 'UND_ERR_SOCKET' || !('socket' in cause)) return false;
  const socket = cause.socket;
  return (
    typeof socket === 'object' && socket !== null && 'bytesRead' in socket && Number(socket.bytesRead) > 0
  );
}

interface WarmestOptions {
  readonly connectionsMax: number;
  readonly connectTimeoutMs: number;
  readonly lookup: Lookup;
  readonly privateHosts: ReadonlySet<string> | undefined;
  readonly ca?: string;
}

/**
 * Gives a request an idle connection that is open before one that must first be opened. undici's own
 * pool takes the first idle one in its list, open or not: after a server has closed one of several,
 * the caller's next sentence would pay for a handshake beside connections that wait.
 */
class WarmestFirst extends Dispatcher {
  readonly #options: WarmestOptions;
  readonly #clients = new Map<string, Client[]>();

  constructor(options: WarmestOptions) {
    super();
    this.#options = options;
  }

  get connectedCount(): number {
    let count = 0;
    for (const clients of this.#clients.values()) {
      for (const client of clients) if (client.stats.connected) count += 1;
    }
    return count;
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    return this.#pick(String(options.origin)).dispatch(options, handler);
  }

  override destroy(): Promise<void> {
    const clients = [...this.#clients.values()].flat();
    this.#clients.clear();
    return Promise.all(clients.map((client) => client.destroy())).then(() => undefined);
  }

  #pick(origin: string): Client {
    const clients = this.#clientsOf(origin);
    let idle: Client | undefined;
    let leastBusy: Client | undefined;
    let leastRequests = Infinity;
    for (const client of clients) {
      const { connected, size } = client.stats;
      if (size === 0 && connected) return client;
      if (size === 0) idle ??= client;
      if (size < leastRequests) {
        leastBusy = client;
        leastRequests = size;
      }
    }
    if (idle !== undefined) return idle;
    if (leastBusy !== undefined && clients.length >= this.#options.connectionsMax) return leastBusy;
    const { connectTimeoutMs, ca } = this.#options;
    const opened = new Client(origin, {
      connect: {
        timeout: connectTimeoutMs,
        lookup: this.#lookupFor(origin),
        ...(ca === undefined ? {} : { ca }),
      },
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS_MAX,
      headersTimeout: SILENCE_MS_MAX,
      bodyTimeout: SILENCE_MS_MAX,
    });
    clients.push(opened);
    return opened;
  }

  /** Node asks no look-up for a host that is an address already. */
  #lookupFor(origin: string): Lookup {
    const { privateHosts, lookup } = this.#options;
    if (privateHosts === undefined || isAllowedByName(origin, privateHosts)) return lookup;
    const host = hostOf(new URL(origin));
    if (isIP(host) !== 0 && !isPublicAddress(host)) throw new AddressRefusedError();
    return publicLookup();
  }

  #clientsOf(origin: string): Client[] {
    const known = this.#clients.get(origin);
    if (known !== undefined) return known;
    if (this.#clients.size >= ORIGINS_MAX) throw new Error(`more than ${ORIGINS_MAX} origins in one pool`);
    const clients: Client[] = [];
    this.#clients.set(origin, clients);
    return clients;
  }
}
