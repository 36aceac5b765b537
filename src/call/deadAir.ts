// The guarantee that a caller who waits hears something: a filler after each so long of silence, and an honest sentence
// when it takes too long. It holds before a reply and inside it, and ends with the reply. One watchdog a call.
import { Timers } from '../base/timers.ts';
import type { Playout } from '../playout/playout.ts';
import type { Reply } from './reply.ts';
import type { CallWorld } from './world.ts';

/** After so long without a sentence that says something nothing but the truth helps. */
export const APOLOGY_MS = 8_000;
/** So often a tool that takes its time is waited for; then it is given up. */
export const STILL_WORKING_MAX = 3;

interface Watched {
  readonly reply: Reply;
  /** The caller has heard nothing since, unless the playout says otherwise. */
  readonly sinceMs: number;
  /** The last sentence that was no filler ended here. */
  honestMs: number;
  stillWorking: number;
  filling: boolean;
}

export class DeadAir {
  readonly #world: Pick<CallWorld, 'agent' | 'clock' | 'metrics'>;
  readonly #playout: Pick<Playout, 'silentFromMs'>;
  readonly #onHopeless: (reply: Reply) => void;
  readonly #timers: Timers<'look'>;
  readonly #fillers: readonly string[];
  #fillersTried = 0;
  #watched: Watched | undefined;

  /** `onHopeless` is told when not even an apology can be said. */
  constructor(
    world: Pick<CallWorld, 'agent' | 'clock' | 'metrics'>,
    playout: Pick<Playout, 'silentFromMs'>,
    onHopeless: (reply: Reply) => void,
  ) {
    this.#world = world;
    this.#playout = playout;
    this.#onHopeless = onHopeless;
    this.#timers = new Timers(world.clock);
    const { fillers, stillWorking } = world.agent.lines;
    const different = [...new Set(fillers)];
    // The same one is not heard twice in a row.
    this.#fillers = different.length === 1 ? [...different, stillWorking] : different;
  }

  /** The caller, silent since `silentSinceMs`, waits for this reply, until `stop`. */
  watch(reply: Reply, silentSinceMs: number): void {
    this.#watched = {
      reply,
      sinceMs: silentSinceMs,
      honestMs: silentSinceMs,
      stillWorking: 0,
      filling: false,
    };
    this.#again(silentSinceMs + this.#world.agent.limits.deadAirMs - this.#world.clock.nowMs());
  }

  /** Nobody waits any more. Idempotent. */
  stop(): void {
    this.#watched = undefined;
    this.#timers.stopAll();
  }

  #look(): void {
    const watched = this.#watched;
    if (watched === undefined) return;
    const { deadAirMs } = this.#world.agent.limits;
    const nowMs = this.#world.clock.nowMs();
    const soundUntilMs = this.#playout.silentFromMs;
    // Held, or all is written: nobody waits for us, and who is let go on is waited for from then.
    if (soundUntilMs === undefined) return this.#again(deadAirMs);
    const { speech } = watched.reply;
    const last = speech.sentences[speech.lastRead];
    if (last !== undefined && last.filler !== true) {
      watched.honestMs = Math.max(watched.honestMs, soundUntilMs);
    }
    const honestDueMs = watched.honestMs + APOLOGY_MS;
    const soundDueMs = Math.max(watched.sinceMs, soundUntilMs) + deadAirMs;
    if (nowMs >= honestDueMs) return this.#beHonest(watched, nowMs);
    if (watched.filling || this.#fillers.length === 0) return this.#again(honestDueMs - nowMs);
    if (nowMs < soundDueMs) return this.#again(Math.min(soundDueMs, honestDueMs) - nowMs);
    const filler = this.#fillers[this.#fillersTried % this.#fillers.length] ?? '';
    this.#fillersTried += 1;
    this.#fill(watched, filler, 'filler');
    return this.#again(honestDueMs - nowMs);
  }

  #again(delayMs: number): void {
    this.#timers.start('look', delayMs, () => this.#look());
  }

  #fill(watched: Watched, text: string, remedy: 'filler' | 'still_working'): void {
    watched.filling = true;
    watched.reply.fill(text, (said) => {
      if (said) this.#world.metrics.deadAir(remedy);
      if (this.#watched !== watched) return;
      watched.filling = false;
      // What can't be said now is not tried again at once.
      if (said) this.#look();
      else this.#again(this.#world.agent.limits.deadAirMs);
    });
  }

  #beHonest(watched: Watched, nowMs: number): void {
    watched.honestMs = nowMs;
    if (watched.reply.usesTool && watched.stillWorking < STILL_WORKING_MAX) {
      watched.stillWorking += 1;
      this.#fill(watched, this.#world.agent.lines.stillWorking, 'still_working');
      return this.#look();
    }
    if (watched.reply.apologise()) {
      this.#world.metrics.deadAir('apology');
      return this.#look();
    }
    this.stop();
    this.#world.metrics.deadAir('given_up');
    this.#onHopeless(watched.reply);
  }
}
