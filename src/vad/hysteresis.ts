// From probabilities to "speech began" and "speech stopped". Pure: no clock, no audio.
import { WINDOW_BYTES, WINDOW_MS } from './batch.ts';
import { startMsOf, startSampleOf, type VoiceWindow } from './voiceWindow.ts';

/** Silero's own threshold: https://github.com/snakers4/silero-vad (VADIterator). */
export const VOICE_PROBABILITY = 0.5;
/** Two windows: a click lights up one, and a shorter word than 64 ms is not one. */
export const ONSET_WINDOWS = 2;

/** How speech that is going on is left. */
export interface Leaving {
  /** Without a voiced window for so long, to the nearest window, it falters: it may be over. */
  readonly falterMs: number;
  /** Without a voiced window for so long, to the nearest window, it is over. */
  readonly hangoverMs: number;
  /** After a voiced window it goes on at this probability. */
  readonly goesOnProbability: number;
  /** The last voiced window ends so long after the speech. */
  readonly smearMs: number;
}

export type VoiceEvent =
  | { readonly kind: 'voiceStarted'; readonly voiceAtMs: number }
  | { readonly kind: 'voiceFaltered' }
  | { readonly kind: 'voiceWentOn' }
  | { readonly kind: 'voiceStopped'; readonly silenceAtMs: number };

type Where = Pick<VoiceWindow, 'endSample' | 'endMs'>;

/**
 *   silent --- ONSET_WINDOWS voiced in a row ---> voiced
 *     ^                                             |
 *     +------- hangover without a voiced one -------+
 *
 * Between two voiced windows it may falter and go on. `onset` is the run of voiced windows that may become speech; `last` the end of the newest voiced window,
 * and `voiced` whether that was the window just seen (`goesOnProbability` holds then).
 */
export type VoiceState =
  | { readonly phase: 'silent'; readonly onset: Onset | undefined }
  | {
      readonly phase: 'voiced';
      readonly voiceAtMs: number;
      readonly last: Where;
      readonly voiced: boolean;
      readonly faltering: boolean;
    };

interface Onset {
  readonly windows: number;
  readonly voiceAtMs: number;
  readonly endSample: number;
}

export interface VoiceStep {
  readonly state: VoiceState;
  readonly event: VoiceEvent | undefined;
}

export const SILENT: VoiceState = { phase: 'silent', onset: undefined };

/**
 * Takes the next window with its probability of speech. Windows may be missing between two (skipped,
 * dropped, never sent): the time they took counts as silence.
 */
export function stepVoice(
  state: VoiceState,
  window: VoiceWindow,
  probability: number,
  leaving: Leaving,
): VoiceStep {
  switch (state.phase) {
    case 'silent':
      return stepSilent(state.onset, window, probability);
    case 'voiced':
      return stepVoiced(state, window, probability, leaving);
    default:
      return state satisfies never;
  }
}

/** Ends speech that was going on, because nothing more has been heard. */
export function lapse(state: VoiceState, smearMs: number): VoiceStep {
  if (state.phase === 'silent') return { state: SILENT, event: undefined };
  const silenceAtMs = Math.max(state.voiceAtMs, state.last.endMs - smearMs);
  return { state: SILENT, event: { kind: 'voiceStopped', silenceAtMs } };
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
    state: { phase: 'voiced', voiceAtMs, last: whereOf(window), voiced: true, faltering: false },
    event: { kind: 'voiceStarted', voiceAtMs },
  };
}

function stepVoiced(
  state: Extract<VoiceState, { phase: 'voiced' }>,
  window: VoiceWindow,
  probability: number,
  { falterMs, hangoverMs, goesOnProbability, smearMs }: Leaving,
): VoiceStep {
  if (hangoverIsOver(state.last, startSampleOf(window), hangoverMs)) {
    // It fell silent in what is missing; this window may be the first of something new.
    const { state: silent } = stepSilent(undefined, window, probability);
    return { state: silent, event: lapse(state, smearMs).event };
  }
  const voiced = probability >= (state.voiced ? goesOnProbability : VOICE_PROBABILITY);
  if (voiced) {
    const goesOn = { ...state, last: whereOf(window), voiced, faltering: false };
    return { state: goesOn, event: state.faltering ? { kind: 'voiceWentOn' } : undefined };
  }
  if (hangoverIsOver(state.last, window.endSample, hangoverMs)) return lapse(state, smearMs);
  const faltering = hangoverIsOver(state.last, window.endSample, falterMs);
  const event: VoiceEvent | undefined = faltering && !state.faltering ? { kind: 'voiceFaltered' } : undefined;
  return { state: { ...state, voiced, faltering }, event };
}

function hangoverIsOver(last: Where, sample: number, hangoverMs: number): boolean {
  const silentWindows = (sample - last.endSample) / WINDOW_BYTES;
  return silentWindows >= Math.max(1, Math.round(hangoverMs / WINDOW_MS));
}

function whereOf(window: VoiceWindow): Where {
  return { endSample: window.endSample, endMs: window.endMs };
}
