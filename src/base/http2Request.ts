// One request over an HTTP/2 connection, answered as one over HTTP/1.1 is.
import { constants, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import { AnswerBody } from './answerBody.ts';
import type { HttpAnswer, HttpRequest } from './httpRequest.ts';

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
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    let stream: ClientHttp2Stream;
    try {
      stream = session.request(
        { ':method': method, ':path': `${url.pathname}${url.search}`, ...headers },
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
    let answer: HttpAnswer | undefined;
    let ended = false;
    const onAbort = (): void => {
      failure = signal?.reason;
      stream.close(constants.NGHTTP2_CANCEL);
      // At once: the stream's own end comes a moment later.
      answer?.body.fail(failure);
      reject(failure);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    stream.setTimeout(SILENCE_MS_MAX, () => stream.close(constants.NGHTTP2_CANCEL));
    stream.once('response', (headers) => {
      const body = new AnswerBody({
        pause: () => stream.pause(),
        resume: () => stream.resume(),
        cancel: () => stream.close(constants.NGHTTP2_CANCEL),
      });
      stream.on('data', (chunk: Buffer) => body.push(chunk));
      stream.once('end', () => (ended = true));
      answer = { status: Number(headers[':status']), headers, body };
      resolve(answer);
    });
    stream.on('error', (error) => (failure ??= error));
    stream.once('close', () => {
      signal?.removeEventListener('abort', onAbort);
      over();
      const refused = stream.rstCode === constants.NGHTTP2_REFUSED_STREAM;
      const cause =
        servedBefore || refused ? new ConnectionDied('closed before an answer', { cause: failure }) : failure;
      reject(new TypeError('fetch failed', { cause }));
      // One that was reset or lost its connection ends as well: its code tells them apart.
      if (ended && failure === undefined && stream.rstCode === constants.NGHTTP2_NO_ERROR) answer?.body.end();
      else {
        const why = failure ?? new Error('other side closed');
        answer?.body.fail(new TypeError('terminated', { cause: why }));
      }
    });
    if (body !== undefined) stream.end(body);
  });
}
