// How loud a voice is, from its onset on: its loudest 32 ms, and when they grow louder.
import { levelDbfs } from '../audio/mulaw.ts';
import { CONTEXT_BYTES } from './batch.ts';
import type { VoiceWindow } from './voiceWindow.ts';

/** Steps in which a growing voice is told of: 15 at most from the faintest that a phone line carries. */
const STEP_DB = 3;
const SILENCE_DBFS = -100;

export class VoiceLevel {
  #peakDbfs = SILENCE_DBFS;
  #beforeDbfs = SILENCE_DBFS;
  #toldDbfs = SILENCE_DBFS;

  /** The next window, of speech or not. Some 0.3 us. */
  hear(window: VoiceWindow): void {
    const windowDbfs = levelDbfs(window.codes, CONTEXT_BYTES);
    this.#peakDbfs = Math.max(this.#peakDbfs, windowDbfs);
    this.#beforeDbfs = windowDbfs;
  }

  /** A voice has begun with the window just heard and the one before it: the level is theirs. */
  begin(): number {
    this.#toldDbfs = this.#peakDbfs;
    return this.#peakDbfs;
  }

  /** While no voice is on: only the window just heard may belong to the next one. */
  rest(): void {
    this.#peakDbfs = this.#beforeDbfs;
  }

  /** The level, if it has grown by a step since it was told. */
  grown(): number | undefined {
    if (this.#peakDbfs < this.#toldDbfs + STEP_DB) return undefined;
    this.#toldDbfs = this.#peakDbfs;
    return this.#peakDbfs;
  }
}
