// One request over an HTTP/2 connection, answered as one over HTTP/1.1 is.
import { constants, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import { AnswerBody } from './answerBody.ts';
import { SILENCE_MS_MAX, type HttpAnswer, type HttpRequest } from './httpRequest.ts';

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
    if (signal?.aborted === true) {
      over();
      reject(signal.reason);
      return;
    }
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
    let timedOut: Error | undefined;
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
    stream.setTimeout(SILENCE_MS_MAX, () => {
      timedOut = new Error(`nothing for ${SILENCE_MS_MAX} ms`);
      failure ??= timedOut;
      stream.close(constants.NGHTTP2_CANCEL);
    });
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
      reject(new TypeError('fetch failed', { cause: reasonOf(stream) }));
      // One that was reset or lost its connection ends as well: its code tells them apart.
      if (ended && failure === undefined && stream.rstCode === constants.NGHTTP2_NO_ERROR) answer?.body.end();
      else {
        const why = failure ?? new Error('other side closed');
        answer?.body.fail(new TypeError('terminated', { cause: why }));
      }
    });
    if (body !== undefined) stream.end(body);

    /** Of an end before an answer. One that was reset says something of the request, and not that the connection has died. */
    function reasonOf({ rstCode }: ClientHttp2Stream): unknown {
      const refused = rstCode === constants.NGHTTP2_REFUSED_STREAM;
      const died = servedBefore && timedOut === undefined && (session.closed || session.destroyed);
      if (refused || died) return new ConnectionDied('closed before an answer', { cause: failure });
      return failure ?? new Error(`the stream was closed with code ${rstCode ?? 0}`);
    }
  });
}
