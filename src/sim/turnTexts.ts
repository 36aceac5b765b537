// What is said in the evaluation of turn-taking, by half: the half that tunes shares no text with the half that judges
// (but for the small words that everybody uses to say "go on").
import { HELD_OUT_TEXTS } from './turnTextsHeldOut.ts';
import { TUNING_TEXTS } from './turnTextsTuning.ts';

export type Half = 'tuning' | 'heldOut';

/** A turn with a pause after each part but the last; punctuated as a speech-to-text writes it at that moment. */
export type Parts = readonly string[];

/** Something that the agent asks for and the caller gives bit by bit. `opening` is what leads to the question. */
export interface Asked {
  readonly opening: string;
  readonly question: string;
  readonly answers: readonly Parts[];
}

export interface TurnTexts {
  readonly greeting: string;
  /** Whole sentences and questions. */
  readonly complete: readonly string[];
  /** Pauses after an open clause, without a mark. */
  readonly openClause: readonly Parts[];
  readonly comma: readonly Parts[];
  /** ... after "uhm" and the like. */
  readonly hesitation: readonly Parts[];
  /** ... after an open clause that the speech-to-text closed with a full stop. */
  readonly wrongStop: readonly Parts[];
  readonly twoSentences: readonly Parts[];
  readonly phone: Asked;
  readonly spelling: Asked;
  readonly yesNo: Asked;
  /** Questions with answers of ten seconds and more. */
  readonly long: readonly { readonly opening: string; readonly reply: string }[];
  readonly stop: readonly string[];
  readonly no: readonly string[];
  readonly question: readonly string[];
  readonly sentence: readonly string[];
  readonly backchannel: readonly string[];
  readonly sideTalk: readonly string[];
  /** Answers to all else. */
  readonly short: readonly string[];
  /** eSpeak NG's voices of the callers, and of those who talk beside them. */
  readonly voices: readonly string[];
}

export const TURN_TEXTS: Readonly<Record<Half, TurnTexts>> = {
  tuning: TUNING_TEXTS,
  heldOut: HELD_OUT_TEXTS,
};
