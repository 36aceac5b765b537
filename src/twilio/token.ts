// The token that a stream brings back: proof that it is the stream our TwiML asked for. A signature
// says that Twilio is calling; only the token says which call, and that nobody plays it again.
import { secretText } from '../base/random.ts';
import { sameText } from '../base/sameText.ts';
import type { Clock } from '../base/clock.ts';

/** Twilio opens the stream within a second or two of our TwiML. */
export const TOKEN_TTL_MS = 60_000;
/** How long a token past its time is still told apart from one that never was. */
const REMEMBERED_MS = 10 * 60_000;
const ID_BYTES = 9;
const SECRET_BYTES = 24;

export type Redemption = 'ok' | 'unknown' | 'expired' | 'used' | 'wrong_call';

interface Token {
  readonly callSid: string;
  /** What it may begin a stream for but once, whatever other tokens that is given. */
  readonly once: string | undefined;
  /** A text: a small buffer would hold on to the pool that it was cut from for as long as it is remembered. */
  readonly secret: string;
  readonly mintedAtMs: number;
  used: boolean;
}

/**
 * Tokens of one use, for one call, for one minute. Held in memory, because media comes back to the
 * very instance that answered the webhook. At most `tokensMax`: over it the oldest is forgotten.
 */
export class StreamTokens {
  readonly #tokensMax: number;
  readonly #clock: Clock;
  /** By id, oldest first. */
  readonly #tokens = new Map<string, Token>();
  /** The one live token of a call. */
  readonly #idOfCall = new Map<string, string>();

  constructor(tokensMax: number, clock: Clock) {
    this.#tokensMax = tokensMax;
    this.#clock = clock;
  }

  get count(): number {
    return this.#tokens.size;
  }

  /** A new token for this call; an earlier one of the same call is void. */
  mint(callSid: string, once?: string): string {
    this.#sweep();
    const earlier = this.#idOfCall.get(callSid);
    if (earlier !== undefined) this.#forget(earlier);
    const id = secretText(ID_BYTES);
    const secret = secretText(SECRET_BYTES);
    this.#tokens.set(id, {
      callSid,
      once,
      secret,
      mintedAtMs: this.#clock.nowMs(),
      used: false,
    });
    this.#idOfCall.set(callSid, id);
    return `${id}.${secret}`;
  }

  /** Spends the token, if it is one, belongs to this call and has not been spent. */
  redeem(token: string, callSid: string): Redemption {
    const dot = token.indexOf('.');
    const found = this.#tokens.get(token.slice(0, Math.max(0, dot)));
    if (found === undefined) return 'unknown';
    // The id only finds the token; the secret is what proves it.
    if (!sameText(token.slice(dot + 1), found.secret)) return 'unknown';
    if (found.callSid !== callSid) return 'wrong_call';
    if (found.used) return 'used';
    if (this.#clock.nowMs() - found.mintedAtMs > TOKEN_TTL_MS) return 'expired';
    found.used = true;
    return 'ok';
  }

  /** What a token was minted with, if it is one. */
  onceOf(token: string): string | undefined {
    return this.#tokens.get(token.slice(0, Math.max(0, token.indexOf('.'))))?.once;
  }

  /** The call's token is void. */
  revoke(callSid: string): void {
    const id = this.#idOfCall.get(callSid);
    if (id !== undefined) this.#forget(id);
  }

  #sweep(): void {
    const oldestMs = this.#clock.nowMs() - REMEMBERED_MS;
    for (const [id, token] of this.#tokens) {
      if (token.mintedAtMs >= oldestMs && this.#tokens.size < this.#tokensMax) break;
      this.#forget(id);
    }
  }

  #forget(id: string): void {
    const token = this.#tokens.get(id);
    if (token === undefined) return;
    this.#tokens.delete(id);
    if (this.#idOfCall.get(token.callSid) === id) this.#idOfCall.delete(token.callSid);
  }
}
