// Who may come in: this instance's places, counted from the announcement of a call to its end.
import type { Clock } from '../base/clock.ts';
import type { CallInfo, LiveCalls } from '../call/port.ts';
import type { OtherStreams } from '../fleet/port.ts';
import { StreamTokens, TOKEN_TTL_MS, type Redemption } from '../twilio/token.ts';
import { PendingCalls } from './pendingCalls.ts';

/** Reconnections of one call after lost streams; one more and something is wrong that another won't mend. */
export const RECONNECTS_MAX = 3;
/** Calls whose reconnections are remembered; over it the oldest is forgotten. */
const RECONNECTING_CALLS_MAX = 10_000;

/** Webhooks that have begun a stream, or whose call is over, remembered so that they begin no other. */
const BEGUN_MAX = 10_000;

/** Why no new call is taken. */
export type RefusalReason = 'draining' | 'at_capacity' | 'overloaded';

export class Admission {
  readonly #callsMax: number;
  readonly #calls: LiveCalls;
  readonly #isOverloaded: () => boolean;
  readonly #streams: OtherStreams | undefined;
  readonly #pending: PendingCalls;
  readonly #tokens: StreamTokens;
  /** What may not begin a stream any more; the oldest first. */
  readonly #begun = new Set<string>();
  readonly #reconnects = new Map<string, number>();
  readonly #creating = new Set<Promise<unknown>>();
  /** Media sockets on which no call has started yet. */
  #unstartedStreams = 0;
  #draining = false;

  /** `isOverloaded`: the process is too slow for one more, though there are places left. */
  constructor(
    callsMax: number,
    calls: LiveCalls,
    clock: Clock,
    isOverloaded: () => boolean = () => false,
    streams?: OtherStreams,
  ) {
    this.#streams = streams;
    this.#callsMax = callsMax;
    this.#isOverloaded = isOverloaded;
    this.#calls = calls;
    // Twice, because at worst every place is held by a call that is being resumed.
    this.#pending = new PendingCalls(callsMax * 2, clock);
    // Spent tokens are kept for a while, so that a replay is told from nonsense.
    this.#tokens = new StreamTokens(callsMax * 8, clock);
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** Takes no new calls from now on; those announced and those resumed still come in. */
  drain(): void {
    this.#draining = true;
  }

  get full(): boolean {
    return this.#calls.activeCount + this.#pending.count('new') + this.#creating.size >= this.#callsMax;
  }

  /** Everything that is against one call more; empty when it may come. */
  get refusals(): readonly RefusalReason[] {
    return [
      ...(this.#draining ? (['draining'] as const) : []),
      ...(this.full ? (['at_capacity'] as const) : []),
      ...(this.#isOverloaded() ? (['overloaded'] as const) : []),
    ];
  }

  /**
   * Whether one more media socket may wait for its start: there is one for each place that is free or announced, and one for
   * each call that is resumed, which needs no place.
   */
  get streamsFull(): boolean {
    const places = Math.max(this.#callsMax - this.#calls.activeCount, this.#pending.count('new'));
    return this.#unstartedStreams >= places + this.#pending.count('resumed');
  }

  /** An announced call: remembered, and a token for its stream. An earlier token of the call is void. */
  announce(info: CallInfo, kind: 'new' | 'resumed', once?: string): string {
    this.#pending.remember(info, kind, TOKEN_TTL_MS);
    const token = this.#tokens.mint(info.callSid, once);
    this.#streams?.announce({ token, once, kind, info, durationMs: TOKEN_TTL_MS });
    return token;
  }

  /** Whether a stream was begun with it here, or may never be. */
  hasBegun(once: string): boolean {
    return this.#begun.has(once);
  }

  /** It begins no stream from now on. */
  noteBegun(once: string): void {
    this.#begun.add(once);
    const [oldest] = this.#begun;
    if (oldest !== undefined && this.#begun.size > BEGUN_MAX) this.#begun.delete(oldest);
  }

  /** Its stream went to another instance. */
  takenElsewhere(callSid: string): void {
    this.#tokens.revoke(callSid);
    this.#pending.take(callSid);
  }

  /** A call that rings somewhere and is not answered yet. */
  expect(info: CallInfo, durationMs: number): void {
    this.#pending.remember(info, 'new', durationMs);
    this.#streams?.announce({ token: undefined, once: undefined, kind: 'new', info, durationMs });
  }

  redeem(
    token: string,
    callSid: string,
  ): { readonly redemption: Redemption; readonly once: string | undefined } {
    const redemption = this.#tokens.redeem(token, callSid);
    const once = this.#tokens.onceOf(token);
    if (redemption === 'ok' && once !== undefined) this.noteBegun(once);
    return { redemption, once };
  }

  find(callSid: string): CallInfo | undefined {
    return this.#pending.find(callSid);
  }

  /** Whether the stream that is awaited is not the call's first. */
  isResumed(callSid: string): boolean {
    return this.#pending.isResumed(callSid);
  }

  /** The call is no longer awaited: its stream is there, or will never be. */
  take(callSid: string): CallInfo | undefined {
    return this.#pending.take(callSid);
  }

  /** Whether this call may be connected once more; counts it. */
  mayReconnect(callSid: string): boolean {
    const count = (this.#reconnects.get(callSid) ?? 0) + 1;
    this.#reconnects.delete(callSid);
    const [oldest] = this.#reconnects.keys();
    if (oldest !== undefined && this.#reconnects.size >= RECONNECTING_CALLS_MAX) {
      this.#reconnects.delete(oldest);
    }
    this.#reconnects.set(callSid, count);
    return count <= RECONNECTS_MAX;
  }

  /** Holds a place while the carrier is asked to place a call. */
  async creating<T>(work: Promise<T>): Promise<T> {
    this.#creating.add(work);
    try {
      return await work;
    } finally {
      this.#creating.delete(work);
    }
  }

  /**
   * The call of this sid; waits for those that are being placed, because the carrier may ask about
   * a call before it has told us its sid.
   */
  async findPlaced(callSid: string): Promise<CallInfo | undefined> {
    const known = this.find(callSid);
    if (known !== undefined || this.#creating.size === 0) return known;
    await Promise.allSettled(this.#creating);
    return this.find(callSid);
  }

  /** A media socket waits for its start; call what is answered, once, when it waits no longer. */
  streamWaits(): () => void {
    this.#unstartedStreams += 1;
    let waits = true;
    return () => {
      if (waits) this.#unstartedStreams -= 1;
      waits = false;
    };
  }
}
