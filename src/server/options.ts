// What the server is given: everything it needs of the rest, as interfaces, and its bounds.
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { LiveCalls } from '../call/port.ts';
import type { EventBus } from '../events/bus.ts';
import type { AskedOutcome, OtherInstances, OtherStreams, SharedTickets } from '../fleet/port.ts';
import type { CallEraser, CallReader } from '../store/port.ts';
import type { TwilioRest } from '../twilio/rest.ts';
import type { OverloadReason } from './overload.ts';
import type { RateLimitOptions, SharedLimits } from './rateLimits.ts';

/** Why something was refused: the label of `rejected_total`, a closed set. */
export type RejectedWhat =
  /** A webhook or an upgrade without Twilio's signature, or with a wrong one. */
  | 'signature'
  /** No bearer or a wrong one, or a peer that isn't local where only local ones are served. */
  | 'auth'
  /** A stream whose token is unknown, spent, out of time or another call's. */
  | 'token'
  /** A webhook that has begun a stream before. */
  | 'replay'
  /** A stream of a call that nobody announced. */
  | 'unknown_call'
  /** A message on a media stream that was not understood. */
  | 'message'
  /** A media socket on which no stream started in time. */
  | 'start_timeout'
  /** A peer that did not read what it was sent. */
  | 'too_slow'
  /** A call, a stream or a watcher more than this instance takes. */
  | 'overload'
  /** A request of an address that was refused, or has asked, too often. */
  | 'address'
  /** A call of or to a number that has had too many. */
  | 'number'
  /** A line for the agent to say, to a call that keeps as many waiting as it may. */
  | 'line'
  /** A body that is too large, not of a known kind, or not well formed. */
  | 'body'
  /** A form of Twilio's without what it must have. */
  | 'webhook'
  /** Not HTTP, or a request that was not finished in time. */
  | 'request'
  /** An upgrade to a path where nothing listens. */
  | 'path';

export interface ServerMetrics {
  rejected(what: RejectedWhat): void;
  /** Others were asked to act on a call that is none of this instance. */
  askedOthers(outcome: AskedOutcome['kind']): void;
  /** The page for a scraper with this `Accept` header. */
  render(accept: string | undefined): Promise<{ readonly contentType: string; readonly body: string }>;
}

/** Where live events can be watched. */
export type LiveEvents = Pick<EventBus, 'watch'>;

export interface Readiness {
  readonly ready: boolean;
  /** Why not, for a person: `warming_up`, `database`, `spool`, ... */
  readonly reasons: readonly string[];
  /** What is away and nevertheless keeps no call from here: `database`, `spool`, `redis`. */
  readonly without?: readonly string[];
}

/** What is said in Twilio's voice when the agent's can't be had. */
export interface SpokenLines {
  /** BCP 47, such as `en-US`. */
  readonly language: string;
  readonly busy: string;
  readonly apology: string;
}

export interface ServerLimits {
  readonly bodyBytesMax: number;
  /** For the whole of a request to arrive. */
  readonly requestTimeoutMs: number;
  readonly headersTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  /** A client that takes no byte of its answer for so long is cut, and with it what was opened for it. */
  readonly unreadTimeoutMs: number;
  /** How often the two above are looked at. */
  readonly timeoutCheckMs: number;
  readonly connectionsMax: number;
  /** A WebSocket message above this closes its socket with 1009. */
  readonly messageBytesMax: number;
  readonly startWithinMs: number;
  /** Unsent bytes to Twilio. A minute of mu-law is 0.64 MB as base64, and playout stays 200 ms ahead. */
  readonly streamBufferedBytesMax: number;
  readonly watchersMax: number;
  /** How long an outgoing call may ring. */
  readonly ringTimeoutMs: number;
  /** The store's answer is awaited so long when Twilio wants to know what next. */
  readonly storeTimeoutMs: number;
  readonly closeTimeoutMs: number;
}

export const SERVER_LIMITS: ServerLimits = {
  bodyBytesMax: 64 * 1024,
  requestTimeoutMs: 10_000,
  headersTimeoutMs: 5_000,
  keepAliveTimeoutMs: 65_000,
  unreadTimeoutMs: 30_000,
  timeoutCheckMs: 1_000,
  connectionsMax: 2_000,
  messageBytesMax: 64 * 1024,
  startWithinMs: 10_000,
  streamBufferedBytesMax: 1024 * 1024,
  watchersMax: 100,
  ringTimeoutMs: 30_000,
  storeTimeoutMs: 3_000,
  closeTimeoutMs: 2_000,
};

export interface ServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Where Twilio finds us, such as `https://voice.example.com`; without it the address listened on. */
  readonly publicUrl: string | undefined;
  /** The `wss://` origin of this very instance; without it `publicUrl` with `ws` for `http`. */
  readonly streamUrl: string | undefined;
  /** Without a token only local peers are served; with an account's sid only its streams are. */
  readonly twilio: { readonly accountSid: string | undefined; readonly authToken: string | undefined };
  readonly adminToken: string | undefined;
  readonly callsMax: number;
  /** Another instance's voice webhook, for calls that this one can't take; without it they hear `lines.busy`. */
  readonly overflowUrl?: string | undefined;
  /** Why the process is too slow for another call, if it is. */
  readonly overloaded?: () => OverloadReason | undefined;
  /** Recordings are below it. */
  readonly dataDir: string;
  /** The build of the web console; without a page in it the console says that it isn't built. */
  readonly consoleDir: string;
  /** Of the agent that is loaded: an outgoing call may name no other. */
  readonly agentName: string;
  /** The number that outgoing calls come from when the request names none. */
  readonly callerNumber: string | undefined;
  readonly lines: SpokenLines;
  readonly calls: LiveCalls;
  readonly reader: CallReader;
  readonly eraser: CallEraser;
  readonly events: LiveEvents;
  readonly metrics: ServerMetrics;
  /** Without them this instance is all there is. */
  readonly others?: OtherInstances | undefined;
  /** Where instances announce streams to each other; without it each stream comes back to the one that announced it. */
  readonly streams?: OtherStreams | undefined;
  /** Where instances spend tickets together; without it each knows of those that were shown to it. */
  readonly sharedTickets?: SharedTickets | undefined;
  /** Places outgoing calls; without it there are none. */
  readonly rest: TwilioRest | undefined;
  readonly readiness: () => Readiness;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly limits?: Partial<ServerLimits>;
  readonly rateLimits?: RateLimitOptions;
  /** Where instances count together. */
  readonly sharedLimits?: SharedLimits | undefined;
}
