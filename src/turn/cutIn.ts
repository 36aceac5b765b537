// The caller talks and talks: when the agent's file says so, the agent takes the next small pause, and at the latest
// speaks over them. This is what there is to know of it; longTurn.ts has the timer.
import { lastUtterance, wordsOf, type Said } from './said.ts';
import type { TurnState, TurnStep } from './state.ts';
import { start, stay } from './step.ts';

/** An agent that cuts in is not stopped for so long: a caller in full flow needs a moment to notice. */
export const CUT_IN_HOLDS_MS = 4_000;

export type CutIn =
  | { readonly kind: 'no' }
  /** The next pause is the agent's, however short. */
  | { readonly kind: 'wanted' }
  /** This reply may not be stopped yet. `answers` is what had been said when it was decided. */
  | { readonly kind: 'under_way'; readonly replyId: number; readonly answers: Said };

/** The agent is cutting in by the reply that has the line. */
export function cutsIn({ phase, cutIn }: TurnState): boolean {
  return cutIn.kind === 'under_way' && 'replyId' in phase && phase.replyId === cutIn.replyId;
}

/** The turn is taken by this reply. */
export function taken(state: TurnState, replyId: number): TurnStep {
  if (state.cutIn.kind !== 'wanted') return stay(state);
  return {
    state: { ...state, cutIn: { kind: 'under_way', replyId, answers: state.said } },
    effects: [start('cutIn', CUT_IN_HOLDS_MS)],
  };
}

/**
 * What the reply that begins answers, and what the caller has said since it was decided. An answer that doesn't cut in is
 * withheld for such words; one that does goes on, and they belong to the caller's next turn.
 */
export function partedByCutIn(state: TurnState): { readonly answers: Said; readonly since: Said } {
  const { said, cutIn } = state;
  if (cutIn.kind !== 'under_way' || !cutsIn(state)) return { answers: said, since: [] };
  const last = lastUtterance(cutIn.answers);
  const known = new Map(cutIn.answers.map(({ utterance, text }) => [utterance, text]));
  const since = said.flatMap((one) => {
    if (one.utterance > last) return [one];
    const text = wordsAfter(one.text, known.get(one.utterance) ?? '');
    return text === '' ? [] : [{ utterance: one.utterance, text }];
  });
  return { answers: cutIn.answers, since };
}

/** What of `text` comes after the words of `known`; nothing when it is not the same with more, but a correction. */
function wordsAfter(text: string, known: string): string {
  const before = wordsOf(known);
  if (before.some((word, place) => wordsOf(text)[place] !== word)) return '';
  let passed = 0;
  const rest = text.split(/\s+/).filter((token) => {
    if (passed >= before.length) return true;
    passed += wordsOf(token).length;
    return false;
  });
  return rest.join(' ').trim();
}
