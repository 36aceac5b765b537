// The guarantee that a caller who waits for an answer hears something: a filler when it takes long, and an honest
// sentence when it takes too long. One watchdog a call.
import { Timers } from '../base/timers.ts';
import type { Reply } from './reply.ts';
import type { CallWorld } from './world.ts';

/** After so much silence nothing but the truth helps. */
export const APOLOGY_MS = 8_000;

export class DeadAir {
  readonly #world: Pick<CallWorld, 'agent' | 'clock' | 'metrics'>;
  readonly #timers: Timers<'filler' | 'apology'>;
  #fillersSaid = 0;

  /** The agent's `deadAirMs` of silence bring a filler, its `fillers` in turn, so that the same one is not heard twice in a row. */
  constructor(world: Pick<CallWorld, 'agent' | 'clock' | 'metrics'>) {
    this.#world = world;
    this.#timers = new Timers(world.clock);
  }

  /** The caller, silent since `silenceAtMs`, waits for this reply. */
  watch(reply: Reply, silenceAtMs: number): void {
    const { agent, clock, metrics } = this.#world;
    const waitedMs = clock.nowMs() - silenceAtMs;
    this.#timers.start('filler', agent.limits.deadAirMs - waitedMs, () => this.#fill(reply));
    this.#timers.start('apology', APOLOGY_MS - waitedMs, () => {
      if (reply.apologise()) metrics.deadAir('apology');
    });
  }

  /** Nobody waits any more. Idempotent. */
  stop(): void {
    this.#timers.stopAll();
  }

  #fill(reply: Reply): void {
    const { fillers } = this.#world.agent.lines;
    const filler = fillers[this.#fillersSaid % Math.max(1, fillers.length)];
    if (filler === undefined || !reply.fill(filler)) return;
    this.#fillersSaid += 1;
    this.#world.metrics.deadAir('filler');
  }
}
