// How the process ends: no new calls, time for those that are here, what is left to another instance, and out.
//
//   serving --SIGTERM--> draining --deadline or SIGTERM--> handing over --all gone or SIGTERM--> closing --> exit
//                            +-------------- the last call is over ------------------------------^
import { errorText } from './base/errors.ts';
import type { Clock } from './base/clock.ts';
import type { Logger } from './base/logger.ts';

/** How often the log says how far it is. */
const PROGRESS_MS = 10_000;
/**
 * For calls to be left at a moment when nobody speaks, and for the carrier to have asked who goes on with them; those
 * left over after it are cut, and their carrier asks all the same.
 */
export const HAND_OVER_MS_MAX = 20_000;
/** What does not close by then is left as it is: rows that the database has not taken lie in the spool. */
export const CLOSE_MS_MAX = 30_000;

/** As much of a gateway as its end is concerned with. */
export interface Drainable {
  readonly calls: { readonly activeCount: number };
  /** Takes no more calls; resolves when the last one is over. */
  drain(): Promise<void>;
  /** Leaves every call to another instance; resolves when none is left. */
  handOver(): Promise<void>;
  close(): Promise<void>;
}

export interface DrainOptions {
  readonly gateway: Drainable;
  readonly logger: Logger;
  readonly clock: Clock;
  /** How long calls may go on after the first signal. */
  readonly drainMs: number;
  readonly exit: (code: 0 | 1) => void;
}

/** One for a process. */
export class Drain {
  readonly #options: DrainOptions;
  readonly #steps: { readonly draining: Step; readonly handingOver: Step };
  #begun = false;
  #exitCode: 0 | 1 = 0;

  constructor(options: DrainOptions) {
    this.#options = options;
    this.#steps = { draining: new Step(options.clock), handingOver: new Step(options.clock) };
  }

  /** The first asks politely, the second hands the calls over now, the third ends at once. */
  signalled(): void {
    const { draining, handingOver } = this.#steps;
    if (!this.#begun) this.#begin();
    else if (!draining.over) draining.end();
    else handingOver.end();
  }

  /** What is broken we don't know: no more calls here, and the live ones are better elsewhere. Told again, it only counts. */
  failed(error: Error): void {
    this.#options.logger.error({ failure: error.stack ?? error.message }, 'a bug: the process ends');
    this.#exitCode = 1;
    if (!this.#begun) this.#begin();
    this.#steps.draining.end();
  }

  #begin(): void {
    this.#begun = true;
    void this.#run(); // never rejects: it ends in an exit
  }

  async #run(): Promise<void> {
    const { gateway, logger, clock, drainMs, exit } = this.#options;
    const { draining, handingOver } = this.#steps;
    const beganAtMs = clock.nowMs();
    const left = (): number => gateway.calls.activeCount;
    const secondsSince = (): number => Math.round((clock.nowMs() - beganAtMs) / 1_000);
    const tell = (): void => {
      logger.info({ calls: left(), seconds: secondsSince(), secondsMax: drainMs / 1_000 }, 'draining');
      progress = clock.after(PROGRESS_MS, tell);
    };
    let progress = clock.after(PROGRESS_MS, tell);
    logger.info({ calls: left(), secondsMax: drainMs / 1_000 }, 'draining');
    try {
      const idle = await draining.run(gateway.drain(), drainMs);
      if (!idle) {
        logger.info({ calls: left(), seconds: secondsSince() }, 'handing calls over');
        const handedOver = await handingOver.run(gateway.handOver(), HAND_OVER_MS_MAX);
        if (!handedOver) logger.warn({ calls: left() }, 'calls are cut');
      }
    } catch (error) {
      this.#exitCode = 1;
      logger.error({ failure: errorText(error) }, 'could not drain');
    }
    progress.cancel();
    try {
      const closed = await new Step(clock).run(gateway.close(), CLOSE_MS_MAX);
      if (closed) logger.info({ seconds: secondsSince() }, 'closed');
      else {
        this.#exitCode = 1;
        logger.error({ seconds: secondsSince() }, 'did not close in time');
      }
    } catch (error) {
      this.#exitCode = 1;
      logger.error({ failure: errorText(error) }, 'could not close');
    }
    exit(this.#exitCode);
  }
}

/** Some work that is waited for, until its time is up or somebody ends the wait. */
class Step {
  readonly #clock: Clock;
  readonly #ended: Promise<void>;
  #over = false;
  #end: () => void = () => undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /** Nobody waits any more, or somebody has said not to. */
  get over(): boolean {
    return this.#over;
  }

  end(): void {
    this.#over = true;
    this.#end();
  }

  /** Whether the work came to its end. What it throws is thrown. */
  async run(work: Promise<void>, durationMs: number): Promise<boolean> {
    const timer = this.#clock.after(durationMs, () => this.end());
    try {
      return await Promise.race([work.then(() => true), this.#ended.then(() => false)]);
    } finally {
      timer.cancel();
      this.#over = true;
    }
  }
}
