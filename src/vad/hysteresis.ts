// From probabilities to "speech began" and "speech stopped". Pure: no clock, no audio.
import { WINDOW_BYTES, WINDOW_MS } from './batch.ts';
import type { VadEvent } from './port.ts';
import { startMsOf, startSampleOf, type VoiceWindow } from './voiceWindow.ts';

/** Silero's own thresholds: https://github.com/snakers4/silero-vad (VADIterator: 0.5, and 0.15 below it to leave). */
export const VOICE_PROBABILITY = 0.5;
export const SILENCE_PROBABILITY = 0.35;
/** Two windows: a click lights up one, and a shorter word than 64 ms is not one. */
export const ONSET_WINDOWS = 2;

type Where = Pick<VoiceWindow, 'endSample' | 'endMs'>;

/**
 *   silent --- ONSET_WINDOWS voiced in a row ---> voiced
 *     ^                                             |
 *     +------- hangover without a voiced one -------+
 *
 * `onset` is the run of voiced windows that may become speech; `last` the end of the newest voiced window,
 * and `voiced` whether that was the window just seen (the lower threshold holds then).
 */
export type VoiceState =
  | { readonly phase: 'silent'; readonly onset: Onset | undefined }
  | { readonly phase: 'voiced'; readonly last: Where; readonly voiced: boolean };

interface Onset {
  readonly windows: number;
  readonly voiceAtMs: number;
  readonly endSample: number;
}

export interface VoiceStep {
  readonly state: VoiceState;
  readonly event: VadEvent | undefined;
}

export const SILENT: VoiceState = { phase: 'silent', onset: undefined };

/**
 * Takes the next window with its probability of speech. Windows may be missing between two (skipped,
 * dropped, never sent): the time they took counts as silence. `hangoverMs` is met to the nearest window.
 */
export function stepVoice(
  state: VoiceState,
  window: VoiceWindow,
  probability: number,
  hangoverMs: number,
): VoiceStep {
  switch (state.phase) {
    case 'silent':
      return stepSilent(state.onset, window, probability);
    case 'voiced':
      return stepVoiced(state, window, probability, hangoverMs);
    default:
      return state satisfies never;
  }
}

/** Ends speech that was going on, because nothing more has been heard. */
export function lapse(state: VoiceState): VoiceStep {
  if (state.phase === 'silent') return { state: SILENT, event: undefined };
  return { state: SILENT, event: { kind: 'voiceStopped', silenceAtMs: state.last.endMs } };
}

function stepSilent(onset: Onset | undefined, window: VoiceWindow, probability: number): VoiceStep {
  if (probability < VOICE_PROBABILITY) return { state: SILENT, event: undefined };
  const follows = onset !== undefined && onset.endSample === startSampleOf(window);
  const windows = follows ? onset.windows + 1 : 1;
  const voiceAtMs = follows ? onset.voiceAtMs : startMsOf(window);
  if (windows < ONSET_WINDOWS) {
    const next = { windows, voiceAtMs, endSample: window.endSample };
    return { state: { phase: 'silent', onset: next }, event: undefined };
  }
  return {
    state: { phase: 'voiced', last: whereOf(window), voiced: true },
    event: { kind: 'voiceStarted', voiceAtMs },
  };
}

function stepVoiced(
  state: Extract<VoiceState, { phase: 'voiced' }>,
  window: VoiceWindow,
  probability: number,
  hangoverMs: number,
): VoiceStep {
  if (hangoverIsOver(state.last, startSampleOf(window), hangoverMs)) {
    // It fell silent in what is missing; this window may be the first of something new.
    const { state: silent } = stepSilent(undefined, window, probability);
    return { state: silent, event: lapse(state).event };
  }
  const voiced = probability >= (state.voiced ? SILENCE_PROBABILITY : VOICE_PROBABILITY);
  if (voiced) return { state: { phase: 'voiced', last: whereOf(window), voiced }, event: undefined };
  if (hangoverIsOver(state.last, window.endSample, hangoverMs)) return lapse(state);
  return { state: { ...state, voiced }, event: undefined };
}

function hangoverIsOver(last: Where, sample: number, hangoverMs: number): boolean {
  const silentWindows = (sample - last.endSample) / WINDOW_BYTES;
  return silentWindows >= Math.max(1, Math.round(hangoverMs / WINDOW_MS));
}

function whereOf(window: VoiceWindow): Where {
  return { endSample: window.endSample, endMs: window.endMs };
}
