// How long the caller has been talking, and what happens when it is too long.
import { pause, wordsInPause } from './endOfTurn.ts';
import { textOf } from './said.ts';
import type { TurnSettings, TurnState, TurnStep } from './state.ts';
import { start, stay, stop } from './step.ts';

/** Without a pause in so long the agent speaks over the caller. */
export const CUT_IN_LATEST_MS = 5_000;

/** Keeps the timer of the caller's turn, whatever `step` was: it begins with their first word while they have the floor. */
export function watchTalk(before: TurnState, step: TurnStep, { cutInAfterMs }: TurnSettings): TurnStep {
  if (cutInAfterMs === undefined) return step;
  const { state, effects } = step;
  if (talks(state) && !talks(before)) {
    // What was said over the agent is part of it, but the turn begins here.
    if (before.phase.kind === 'thinking') return step;
    return {
      state: { ...state, cutIn: { kind: 'no' } },
      effects: [...effects, start('cutIn', cutInAfterMs)],
    };
  }
  if (state.cutIn.kind === 'under_way' || textOf(state.said) !== '') return step;
  return textOf(before.said) === ''
    ? step
    : { state: { ...state, cutIn: { kind: 'no' } }, effects: [...effects, stop('cutIn')] };
}

export function cutInRang(state: TurnState, atMs: number, settings: TurnSettings): TurnStep {
  const { phase, cutIn } = state;
  if (cutIn.kind === 'under_way') return stay({ ...state, cutIn: { kind: 'no' } });
  if (phase.kind !== 'listening' && phase.kind !== 'pausing') {
    // It may be given back to them.
    return textOf(state.said) === '' ? stay(state) : { state, effects: [start('cutIn', CUT_IN_LATEST_MS)] };
  }
  if (textOf(state.said) === '') return stay(state);
  const wanted: TurnState = { ...state, cutIn: { kind: 'wanted' } };
  if (phase.kind === 'pausing') return wordsInPause(wanted, atMs, settings);
  if (cutIn.kind === 'wanted' || state.voice === 'off') return pause(wanted, atMs, atMs, settings);
  return { state: wanted, effects: [start('cutIn', CUT_IN_LATEST_MS)] };
}

function talks({ phase, said }: TurnState): boolean {
  return (phase.kind === 'listening' || phase.kind === 'pausing') && textOf(said) !== '';
}
