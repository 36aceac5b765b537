// What the carrier is told of calls whose streams are over, and about which of them it has not asked yet.
import type { Clock } from '../base/clock.ts';
import type { Ending } from './connection.ts';
import type { AfterStream } from './port.ts';

/** The carrier asks what comes next within a second; a process that waits for it gives up after this. */
const ASKED_MS_MAX = 3_000;
/** How many ended calls are remembered, for the carrier's question of what comes next. */
const ENDED_MAX = 10_000;

export class Afterwards {
  readonly #clock: Clock;
  /** What we wanted of calls whose stream we closed; the oldest are forgotten first. */
  readonly #after = new Map<string, AfterStream>();
  /** Calls that we have ended or left, and when: about them the carrier is going to ask. The oldest first. */
  readonly #unasked = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(callSid: string): AfterStream | undefined {
    return this.#after.get(callSid);
  }

  remember(callSid: string, after: AfterStream): void {
    this.#after.delete(callSid);
    this.#after.set(callSid, after);
    const oldest = this.#after.keys().next();
    if (this.#after.size > ENDED_MAX && oldest.done !== true) this.#after.delete(oldest.value);
  }

  /** Its stream is over now, and the carrier doesn't know yet what comes next. */
  awaitQuestion(callSid: string): void {
    const nowMs = this.#clock.nowMs();
    for (const [oldest, endedAtMs] of this.#unasked) {
      if (endedAtMs + ASKED_MS_MAX > nowMs) break;
      this.#unasked.delete(oldest);
    }
    this.#unasked.set(callSid, nowMs);
  }

  /** The carrier has asked. Whether that was awaited. */
  asked(callSid: string): boolean {
    return this.#unasked.delete(callSid);
  }

  /** For how long the carrier may yet ask about some call. */
  get unaskedMs(): number {
    const [newestAtMs] = [...this.#unasked.values()].slice(-1);
    return newestAtMs === undefined ? 0 : Math.max(0, newestAtMs + ASKED_MS_MAX - this.#clock.nowMs());
  }
}

/** What comes after a call that we have ended so. */
export function afterOf(ending: Ending | undefined): AfterStream {
  return ending?.kind === 'dial' ? { kind: 'dial', to: ending.to } : { kind: 'hangup' };
}
