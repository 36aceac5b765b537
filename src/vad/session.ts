// One call's ears: its sound into windows, a scorer's probabilities into what the call hears of.
import type { Clock, Timer } from '../base/clock.ts';
import { lapse, SILENT, stepVoice, type Leaving, type VoiceState, type VoiceStep } from './hysteresis.ts';
import type { VadEvent, VadSession } from './port.ts';
import { VoiceSound } from './voiceSound.ts';
import { BROKEN_OFF_MS, GAP_MS, WindowCutter, type VoiceWindow } from './voiceWindow.ts';

/** `clear`: the end of speech shows in the probability at once, on this line; else it is seen late. */
export type Judged = (window: VoiceWindow, probability: number, clear: boolean) => void;

/** Judges a session's windows one after the other, at once or later; it may leave out those of silence. */
export interface Scorer {
  /** `speaking` is whether the session, by what has been judged so far, is in speech. */
  score(window: VoiceWindow, speaking: boolean): void;
  close(): void;
}

export interface SessionOptions {
  /** Of speech whose end is seen at once. */
  readonly hangoverMs: number;
  readonly listener: (event: VadEvent) => void;
  readonly openScorer: (judged: Judged) => Scorer;
  readonly onClosed: () => void;
}

/** Silero's own threshold to leave (VADIterator: 0.15 below the one to enter). */
const CLEAR_GOES_ON_PROBABILITY = 0.35;
/**
 * In noise the model hears speech for about 100 ms after its end, and as long over the gap between two words: a
 * shorter hangover finds no more pauses. Measured at 5-20 dB over 945 sentences: the end is known after 220 ms at the
 * median (with the other thresholds 360 ms), with one false pause in 100 sentences.
 */
const SMEARED_GOES_ON_PROBABILITY = 0.7;
const SMEAR_MS = 96;
const HANGOVER_LESS_MS = 64;
/** Two windows; in noise, where the model hears speech for longer than it lasts, one. */
const CLEAR_FALTER_MS = 64;
const SMEARED_FALTER_MS = 32;

export class ScoredSession implements VadSession {
  readonly #options: SessionOptions;
  readonly #clock: Clock;
  readonly #cutter = new WindowCutter();
  readonly #scorer: Scorer;
  readonly #clear: Leaving;
  readonly #smeared: Leaving;
  readonly #sound = new VoiceSound();
  #voice: VoiceState = SILENT;
  #closed = false;
  #pushedAtMs = 0;
  /** Runs while there is speech: media that stays away ends it. */
  #watch: Timer | undefined;

  readonly #score = (window: VoiceWindow): void => this.#scorer.score(window, this.#voice.phase === 'voiced');

  constructor(options: SessionOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    const { hangoverMs } = options;
    this.#clear = {
      falterMs: CLEAR_FALTER_MS,
      hangoverMs,
      goesOnProbability: CLEAR_GOES_ON_PROBABILITY,
      smearMs: 0,
    };
    this.#smeared = {
      falterMs: SMEARED_FALTER_MS,
      hangoverMs: Math.max(0, hangoverMs - HANGOVER_LESS_MS),
      goesOnProbability: SMEARED_GOES_ON_PROBABILITY,
      smearMs: SMEAR_MS,
    };
    this.#scorer = options.openScorer((window, probability, clear) => {
      if (this.#closed) return;
      this.#sound.hear(window, probability);
      const leaving = clear ? this.#clear : this.#smeared;
      this.#enter(stepVoice(this.#voice, window, probability, leaving));
    });
  }

  push(mulaw: Uint8Array, atMs: number): void {
    if (this.#closed) return;
    this.#pushedAtMs = this.#clock.nowMs();
    this.#cutter.push(mulaw, atMs, this.#score, this.#gapMs);
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
    const { event } = step;
    if (event === undefined) return this.#goOn();
    if (event.kind === 'voiceFaltered' || event.kind === 'voiceWentOn') {
      this.#goOn();
      return this.#options.listener(event);
    }
    this.#watch?.cancel();
    if (event.kind === 'voiceStopped') {
      const { speechMs } = this.#sound;
      this.#sound.rest();
      return this.#options.listener({ ...event, speechMs });
    }
    this.#watchMedia(GAP_MS);
    this.#options.listener({ ...event, levelDbfs: this.#sound.begin() });
  }

  #goOn(): void {
    if (this.#voice.phase === 'silent') return this.#sound.rest();
    const levelDbfs = this.#sound.grown();
    if (levelDbfs !== undefined) this.#options.listener({ kind: 'voiceLouder', levelDbfs });
  }

  /** So long may media be away before it counts as missing. */
  get #gapMs(): number {
    return this.#voice.phase === 'voiced' && this.#voice.voiced ? BROKEN_OFF_MS : GAP_MS;
  }

  /** `lookedTwice`: what had come while the process stood still has been read since. */
  #watchMedia(durationMs: number, lookedTwice = false): void {
    this.#watch = this.#clock.after(durationMs, () => {
      const leftMs = this.#gapMs - (this.#clock.nowMs() - this.#pushedAtMs);
      if (leftMs > 0) this.#watchMedia(leftMs);
      else if (!lookedTwice) this.#watchMedia(0, true);
      else this.#enter(lapse(this.#voice, 0));
    });
  }
}
