// Streams that any instance may take, whichever of them has announced them: what is known of the call lies in Redis for as
// long as its token is good, and whoever takes the stream claims it there first. `SET NX` lets one win, at both at the same moment.
import { createHash } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { parseJson } from '../base/json.ts';
import type { CallInfo } from '../call/port.ts';
import { callInfoJson, parseCallInfo } from '../call/snapshot.ts';
import type { AnnouncedStream, ClaimOutcome, OtherStreams } from './port.ts';
import type { Link } from './redisLink.ts';

/** How long it is known that a stream was begun: nobody plays a webhook or a token again within it. */
const CLAIMED_MS = 24 * 3_600_000;
/** Claims that Redis has not been told of; the oldest are forgotten. */
export const OWED_MAX = 10_000;
const CHANNEL = 'taken';

/**
 * KEYS: the record of the call, what claims begin with. ARGV: digest of the token, what the stream may be begun with only
 * once (empty: as the record says), who claims, how long that is known.
 */
const CLAIM = `
local record = redis.call('GET', KEYS[1])
local once = ARGV[2]
if record then
  local first = string.find(record, '\\n', 1, true)
  local second = string.find(record, '\\n', first + 1, true)
  if string.sub(record, 1, first - 1) ~= ARGV[1] then return {'void'} end
  once = string.sub(record, first + 1, second - 1)
  record = string.sub(record, second + 1)
elseif once == '' then
  return {'unknown'}
end
if not redis.call('SET', KEYS[2] .. once, ARGV[3], 'NX', 'PX', ARGV[4]) then return {'used'} end
return {'ok', record or ''}
`;
const ANNOUNCE = `redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])`;
const FIND = `return redis.call('GET', KEYS[1])`;

export interface SharedStreamsOptions {
  readonly link: Link;
  readonly instance: string;
  readonly clock: Clock;
}

interface Owed {
  readonly token: string;
  readonly callSid: string;
  readonly once: string;
}

export class SharedStreams implements OtherStreams {
  readonly #options: SharedStreamsOptions;
  /** Taken here while Redis was away: claimed as soon as it is back, before anybody plays them again. */
  readonly #owed = new Map<string, Owed>();

  constructor(options: SharedStreamsOptions) {
    this.#options = options;
    options.link.onUp(() => this.#settle());
  }

  announce({ token, once, kind, info, durationMs }: AnnouncedStream): void {
    const { link } = this.#options;
    if (!link.up) return;
    const head = token === undefined ? '\n' : `${digest(token)}\n${digest(once ?? token)}`;
    const record = `${head}\n${JSON.stringify({ kind, info: callInfoJson(info) })}`;
    // Without it the stream has to come back here, as it would without Redis; the link tells why.
    link.run(ANNOUNCE, [this.#record(info.callSid)], [record, String(durationMs)]).catch(() => undefined);
  }

  async find(callSid: string): Promise<CallInfo | undefined> {
    const record = await this.#options.link.run(FIND, [this.#record(callSid)], []);
    return typeof record === 'string' ? parsed(record.split('\n').at(-1) ?? '')?.info : undefined;
  }

  async claim(token: string, callSid: string): Promise<ClaimOutcome> {
    return this.#claim({ token, callSid, once: '' });
  }

  async claimOwn(token: string, callSid: string, once: string | undefined): Promise<'ok' | 'used' | 'void'> {
    const own = { token, callSid, once: once ?? token };
    try {
      const { kind } = await this.#claim(own);
      return kind === 'unknown' ? 'ok' : kind;
    } catch (error) {
      this.#owe(own);
      throw error;
    }
  }

  taken(callSid: string): void {
    const { link, instance } = this.#options;
    link.publish(CHANNEL, `${instance} ${callSid}`).catch(() => undefined);
  }

  onTaken(listener: (callSid: string) => void): void {
    this.#options.link.subscribe(CHANNEL, (message) => {
      const [from, callSid = ''] = message.split(' ');
      if (from !== this.#options.instance) listener(callSid);
    });
  }

  async #claim({ token, callSid, once }: Owed): Promise<ClaimOutcome> {
    const { link, instance } = this.#options;
    const keys = [this.#record(callSid), link.key('begun:')];
    const values = [digest(token), once === '' ? '' : digest(once), instance, String(CLAIMED_MS)];
    const answer = await link.run(CLAIM, keys, values);
    const [kind, record] = Array.isArray(answer) ? answer.map(String) : [];
    if (kind === 'ok') return { kind, stream: parsed(record ?? '') };
    return { kind: kind === 'used' || kind === 'void' ? kind : 'unknown' };
  }

  #owe(owed: Owed): void {
    const [oldest] = this.#owed.keys();
    if (oldest !== undefined && this.#owed.size >= OWED_MAX) this.#owed.delete(oldest);
    this.#owed.set(owed.token, owed);
  }

  #settle(): void {
    for (const owed of this.#owed.values()) {
      this.#owed.delete(owed.token);
      this.#claim(owed).catch(() => this.#owe(owed));
    }
  }

  #record(callSid: string): string {
    return this.#options.link.key(`announced:${callSid}`);
  }
}

/** Tokens and signatures are secrets: who reads Redis learns none. */
function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

function parsed(text: string): { readonly kind: 'new' | 'resumed'; readonly info: CallInfo } | undefined {
  const value = parseJson(text);
  if (typeof value !== 'object' || value === null || !('info' in value) || !('kind' in value))
    return undefined;
  const info = parseCallInfo(value.info);
  return info === undefined ? undefined : { kind: value.kind === 'resumed' ? 'resumed' : 'new', info };
}
