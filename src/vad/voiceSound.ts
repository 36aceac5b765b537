// How a voice sounds: how loud it is, from its onset on, and for how long on end it is speech without a doubt.
import { levelDbfs } from '../audio/mulaw.ts';
import { CONTEXT_BYTES, WINDOW_MS } from './batch.ts';
import type { VoiceWindow } from './voiceWindow.ts';

/** Steps in which a growing voice is told of: 15 at most from the faintest that a phone line carries. */
const STEP_DB = 3;
const SILENCE_DBFS = -100;
/** Coughs and knocks are voiced to the model, but hardly ever so surely for more than a few windows. */
const SURE_PROBABILITY = 0.9;

export class VoiceSound {
  #peakDbfs = SILENCE_DBFS;
  #beforeDbfs = SILENCE_DBFS;
  #toldDbfs = SILENCE_DBFS;
  #sureWindows = 0;
  #sureWindowsMax = 0;
  #everSure = false;

  /** The next window, of speech or not. Some 0.3 us. */
  hear(window: VoiceWindow, probability: number): void {
    const windowDbfs = levelDbfs(window.codes, CONTEXT_BYTES);
    this.#peakDbfs = Math.max(this.#peakDbfs, windowDbfs);
    this.#beforeDbfs = windowDbfs;
    this.#sureWindows = probability >= SURE_PROBABILITY ? this.#sureWindows + 1 : 0;
    this.#sureWindowsMax = Math.max(this.#sureWindowsMax, this.#sureWindows);
    this.#everSure ||= this.#sureWindows > 0;
  }

  /** A voice has begun with the window just heard and the one before it: the level in dB of full scale is theirs. */
  begin(): number {
    this.#toldDbfs = this.#peakDbfs;
    return this.#peakDbfs;
  }

  /** While no voice is on: only the window just heard may belong to the next one. */
  rest(): void {
    this.#peakDbfs = this.#beforeDbfs;
    this.#sureWindowsMax = this.#sureWindows;
  }

  /** The level, if it has grown by a step since it was told. */
  grown(): number | undefined {
    if (this.#peakDbfs < this.#toldDbfs + STEP_DB) return undefined;
    this.#toldDbfs = this.#peakDbfs;
    return this.#peakDbfs;
  }

  /** The longest stretch since the voice began; undefined before there was any in the call. */
  get speechMs(): number | undefined {
    return this.#everSure ? this.#sureWindowsMax * WINDOW_MS : undefined;
  }
}
