// Spans on their way out: a bounded queue, sent in batches, one at a time and never within a call's own work. Whatever
// becomes of the collector, a call does not notice.
import { errorText } from '../base/errors.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';

/** A call with a turn every five seconds has about four spans a second: half a minute of 30 calls. */
export const QUEUE_MAX = 4_096;
/** Put into JSON at once, which takes the event loop 2 ms. */
export const BATCH_MAX = 64;
/** For more to come together. */
const DELAY_MS = 1_000;
/** The exporter has a time limit of its own; a server that answers byte by byte gets past that. */
export const EXPORT_MS_MAX = 10_000;
/** At the end of the process. */
export const CLOSE_MS_MAX = 2_000;

/** Sends a batch; rejects when it was not taken. */
export type Send<T> = (batch: readonly T[]) => Promise<void>;

export interface ExportQueueOptions<T> {
  readonly send: Send<T>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class ExportQueue<T> {
  readonly #options: ExportQueueOptions<T>;
  #waiting: T[] = [];
  #timer: Timer | undefined;
  #sending: Promise<void> | undefined;
  #dropped = 0;
  /** It was told that the collector takes nothing. */
  #failing = false;
  #closed = false;
  /** Nothing is sent any more. */
  #timeUp = false;

  constructor(options: ExportQueueOptions<T>) {
    this.#options = options;
  }

  /** Spans that were thrown away: the queue was full, the collector did not take them, or the process ended. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Full, the oldest go: of what is wrong now the newest tell more. */
  add(item: T): void {
    if (this.#closed) {
      this.#dropped += 1;
      return;
    }
    if (this.#waiting.length >= QUEUE_MAX) {
      this.#waiting.splice(0, BATCH_MAX);
      this.#drop(BATCH_MAX, 'the queue is full');
    }
    this.#waiting.push(item);
    if (this.#sending !== undefined) return;
    if (this.#waiting.length === BATCH_MAX) this.#sendAfter(0);
    else if (this.#timer === undefined) this.#sendAfter(DELAY_MS);
  }

  /** Sends what is left, for so long as it may take; nothing is taken any more. Never rejects. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer?.cancel();
    const { clock } = this.#options;
    let cut: Timer | undefined;
    const bound = new Promise<void>((resolve) => {
      cut = clock.after(CLOSE_MS_MAX, () => {
        this.#timeUp = true;
        resolve();
      });
    });
    const rest = async (): Promise<void> => {
      await this.#sending;
      while (this.#waiting.length > 0 && !this.#timeUp) await this.#send();
    };
    await Promise.race([rest(), bound]);
    cut?.cancel();
    if (this.#waiting.length > 0) this.#drop(this.#waiting.length, 'the process ends');
    this.#waiting = [];
  }

  #sendAfter(delayMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#options.clock.after(delayMs, () => {
      this.#timer = undefined;
      this.#sending = this.#send().finally(() => {
        this.#sending = undefined;
        if (this.#closed || this.#waiting.length === 0) return;
        this.#sendAfter(this.#waiting.length >= BATCH_MAX ? 0 : DELAY_MS);
      });
    });
  }

  /** Never rejects. */
  async #send(): Promise<void> {
    const batch = this.#waiting.splice(0, BATCH_MAX);
    try {
      await this.#inTime(this.#options.send(batch));
      if (this.#failing) this.#options.logger.info({ dropped: this.#dropped }, 'traces are exported again');
      this.#failing = false;
    } catch (error) {
      this.#drop(batch.length, errorText(error));
    }
  }

  #inTime(sent: Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = this.#options.clock.after(EXPORT_MS_MAX, () =>
        reject(new Error('the collector did not answer in time')),
      );
      sent.then(resolve, reject).finally(() => timer.cancel());
    });
  }

  /** Told once for each time that it begins. */
  #drop(count: number, failure: string): void {
    this.#dropped += count;
    if (!this.#failing) this.#options.logger.warn({ failure, count }, 'spans are dropped');
    this.#failing = true;
  }
}
