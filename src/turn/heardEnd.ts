// What the sound of a turn's end adds to its words: it shortens the wait after a doubtful text, and lengthens any.
import { waitMs, type Ending, type EndpointSettings } from './endpoint.ts';
import type { Pauses } from './pauses.ts';

/** How an audio model heard the caller fall silent at `silenceAtMs`: 0 is a pause, 1 the end. */
export interface EndHeard {
  readonly silenceAtMs: number;
  readonly probability: number;
}

/** The model errs at both ends: only what it is sure of counts, and between them the text alone judges. */
export const ENDED_PROBABILITY = 0.8;
export const GOES_ON_PROBABILITY = 0.2;

/**
 * Milliseconds of silence that end a turn with this ending, heard as `probability` (undefined: not heard). Never less
 * than after a whole sentence; a number that lacks digits or a sentence that wants more goes on whatever it sounds like.
 */
export function heardWaitMs(
  ending: Ending,
  settings: EndpointSettings,
  pauses: Pauses,
  probability: number | undefined,
): number {
  const textMs = waitMs(ending, settings, pauses);
  if (probability === undefined) return textMs;
  if (probability <= GOES_ON_PROBABILITY) return settings.maxWaitMs;
  const doubtful = ending === 'likely' || ending === 'unsure';
  if (probability < ENDED_PROBABILITY || !doubtful) return textMs;
  return Math.min(textMs, waitMs('complete', settings, pauses));
}
