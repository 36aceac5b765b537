// One request over an HTTP/2 connection, as `fetch` answers it: a `Response` whose body comes as it is read.
import {
  constants,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
} from 'node:http2';
import { UNREAD_BYTES_MAX, type HttpRequest } from './httpRequest.ts';

/** A last resort only: whoever asks has deadlines of its own. */
const SILENCE_MS_MAX = 120_000;

/** The connection died before a byte of the answer, and not because the server is down: it may be asked again. */
export class ConnectionDied extends Error {
  override readonly name = 'ConnectionDied';
  readonly code = 'connection_died';
}

export interface RequestNews {
  /** The connection has served others before. */
  readonly servedBefore: boolean;
  /** The stream is closed, however it ended; told once. */
  readonly over: () => void;
}

/** Rejects as `fetch` does; stops when the signal aborts or the body is cancelled, and the connection stays. */
export function requestOver(
  session: ClientHttp2Session,
  url: URL,
  { method, headers, body, signal }: HttpRequest,
  { servedBefore, over }: RequestNews,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    let stream: ClientHttp2Stream;
    try {
      stream = session.request(
        { ':method': method, ':path': `${url.pathname}${url.search}`, ...Object.fromEntries(headers) },
        { endStream: body === undefined },
      );
    } catch (error) {
      over();
      reject(
        new TypeError('fetch failed', {
          cause: new ConnectionDied('the connection is closed', { cause: error }),
        }),
      );
      return;
    }
    let failure: unknown;
    let sink: BodySink | undefined;
    const onAbort = (): void => {
      failure = signal?.reason;
      stream.close(constants.NGHTTP2_CANCEL);
      // At once: the stream's own end comes a moment later.
      sink?.fail(failure);
      reject(failure);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    stream.setTimeout(SILENCE_MS_MAX, () => stream.close(constants.NGHTTP2_CANCEL));
    stream.once('response', (received) => {
      const status = Number(received[':status']);
      sink = new BodySink(stream);
      const hasBody = status !== 204 && status !== 205 && status !== 304;
      resolve(new Response(hasBody ? sink.readable : null, { status, headers: headersOf(received) }));
    });
    stream.on('error', (error) => (failure ??= error));
    stream.once('close', () => {
      signal?.removeEventListener('abort', onAbort);
      over();
      const refused = stream.rstCode === constants.NGHTTP2_REFUSED_STREAM;
      const cause =
        servedBefore || refused ? new ConnectionDied('closed before an answer', { cause: failure }) : failure;
      reject(new TypeError('fetch failed', { cause }));
      sink?.closed(stream, failure);
    });
    if (body !== undefined) stream.end(body);
  });
}

/** The stream's body for who reads it; the first end counts. */
class BodySink {
  readonly readable: ReadableStream<Uint8Array>;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #ended = false;

  constructor(stream: ClientHttp2Stream) {
    this.readable = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
          stream.on('data', (chunk: Buffer) => {
            this.#controller?.enqueue(chunk);
            if ((controller.desiredSize ?? 0) <= 0) stream.pause();
          });
          stream.once('end', () => (this.#ended = true));
        },
        pull: () => void stream.resume(),
        cancel: () => {
          this.#controller = undefined;
          stream.close(constants.NGHTTP2_CANCEL);
        },
      },
      new ByteLengthQueuingStrategy({ highWaterMark: UNREAD_BYTES_MAX }),
    );
  }

  /** The stream is closed. One that was reset or lost its connection ends as well: its code tells them apart. */
  closed(stream: ClientHttp2Stream, failure: unknown): void {
    if (this.#ended && failure === undefined && stream.rstCode === constants.NGHTTP2_NO_ERROR) {
      this.#controller?.close();
      this.#controller = undefined;
    } else this.fail(new TypeError('terminated', { cause: failure ?? new Error('other side closed') }));
  }

  fail(error: unknown): void {
    this.#controller?.error(error);
    this.#controller = undefined;
  }
}

function headersOf(received: IncomingHttpHeaders): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(received)) {
    if (name.startsWith(':') || value === undefined) continue;
    for (const one of [value].flat()) headers.append(name, one);
  }
  return headers;
}
