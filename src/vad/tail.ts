// The end of speech, as exactly as the line allows. Silero goes on hearing speech for 100-150 ms after its
// end; where speech stands clear of the line's noise, loudness tells the end at once.

/** Speech that was so far above the noise floor makes silence plain. */
const CLEAR_DB = 20;
/** On such a line a window this near to the floor is silence, whatever the model says. */
const QUIET_DB = 3;
/** The clearness of speech that is over is forgotten by so much a window: some 3 s from a loud voice to an unclear line. */
const FORGOTTEN_DB = 0.3;

/** Corrects the model's probabilities of one call while speech is going on. */
export class SpeechTail {
  #clearDb = 0;

  /** Whether loudness tells the end of the speech heard last; else the model alone does, and late. */
  get clear(): boolean {
    return this.#clearDb >= CLEAR_DB;
  }

  /** `excessDb` is how far the window is above the noise floor. Answers the probability to go by. */
  judge(probability: number, excessDb: number, speaking: boolean): number {
    this.#clearDb = Math.max(excessDb, this.#clearDb - FORGOTTEN_DB);
    return speaking && this.clear && excessDb < QUIET_DB ? 0 : probability;
  }
}
