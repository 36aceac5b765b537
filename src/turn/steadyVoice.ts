// A voice that goes on and brings nothing new: music on hold, a television, a detector that is stuck. The turn then
// ends by the words, and without words the caller is asked again.
import { ASKED_AGAIN_MAX, pause } from './endOfTurn.ts';
import { idleTimer } from './floor.ts';
import { textOf } from './said.ts';
import type { TurnEffect, TurnEvent, TurnSettings, TurnState, TurnStep } from './state.ts';
import { start, stay, stop } from './step.ts';
import { WORDLESS_MS } from './wordless.ts';

/**
 * Words that have not changed for the longest wait and this long are all that is said: above the delay of live
 * words, and with the default waits below the time after which the caller would hear a filler.
 */
export const STEADY_MS = 700;

/** Keeps the timer of a voice that brings no new word, whatever `step` was. */
export function watchVoice(before: TurnState, step: TurnStep, settings: TurnSettings): TurnStep {
  const { state } = step;
  if (!hasVoice(state)) {
    return hasVoice(before) ? { state, effects: [...step.effects, stop('steady')] } : step;
  }
  const same = state.said === before.said || textOf(state.said) === textOf(before.said);
  if (hasVoice(before) && same && state.asked === before.asked) return step;
  return { state, effects: [...step.effects, ...timersFor(state, settings)] };
}

/** The voice is still there, and nothing new was said. */
export function voiceSteady(state: TurnState, atMs: number, settings: TurnSettings): TurnStep {
  if (!hasVoice(state)) return stay(state);
  const silenceAtMs = textOf(state.said) === '' ? atMs : (state.wordsAtMs ?? atMs);
  return pause(state, silenceAtMs, atMs, settings);
}

/** In a pause, or before the answer sounds, with the voice still on: whether these words show that the caller speaks on. */
export function speaksOn(before: TurnState, event: TurnEvent & { readonly kind: 'words' }): boolean {
  // Who judges turns says so itself.
  if (before.voice === 'off' || before.judge === 'stt' || before.cutIn.kind !== 'no') return false;
  // The final of words that were known is a correction.
  const known = before.said.some((one) => one.utterance === event.utterance && one.text !== '');
  return !event.final || !known;
}

function hasVoice({ phase, voice }: TurnState): boolean {
  return phase.kind === 'listening' && voice === 'on';
}

function timersFor(state: TurnState, settings: TurnSettings): readonly TurnEffect[] {
  if (textOf(state.said) !== '') return [stop('idle'), start('steady', settings.maxWaitMs + STEADY_MS)];
  if (state.asked < ASKED_AGAIN_MAX) return [start('steady', WORDLESS_MS)];
  // A noise that was asked often enough counts as nobody speaking.
  return [stop('steady'), ...idleTimer(state, settings)];
}
