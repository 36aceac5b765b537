// Calls whose phone rings: what was opened for them before the caller is there, given up when nobody comes.
import type { Clock, Timer } from '../base/clock.ts';
import type { Span } from '../base/span.ts';
import type { Ears } from './ears.ts';

/** A call that rings longer than this without a stream is not coming. */
const RINGING_MS_MAX = 60_000;

export interface Opened {
  /** Undefined when nothing is opened before it is needed. */
  readonly ears: Ears | undefined;
  /** Of the stream that is expected. */
  readonly span: Span;
}

interface Ringing extends Opened {
  readonly timer: Timer;
  /** The carrier may know it before the stream is there. */
  answeredBy: string | undefined;
}

export class RingingCalls {
  readonly #clock: Clock;
  readonly #onGivenUp: (callSid: string) => void;
  readonly #calls = new Map<string, Ringing>();

  /** `onGivenUp` is told after each that did not come. */
  constructor(clock: Clock, onGivenUp: (callSid: string) => void) {
    this.#clock = clock;
    this.#onGivenUp = onGivenUp;
  }

  get size(): number {
    return this.#calls.size;
  }

  has(callSid: string): boolean {
    return this.#calls.has(callSid);
  }

  add(callSid: string, opened: Opened): void {
    const timer = this.#clock.after(RINGING_MS_MAX, () => this.giveUp(callSid));
    this.#calls.set(callSid, { ...opened, timer, answeredBy: undefined });
  }

  /** False: no such call rings. */
  noteAnsweredBy(callSid: string, answeredBy: string): boolean {
    const ringing = this.#calls.get(callSid);
    if (ringing !== undefined) ringing.answeredBy = answeredBy;
    return ringing !== undefined;
  }

  answeredBy(callSid: string): string | undefined {
    return this.#calls.get(callSid)?.answeredBy;
  }

  /** It has come: what was opened is its own. */
  take(callSid: string): Opened | undefined {
    const ringing = this.#calls.get(callSid);
    ringing?.timer.cancel();
    this.#calls.delete(callSid);
    return ringing;
  }

  /** It does not come. */
  giveUp(callSid: string): void {
    const opened = this.take(callSid);
    opened?.ears?.close();
    opened?.span.set({ 'turnpike.call.ended': 'never_started' });
    opened?.span.end();
    this.#onGivenUp(callSid);
  }

  giveUpAll(): void {
    for (const callSid of this.#calls.keys()) this.giveUp(callSid);
  }
}
