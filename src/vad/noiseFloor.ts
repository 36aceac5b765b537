// How loud a call is when nobody speaks, learned from the call itself.
import { levelDbfs } from '../audio/mulaw.ts';
import { CONTEXT_BYTES, WINDOW_MS } from './batch.ts';
import type { VoiceWindow } from './voiceWindow.ts';

const BLOCK_WINDOWS = Math.round(500 / WINDOW_MS);
/** With the block under way 2.5-3 s: nobody speaks that long without a gap between two words. */
const BLOCKS = 5;
/** Below it nothing on a phone line is speech: two steps of mu-law around zero are -66. */
const FLOOR_MIN_DBFS = -65;
/** Assumed for the first half second, so that a call that begins in mid-speech is heard at once. */
const FLOOR_AT_START_DBFS = -50;

/** The quietest window of the last seconds: it follows a level that falls at once, one that rises in 3 s. */
export class NoiseFloor {
  readonly #blocks: number[] = [];
  #blockDbfs = 0;
  #blockWindows = 0;
  #beforeDbfs = FLOOR_AT_START_DBFS;

  /** Learns from the call's next window, and answers as `excessDb` does. */
  hear(window: VoiceWindow): number {
    this.#blockDbfs = Math.min(this.#blockDbfs, levelOf(window));
    this.#blockWindows += 1;
    const excessDb = this.excessDb(window);
    if (this.#blockWindows === BLOCK_WINDOWS) this.#endBlock();
    return excessDb;
  }

  /** How far a window is above the floor, in dB; 0 when it is below. */
  excessDb(window: VoiceWindow): number {
    return Math.max(0, levelOf(window) - Math.min(this.#beforeDbfs, this.#blockDbfs));
  }

  #endBlock(): void {
    this.#blocks.push(this.#blockDbfs);
    if (this.#blocks.length > BLOCKS) this.#blocks.shift();
    this.#beforeDbfs = Math.min(...this.#blocks);
    this.#blockDbfs = 0;
    this.#blockWindows = 0;
  }
}

function levelOf(window: VoiceWindow): number {
  return Math.max(FLOOR_MIN_DBFS, levelDbfs(window.codes, CONTEXT_BYTES));
}
