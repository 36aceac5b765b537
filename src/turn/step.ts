// How steps of the turn machine are put together.
import type { Phase, TurnEffect, TurnState, TurnStep, TurnTimer } from './state.ts';

export function inPhase(state: TurnState, phase: Phase): TurnState {
  return { ...state, phase };
}

export function stay(state: TurnState): TurnStep {
  return { state, effects: [] };
}

/** One step, then another from where it led. */
export function chain(step: TurnStep, then: (state: TurnState) => TurnStep): TurnStep {
  const next = then(step.state);
  return { state: next.state, effects: [...step.effects, ...next.effects] };
}

export function start(timer: TurnTimer, delayMs: number): TurnEffect {
  return { kind: 'startTimer', timer, delayMs };
}

export function stop(timer: TurnTimer): TurnEffect {
  return { kind: 'stopTimer', timer };
}

export function withTimer(state: TurnState, timer: TurnTimer, delayMs: number): TurnStep {
  return { state, effects: [start(timer, delayMs)] };
}

/** All of them: none outlives a call. */
export const TURN_TIMERS: readonly TurnTimer[] = [
  'endpoint',
  'finalWords',
  'lasting',
  'verdict',
  'faint',
  'protected',
  'idle',
  'steady',
  'cutIn',
  'keys',
];

export function stopTimers(): readonly TurnEffect[] {
  return TURN_TIMERS.map(stop);
}
