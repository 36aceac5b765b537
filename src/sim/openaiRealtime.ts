// OpenAI's Realtime API as far as transcription goes, over a real socket. It knows what was said by
// recognising the sound that reached it.
import type { IncomingMessage } from 'node:http';
import type { Clock } from '../base/clock.ts';
import { defined } from '../base/defined.ts';
import type { Random } from '../base/random.ts';
import type { SimFault, SimTimings } from './behaviour.ts';
import { RealtimeSession } from './realtimeSession.ts';
import type { Phrasebook } from './recogniser.ts';
import type { SimServer } from './server.ts';

export type RealtimeFault =
  | SimFault
  /** Of each two completions the second comes first. */
  | { readonly kind: 'outOfOrder' }
  /** Items fail instead of being completed. */
  | { readonly kind: 'failedItems' };

export interface SimulatedRealtimeOptions {
  readonly book: Phrasebook;
  /** A function if they change while it runs. */
  readonly timings: SimTimings | (() => SimTimings);
  readonly random: Random;
  readonly clock: Clock;
  /** Asked once a connection. */
  readonly faults?: () => RealtimeFault | undefined;
  /** Asked for everything that any session says; a status or a refusal is for who comes. */
  readonly liveFault?: () => RealtimeFault | undefined;
  /** Takes 24 kHz PCM alone. */
  readonly refusePcmu?: boolean;
  /** 60 minutes, as the real one. */
  readonly sessionMsMax?: number;
  readonly onSession?: (session: RealtimeSession) => void;
  /** A final is being sent. */
  readonly onFinal?: (atMs: number, text: string) => void;
}

/** What all sessions together saw. */
export interface RealtimeCounts {
  sessions: number;
  openSessions: number;
  /** Bytes of audio that came before the session was configured: they'd have been taken for another format. */
  misreadBytes: number;
  heardMs: number;
  /** `input_audio_buffer.append` events. */
  appends: number;
  commits: number;
  /** Commits of less than 100 ms. */
  emptyCommits: number;
  /** Messages that were answered with any other error. */
  refusals: number;
}

const SESSION_MS_MAX = 60 * 60_000;

/** Adds the route `/v1/realtime`; answers counts that go on counting. */
export function simulatedRealtime(
  server: SimServer,
  options: SimulatedRealtimeOptions,
): Readonly<RealtimeCounts> {
  const counts: RealtimeCounts = {
    sessions: 0,
    openSessions: 0,
    misreadBytes: 0,
    heardMs: 0,
    appends: 0,
    commits: 0,
    emptyCommits: 0,
    refusals: 0,
  };
  const { timings } = options;
  /** What goes wrong with a connection is decided before it is one. */
  const faults = new WeakMap<IncomingMessage, RealtimeFault>();
  server.webSocket(
    '/v1/realtime',
    (socket, request) => {
      const session = new RealtimeSession(socket, new URL(request.url ?? '/', 'http://sim').searchParams, {
        book: options.book,
        timings: typeof timings === 'function' ? timings : () => timings,
        random: options.random,
        clock: options.clock,
        refusePcmu: options.refusePcmu ?? false,
        sessionMsMax: options.sessionMsMax ?? SESSION_MS_MAX,
        fault: faults.get(request),
        counts,
        ...defined({ onFinal: options.onFinal, liveFault: options.liveFault }),
      });
      options.onSession?.(session);
      session.greet();
    },
    (request) => {
      if (!/^Bearer \S+$/.test(request.headers.authorization ?? '')) return { status: 401 };
      const fault = options.faults?.();
      if (fault?.kind === 'status') return fault;
      if (fault !== undefined) faults.set(request, fault);
      return undefined;
    },
  );
  return counts;
}
