// The caller talks and talks: when the agent's file says so, the agent takes the next small pause, and at the latest
// speaks over them. This is what there is to know of it; longTurn.ts has the timer.
import type { TurnState, TurnStep } from './state.ts';
import { start, stay } from './step.ts';

/** An agent that cuts in is not stopped for so long: a caller in full flow needs a moment to notice. */
export const CUT_IN_HOLDS_MS = 4_000;

export type CutIn =
  | { readonly kind: 'no' }
  /** The next pause is the agent's, however short. */
  | { readonly kind: 'wanted' }
  /** This reply may not be stopped yet. */
  | { readonly kind: 'under_way'; readonly replyId: number };

/** The agent is cutting in by the reply that has the line. */
export function cutsIn({ phase, cutIn }: TurnState): boolean {
  return cutIn.kind === 'under_way' && 'replyId' in phase && phase.replyId === cutIn.replyId;
}

/** The turn is taken by this reply. */
export function taken(state: TurnState, replyId: number): TurnStep {
  if (state.cutIn.kind !== 'wanted') return stay(state);
  return {
    state: { ...state, cutIn: { kind: 'under_way', replyId } },
    effects: [start('cutIn', CUT_IN_HOLDS_MS)],
  };
}
