// HTTP/2 to the servers that have it: requests of many calls share a connection, and one that is given up costs no
// connection, as it does with HTTP/1.1, where a reply that is not wanted any more takes its connection with it.
import { connect as connectSession, type ClientHttp2Session } from 'node:http2';
import { isIP } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { Lookup } from './cachedLookup.ts';
import type { Clock, Timer } from './clock.ts';
import { requestOver } from './http2Request.ts';
import { untilAborted } from './untilAborted.ts';
import { hostOf, type HttpAnswer, type HttpRequest } from './httpRequest.ts';

/** Of one connection at once: a packet that is lost holds up all of them. */
export const STREAMS_MAX = 16;
/** A connection that has died without a word is found out, and a firewall's idle limit is not reached. */
const PING_EVERY_MS = 25_000;
const PONG_MS_MAX = 5_000;
/** Half a minute of a voice's PCM on its way in one stream; the usual 64 KiB would be a few pieces. */
const STREAM_WINDOW_BYTES = 1_024 * 1_024;
const SESSION_WINDOW_BYTES = 8 * STREAM_WINDOW_BYTES;

export interface Http2Options {
  readonly clock: Clock;
  readonly connectTimeoutMs: number;
  readonly lookup: Lookup;
  /** Connections to one origin; above it a request joins the least busy one. */
  readonly connectionsMax: number;
  /** Authorities instead of the usual ones, PEM. */
  readonly ca?: string;
}

interface Session {
  readonly http2: ClientHttp2Session;
  streams: number;
  /** It has answered before: when it dies under a request, the server is not down. */
  served: boolean;
}

interface Origin {
  readonly sessions: Set<Session>;
  opening: Promise<Session | undefined> | undefined;
  /** It was asked, and chose HTTP/1.1. */
  isHttp1: boolean;
}

export class Http2Sessions {
  readonly #options: Http2Options;
  readonly #origins = new Map<string, Origin>();
  #closed = false;

  constructor(options: Http2Options) {
    this.#options = options;
  }

  /** Connections that are open now. */
  get connectedCount(): number {
    let count = 0;
    for (const { sessions } of this.#origins.values()) count += sessions.size;
    return count;
  }

  /** Undefined: the server has no HTTP/2. Rejects as `fetch` does. `url` is an https one. */
  async ask(url: URL, request: HttpRequest): Promise<HttpAnswer | undefined> {
    request.signal?.throwIfAborted();
    const origin = this.#originOf(url.origin);
    if (origin.isHttp1) return undefined;
    let session = this.#idle(origin);
    // Who has waited for one to be opened looks again: others have, too.
    while (session === undefined) {
      if ((await untilAborted(this.#opened(url, origin), request.signal)) === undefined) return undefined;
      session = this.#idle(origin);
    }
    session.streams += 1;
    const over = (): void => void (session.streams -= 1);
    const answer = await requestOver(session.http2, url, request, { servedBefore: session.served, over });
    session.served = true;
    return answer;
  }

  /** Cuts all of them. Idempotent. */
  close(): void {
    this.#closed = true;
    for (const { sessions } of this.#origins.values()) {
      for (const { http2 } of sessions) http2.destroy();
      sessions.clear();
    }
  }

  #originOf(name: string): Origin {
    const known = this.#origins.get(name);
    if (known !== undefined) return known;
    const origin: Origin = { sessions: new Set(), opening: undefined, isHttp1: false };
    this.#origins.set(name, origin);
    return origin;
  }

  /** The least busy one, if it may take another request. */
  #idle(origin: Origin): Session | undefined {
    let leastBusy: Session | undefined;
    for (const session of origin.sessions) {
      if (leastBusy === undefined || session.streams < leastBusy.streams) leastBusy = session;
    }
    if (leastBusy === undefined) return undefined;
    const streamsMax = Math.min(STREAMS_MAX, leastBusy.http2.remoteSettings.maxConcurrentStreams ?? Infinity);
    const full = origin.sessions.size >= this.#options.connectionsMax;
    return leastBusy.streams < streamsMax || full ? leastBusy : undefined;
  }

  #opened(url: URL, origin: Origin): Promise<Session | undefined> {
    origin.opening ??= this.#open(url, origin).finally(() => (origin.opening = undefined));
    return origin.opening;
  }

  async #open(url: URL, origin: Origin): Promise<Session | undefined> {
    const socket = await this.#connect(url);
    if (this.#closed) {
      socket.destroy();
      throw new TypeError('fetch failed', { cause: new Error('the pool is closed') });
    }
    if (socket.alpnProtocol !== 'h2') {
      origin.isHttp1 = true;
      socket.destroy();
      return undefined;
    }
    const http2 = connectSession(url.origin, {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: STREAM_WINDOW_BYTES },
    });
    const session: Session = { http2, streams: 0, served: false };
    origin.sessions.add(session);
    const retire = (): void => void origin.sessions.delete(session);
    http2.once('connect', () => http2.setLocalWindowSize(SESSION_WINDOW_BYTES));
    // What is under way comes to its end there; nothing new begins.
    http2.on('goaway', retire);
    // Told to each request under way.
    http2.on('error', retire);
    const stopPinging = this.#keepAlive(http2);
    http2.on('close', () => {
      retire();
      stopPinging();
    });
    return session;
  }

  #connect(url: URL): Promise<TLSSocket> {
    const { clock, connectTimeoutMs, lookup, ca } = this.#options;
    const host = hostOf(url);
    return new Promise((resolve, reject) => {
      const socket = connectTls({
        host,
        port: Number(url.port === '' ? 443 : url.port),
        ALPNProtocols: ['h2', 'http/1.1'],
        lookup,
        ...(isIP(host) === 0 ? { servername: host } : {}),
        ...(ca === undefined ? {} : { ca }),
      });
      socket.setNoDelay(true);
      const timer = clock.after(connectTimeoutMs, () =>
        socket.destroy(new Error(`no connection within ${connectTimeoutMs} ms`)),
      );
      socket.once('secureConnect', () => {
        timer.cancel();
        resolve(socket);
      });
      socket.once('error', (error) => {
        timer.cancel();
        reject(new TypeError('fetch failed', { cause: error }));
      });
    });
  }

  #keepAlive(http2: ClientHttp2Session): () => void {
    const { clock } = this.#options;
    let late: Timer | undefined;
    const ask = (): void => {
      if (http2.closed || http2.destroyed) return;
      late = clock.after(PONG_MS_MAX, () => http2.destroy(new Error('the connection has died')));
      http2.ping(() => late?.cancel());
      next = clock.after(PING_EVERY_MS, ask);
    };
    let next = clock.after(PING_EVERY_MS, ask);
    return () => {
      next.cancel();
      late?.cancel();
    };
  }
}
