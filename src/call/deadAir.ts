// The guarantee that a caller who waits for an answer hears something: a filler when it takes long, and an honest
// sentence when it takes too long. One watchdog a call.
import { Timers } from '../base/timers.ts';
import type { Clock } from '../base/clock.ts';
import type { Reply } from './reply.ts';

/** After so much silence nothing but the truth helps. */
export const APOLOGY_MS = 8_000;

export interface DeadAirOptions {
  readonly clock: Clock;
  /** Silence before a filler, from the end of the caller's speech. */
  readonly fillerMs: number;
  /** In turn, so that the same one is not heard twice in a row; none: no filler is said. */
  readonly fillers: readonly string[];
  readonly onDeadAir: (remedy: 'filler' | 'apology') => void;
}

export class DeadAir {
  readonly #options: DeadAirOptions;
  readonly #timers: Timers<'filler' | 'apology'>;
  #fillersSaid = 0;

  constructor(options: DeadAirOptions) {
    this.#options = options;
    this.#timers = new Timers(options.clock);
  }

  /** The caller, silent since `silenceAtMs`, waits for this reply. */
  watch(reply: Reply, silenceAtMs: number): void {
    const waitedMs = this.#options.clock.nowMs() - silenceAtMs;
    this.#timers.start('filler', this.#options.fillerMs - waitedMs, () => this.#fill(reply));
    this.#timers.start('apology', APOLOGY_MS - waitedMs, () => {
      if (reply.apologise()) this.#options.onDeadAir('apology');
    });
  }

  /** Nobody waits any more. Idempotent. */
  stop(): void {
    this.#timers.stopAll();
  }

  #fill(reply: Reply): void {
    const { fillers, onDeadAir } = this.#options;
    const filler = fillers[this.#fillersSaid % Math.max(1, fillers.length)];
    if (filler === undefined || !reply.fill(filler)) return;
    this.#fillersSaid += 1;
    onDeadAir('filler');
  }
}
