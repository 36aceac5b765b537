// How loud the caller is, learned from their turns, and whether a voice over the agent is so much fainter that it is
// somebody else's: the agent's own out of a loudspeaker, or another person in the room.
import { lastUtterance } from './said.ts';
import type { TurnSettings, TurnState } from './state.ts';

export interface Loudness {
  /** Of the caller's turns: the loudest 32 ms of the last voice in each, averaged. Undefined before the first. */
  readonly callerDbfs: number | undefined;
  /** Of the voice that is on, or was on last; undefined when the detector doesn't tell. */
  readonly voiceDbfs: number | undefined;
  /** Whether that voice began over the agent. */
  readonly overAgent: boolean;
  /** Utterances up to this one were not said to the agent. */
  readonly aside: number;
  /** The utterance committed next ends what was said aside. */
  readonly asideEnds: boolean;
}

export const NOTHING_LOUD: Loudness = {
  callerDbfs: undefined,
  voiceDbfs: undefined,
  overAgent: false,
  aside: -1,
  asideEnds: false,
};

/** A caller who has turned away or switched the loudspeaker on is followed within two turns; one shout changes little. */
const RISE_SHARE = 0.3;
const FALL_SHARE = 0.6;
/** An echo is seldom so near. */
const CALLERS_LEVEL_DB = 4;

export function voiceBegan(state: TurnState, levelDbfs: number | undefined): TurnState {
  const overAgent = state.phase.kind === 'speaking' || state.phase.kind === 'doubting';
  return { ...state, loudness: { ...state.loudness, voiceDbfs: levelDbfs, overAgent } };
}

export function voiceGrew(state: TurnState, levelDbfs: number): TurnState {
  return { ...state, loudness: { ...state.loudness, voiceDbfs: levelDbfs } };
}

/** A turn was taken: its voice was the caller's. */
export function callerLearned(loudness: Loudness): Loudness {
  const { callerDbfs, voiceDbfs } = loudness;
  if (voiceDbfs === undefined) return loudness;
  if (callerDbfs === undefined) return { ...loudness, callerDbfs: voiceDbfs };
  const share = voiceDbfs > callerDbfs ? RISE_SHARE : FALL_SHARE;
  return { ...loudness, callerDbfs: callerDbfs + share * (voiceDbfs - callerDbfs) };
}

/** Whether the voice, as far as it is known, is too faint for the caller. Never before a turn of theirs was heard. */
export function isFaint({ loudness }: TurnState, { interruption }: TurnSettings): boolean {
  const { callerDbfs, voiceDbfs } = loudness;
  if (callerDbfs === undefined || voiceDbfs === undefined || interruption.faintDb === 0) return false;
  return voiceDbfs <= callerDbfs - interruption.faintDb;
}

/** Whether the voice is as loud as the caller's: whatever words are known by now, they may be of what was before it. */
export function isCallersLevel({ loudness: { callerDbfs, voiceDbfs } }: TurnState): boolean {
  return callerDbfs !== undefined && voiceDbfs !== undefined && voiceDbfs >= callerDbfs - CALLERS_LEVEL_DB;
}

/** Whether the voice is faint and began over the agent: what it says is not said to us. */
export function isAside(state: TurnState, settings: TurnSettings): boolean {
  return state.loudness.overAgent && isFaint(state, settings);
}

/** The voice is over: if it was aside, so is the utterance that it ends, or the one that a judging speech-to-text is in. */
export function voiceEnded(state: TurnState, settings: TurnSettings): TurnState {
  const { loudness, judge, said } = state;
  const asideEnds = isAside(state, settings);
  if (!asideEnds || judge === 'words') return { ...state, loudness: { ...loudness, asideEnds } };
  return { ...state, loudness: { ...loudness, aside: Math.max(loudness.aside, lastUtterance(said)) } };
}

export function asideCommitted(loudness: Loudness, utterance: number): Loudness {
  if (!loudness.asideEnds) return loudness;
  return { ...loudness, asideEnds: false, aside: Math.max(loudness.aside, utterance) };
}
