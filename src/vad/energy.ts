// Voice by loudness alone: no dependency, no delay. It follows the line's noise but can't tell speech
// from any other sound, and below 10 dB of signal to noise it misses much.
import { NoiseFloor } from './noiseFloor.ts';
import type { Judged, Scorer } from './session.ts';

const VOICE_DB = 9;
/** Speech that is going on goes on above it. */
const GOES_ON_DB = 6;

/** As a probability, for the same machine as the model's: loudness is never sure that it is speech. */
export function energyProbability(excessDb: number): number {
  if (excessDb >= VOICE_DB) return 0.8;
  return excessDb >= GOES_ON_DB ? 0.4 : 0;
}

/** Judges at once: its sessions report from within `push`. */
export function energyScorer(judged: Judged): Scorer {
  const floor = new NoiseFloor();
  return {
    score: (window) => judged(window, energyProbability(floor.hear(window)), true),
    close: () => undefined,
  };
}
