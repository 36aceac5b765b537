// One call's ears: its sound into windows, a scorer's probabilities into what the call hears of.
import type { Clock, Timer } from '../base/clock.ts';
import { lapse, SILENT, stepVoice, type VoiceState, type VoiceStep } from './hysteresis.ts';
import type { VadEvent, VadSession } from './port.ts';
import { GAP_MS, WindowCutter, type VoiceWindow } from './voiceWindow.ts';

export type Judged = (window: VoiceWindow, probability: number) => void;

/** Judges a session's windows one after the other, at once or later; it may leave out those of silence. */
export interface Scorer {
  /** `speaking` is whether the session, by what has been judged so far, is in speech. */
  score(window: VoiceWindow, speaking: boolean): void;
  close(): void;
}

export interface SessionOptions {
  readonly hangoverMs: number;
  readonly listener: (event: VadEvent) => void;
  readonly openScorer: (judged: Judged) => Scorer;
  readonly onClosed: () => void;
}

export class ScoredSession implements VadSession {
  readonly #options: SessionOptions;
  readonly #clock: Clock;
  readonly #cutter = new WindowCutter();
  readonly #scorer: Scorer;
  #voice: VoiceState = SILENT;
  #closed = false;
  #pushedAtMs = 0;
  /** Runs while there is speech: media that stays away ends it. */
  #watch: Timer | undefined;

  constructor(options: SessionOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    this.#scorer = options.openScorer((window, probability) => {
      if (this.#closed) return;
      this.#enter(stepVoice(this.#voice, window, probability, options.hangoverMs));
    });
  }

  push(mulaw: Uint8Array, atMs: number): void {
    if (this.#closed) return;
    this.#pushedAtMs = this.#clock.nowMs();
    this.#cutter.push(mulaw, atMs, (window) => this.#scorer.score(window, this.#voice.phase === 'voiced'));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#watch?.cancel();
    this.#scorer.close();
    this.#options.onClosed();
  }

  #enter(step: VoiceStep): void {
    this.#voice = step.state;
    if (step.event === undefined) return;
    this.#watch?.cancel();
    if (step.event.kind === 'voiceStarted') this.#watchMedia(GAP_MS);
    this.#options.listener(step.event);
  }

  #watchMedia(durationMs: number): void {
    this.#watch = this.#clock.after(durationMs, () => {
      const missingMs = this.#clock.nowMs() - this.#pushedAtMs;
      if (missingMs >= GAP_MS) this.#enter(lapse(this.#voice));
      else this.#watchMedia(GAP_MS - missingMs);
    });
  }
}
