// Who asks too often. What bears Twilio's signature is never counted by its address: all of it comes from a few, and behind
// a proxy from one. Counted are refusals by address, requests with the right bearer by address, and calls by number.
import type { IncomingMessage } from 'node:http';
import type { BlockList } from 'node:net';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { RateLimiter } from '../base/rateLimiter.ts';
import { addressOf, proxyList } from './address.ts';
import { ApiError } from './apiError.ts';
import type { ServerContext } from './context.ts';
import type { RejectedWhat, ServerMetrics } from './options.ts';

/** Some 200 bytes each. */
const KEYS_MAX = 10_000;
/** What stands for a withheld number is shared by all who withhold theirs. */
const NUMBER = /^\+[1-9]\d{6,14}$/;

/** What is counted, and told to other instances by this name. */
export type LimitName = 'refused' | 'api' | 'number';

export interface RateLimitOptions {
  /** Each at once, and then in every minute; 0: no limit. */
  readonly perMinute: Readonly<Record<LimitName, number>>;
  /** Whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[];
}

export const RATE_LIMITS: RateLimitOptions = {
  perMinute: { refused: 300, api: 6_000, number: 300 },
  trustedProxies: [],
};

/** Where instances tell each other what was taken. */
export interface SharedLimits {
  taken(name: string, key: string): void;
  /** Who is told what others have taken. */
  listen(onTaken: (name: string, key: string, count: number) => void): void;
}

export interface RateLimitDeps {
  readonly clock: Clock;
  readonly metrics: ServerMetrics;
  readonly logger: Logger;
  readonly shared?: SharedLimits | undefined;
}

export class RateLimits {
  readonly #deps: RateLimitDeps;
  readonly #trusted: BlockList;
  readonly #limiters: Readonly<Record<LimitName, RateLimiter>>;

  constructor({ perMinute, trustedProxies }: RateLimitOptions, deps: RateLimitDeps) {
    this.#deps = deps;
    this.#trusted = proxyList(trustedProxies);
    const limiter = (name: LimitName): RateLimiter =>
      new RateLimiter({
        perMinute: perMinute[name],
        keysMax: KEYS_MAX,
        clock: deps.clock,
        onTaken: (key) => deps.shared?.taken(name, key),
      });
    this.#limiters = { refused: limiter('refused'), api: limiter('api'), number: limiter('number') };
    deps.shared?.listen((name, key, count) => {
      if (isLimitName(name)) this.#limiters[name].takenElsewhere(key, count);
    });
  }

  /** A request was refused for want of a signature or a bearer: whether its address has been so too often, and how long that lasts. */
  refused(request: IncomingMessage): number | undefined {
    return this.#limiters.refused.take(addressOf(request, this.#trusted));
  }

  /** A request has the right bearer. Throws a 429 when its address has asked too often. */
  admitApi(request: IncomingMessage): void {
    throwIfLate(this.#take('api', addressOf(request, this.#trusted), 'address'), 'too_many_requests');
  }

  /** A call of this number comes in: whether it is one too many. */
  tooManyCalls(number: string): boolean {
    return NUMBER.test(number) && this.#take('number', number, 'number') !== undefined;
  }

  /** Somebody is to be called from our number. Throws a 429 when either has had too many calls. */
  admitCall(from: string, to: string): void {
    for (const number of [to, from]) {
      throwIfLate(this.#take('number', number, 'number'), 'too_many_calls');
    }
  }

  #take(name: 'api' | 'number', key: string, what: 'address' | 'number'): number | undefined {
    const lateMs = this.#limiters[name].take(key);
    if (lateMs === undefined) return undefined;
    this.#deps.metrics.rejected(what);
    this.#deps.logger.debug({ limit: name }, 'somebody asks too often');
    return lateMs;
  }
}

/**
 * What a refused request is answered: `error`, counted as `what`, or to an address that was refused too often a 429. Only
 * what was found wanting comes here, so nobody who is right is ever kept out by others at the same address.
 */
export function refusalOf(
  { rates, options }: ServerContext,
  request: IncomingMessage,
  what: RejectedWhat,
  error: ApiError,
): ApiError {
  const lateMs = rates.refused(request);
  options.metrics.rejected(lateMs === undefined ? what : 'address');
  return lateMs === undefined ? error : tooOften(lateMs, 'too_many_requests');
}

function tooOften(lateMs: number, code: string): ApiError {
  return new ApiError(429, code, 'too often: try again later', lateMs);
}

function throwIfLate(lateMs: number | undefined, code: string): void {
  if (lateMs !== undefined) throw tooOften(lateMs, code);
}

function isLimitName(name: string): name is LimitName {
  return name === 'refused' || name === 'api' || name === 'number';
}
