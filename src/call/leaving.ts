// When calls are left to other instances: each at a moment in which its caller loses nothing by the gap between two streams.
import type { Clock } from '../base/clock.ts';

/** A call that is handed over is left in mid-word when there was no better moment for so long. */
const QUIET_WITHIN_MS = 8_000;
/**
 * Behind the agent's last sound the caller is about to answer, most of them within a second; nobody hears what is said in the
 * gap. Who has said nothing for so long is not just about to.
 */
const QUIET_MS = 1_500;

/** `owed`: the caller waits for an answer, and hears nothing of it yet; quiet: nobody speaks, or is heard to have anything to say. */
export type Lull = 'owed' | 'quiet' | undefined;

/** One for a process that leaves its calls. */
export class Leaving {
  readonly #clock: Clock;
  readonly #deadlineMs: number;
  /** As far back as it was looked. */
  readonly #quietSinceMs = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#deadlineMs = clock.nowMs() + QUIET_WITHIN_MS;
  }

  /** There is no time any more for a better moment. */
  get isLate(): boolean {
    return this.#clock.nowMs() >= this.#deadlineMs;
  }

  /** Whether the call, in which there is this lull now, is to be left now. For each call every few frames. */
  isDue(callSid: string, lull: Lull): boolean {
    const nowMs = this.#clock.nowMs();
    const sinceMs = lull === 'quiet' ? (this.#quietSinceMs.get(callSid) ?? nowMs) : undefined;
    if (sinceMs === undefined) this.#quietSinceMs.delete(callSid);
    else this.#quietSinceMs.set(callSid, sinceMs);
    // It is answered behind the line that bridges the gap.
    if (lull === 'owed' || this.isLate) return true;
    return sinceMs !== undefined && nowMs - sinceMs >= QUIET_MS;
  }
}
