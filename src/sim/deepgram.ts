// Deepgram's live transcription over real sockets: Flux (`/v2/listen`) and the other models (`/v1/listen`). It knows what
// was said by recognising the sound that reached it.
import type { IncomingMessage } from 'node:http';
import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { SimFault, SimTimings } from './behaviour.ts';
import { DeepgramStream, type DeepgramCounts, type DeepgramDialect } from './deepgramStream.ts';
import { fluxDialect, wrongWithFlux, type FluxTimings } from './deepgramFlux.ts';
import { listenDialect, wrongWithListen } from './deepgramListen.ts';
import type { Phrasebook } from './recogniser.ts';
import type { SimServer } from './server.ts';

export interface SimulatedDeepgramOptions {
  readonly book: Phrasebook;
  /** A function if they change while it runs. */
  readonly timings: SimTimings | (() => SimTimings);
  readonly random: Random;
  readonly clock: Clock;
  /** Asked once a connection. */
  readonly faults?: () => SimFault | undefined;
  readonly flux?: Partial<FluxTimings>;
  /** So much audio lies between two messages while nothing happens; 240 ms, as the real one. */
  readonly updateMs?: number;
  readonly onStream?: (stream: DeepgramStream) => void;
}

const UPDATE_MS = 240;
const REQUEST_ID = '00000000-0000-4000-8000-000000000000';

/** Adds both routes; answers counts that go on counting. */
export function simulatedDeepgram(
  server: SimServer,
  options: SimulatedDeepgramOptions,
): Readonly<DeepgramCounts> {
  const counts: DeepgramCounts = { sessions: 0, openSessions: 0, heardMs: 0, keepAlives: 0, asked: 0 };
  const { timings } = options;
  /** What goes wrong with a connection is decided before it is one. */
  const faults = new WeakMap<IncomingMessage, SimFault>();
  const route = (
    path: string,
    dialect: (query: URLSearchParams) => DeepgramDialect,
    wrongWith: (query: URLSearchParams) => string | undefined,
  ): void => {
    server.webSocket(
      path,
      (socket, request) => {
        const stream = new DeepgramStream(socket, dialect(queryOf(request)), {
          book: options.book,
          timings: typeof timings === 'function' ? timings : () => timings,
          random: options.random,
          clock: options.clock,
          updateMs: options.updateMs ?? UPDATE_MS,
          fault: faults.get(request),
          counts,
        });
        options.onStream?.(stream);
        stream.greet();
      },
      (request) => {
        const headers = { 'dg-request-id': REQUEST_ID };
        if (!/^Token \S+$/.test(request.headers.authorization ?? '')) {
          return { status: 401, headers: { ...headers, 'dg-error': 'Invalid credentials.' } };
        }
        const fault = options.faults?.();
        if (fault?.kind === 'status') return fault;
        const wrong = wrongWith(queryOf(request));
        if (wrong !== undefined) return { status: 400, headers: { ...headers, 'dg-error': wrong } };
        if (fault !== undefined) faults.set(request, fault);
        return undefined;
      },
    );
  };
  route('/v1/listen', listenDialect, wrongWithListen);
  route('/v2/listen', (query) => fluxDialect(query, options.flux ?? {}), wrongWithFlux);
  return counts;
}

function queryOf(request: IncomingMessage): URLSearchParams {
  return new URL(request.url ?? '/', 'http://sim').searchParams;
}
