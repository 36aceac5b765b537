// How long this caller pauses inside a turn, and how often we have cut in: learned within bounds, so that a slow
// speaker is waited for and a brisk one is not kept waiting.

export interface Pauses {
  /** Usual pause inside a turn, a moving average in ms. */
  readonly typicalMs: number;
  /** 0 to 1: how careful to be after having cut in; wears off turn by turn. */
  readonly caution: number;
}

/** Of a caller nobody has heard yet. Shorter pauses than a detector's hangover are not seen, so it is above the 500 ms of phone talk. */
export const TYPICAL_PAUSE_MS = 600;
export const NO_PAUSES: Pauses = { typicalMs: TYPICAL_PAUSE_MS, caution: 0 };

/** A silence of the caller in a turn that had words already. */
export interface Gap {
  readonly silenceAtMs: number;
  /** The last utterance before it. */
  readonly utterance: number;
  /** Voice came back after so long; words will tell whether the caller went on. */
  readonly brokenAfterMs: number | undefined;
  /** ... when we had taken the turn already. */
  readonly cutOff: boolean;
}

/** One pause moves the average by this share: five make it the caller's own. */
const PAUSE_SHARE = 0.3;
/** A longer one was a search for a card or another person, not a habit. */
const PAUSE_MS_MAX = 3_000;
const CAUTION_STEP = 0.5;
const CAUTION_KEPT = 0.6;
/** A caller never makes the waits shorter or longer than this. */
const SCALE_MIN = 0.6;
const SCALE_MAX = 1.6;

/** The caller went on after `pauseMs` of silence. */
export function pausedFor(pauses: Pauses, pauseMs: number): Pauses {
  const seenMs = Math.min(PAUSE_MS_MAX, Math.max(0, pauseMs));
  return { ...pauses, typicalMs: pauses.typicalMs + PAUSE_SHARE * (seenMs - pauses.typicalMs) };
}

/** The caller went on when we had begun to answer. */
export function wasCutOff(pauses: Pauses): Pauses {
  return { ...pauses, caution: Math.min(1, pauses.caution + CAUTION_STEP) };
}

/** A turn was taken and the caller let us. */
export function wasAnswered(pauses: Pauses): Pauses {
  const caution = pauses.caution * CAUTION_KEPT;
  return { ...pauses, caution: caution < 0.05 ? 0 : caution };
}

/** By how much this caller's waits differ from anybody's. */
export function pauseScale(pauses: Pauses): number {
  return Math.min(SCALE_MAX, Math.max(SCALE_MIN, pauses.typicalMs / TYPICAL_PAUSE_MS));
}

/** The voice is back `atMs`. */
export function brokenGap(gap: Gap | undefined, atMs: number, cutOff: boolean): Gap | undefined {
  return gap === undefined
    ? undefined
    : { ...gap, brokenAfterMs: Math.max(0, atMs - gap.silenceAtMs), cutOff };
}

/** What words of `utterance` teach of the gap before them; undefined while they teach nothing. */
export function learned(pauses: Pauses, gap: Gap | undefined, utterance: number): Pauses | undefined {
  if (gap?.brokenAfterMs === undefined || utterance <= gap.utterance) return undefined;
  const paused = pausedFor(pauses, gap.brokenAfterMs);
  return gap.cutOff ? wasCutOff(paused) : paused;
}
