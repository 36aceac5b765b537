// Calls that were announced and whose stream is not there yet.
import type { Clock } from '../base/clock.ts';
import type { CallInfo } from '../call/port.ts';

/** `resumed`: a call that is counted as active already and comes back with a new stream. */
export type PendingKind = 'new' | 'resumed';

interface Pending {
  readonly info: CallInfo;
  readonly kind: PendingKind;
  readonly expiresAtMs: number;
}

/** Remembers at most `callsMax` calls, each for its time; over the bound the oldest is forgotten. */
export class PendingCalls {
  readonly #callsMax: number;
  readonly #clock: Clock;
  readonly #calls = new Map<string, Pending>();

  constructor(callsMax: number, clock: Clock) {
    this.#callsMax = callsMax;
    this.#clock = clock;
  }

  /** How many of this kind are awaited. */
  count(kind: PendingKind): number {
    this.#sweep();
    let count = 0;
    for (const pending of this.#calls.values()) if (pending.kind === kind) count += 1;
    return count;
  }

  remember(info: CallInfo, kind: PendingKind, durationMs: number): void {
    this.#sweep();
    this.#calls.delete(info.callSid);
    const [oldest] = this.#calls.keys();
    if (oldest !== undefined && this.#calls.size >= this.#callsMax) this.#calls.delete(oldest);
    this.#calls.set(info.callSid, { info, kind, expiresAtMs: this.#clock.nowMs() + durationMs });
  }

  find(callSid: string): CallInfo | undefined {
    this.#sweep();
    return this.#calls.get(callSid)?.info;
  }

  /** Whether it is awaited, and had a stream before. */
  isResumed(callSid: string): boolean {
    this.#sweep();
    return this.#calls.get(callSid)?.kind === 'resumed';
  }

  take(callSid: string): CallInfo | undefined {
    const info = this.find(callSid);
    this.#calls.delete(callSid);
    return info;
  }

  #sweep(): void {
    const nowMs = this.#clock.nowMs();
    for (const [callSid, pending] of this.#calls) {
      if (pending.expiresAtMs <= nowMs) this.#calls.delete(callSid);
    }
  }
}
