// The reply on the line as the caller hears it: words that are said to their end, and an answer of which nothing has
// been heard yet, which can be taken back.
import { partedByCutIn } from './cutIn.ts';
import { forgetSaid } from './floor.ts';
import type { Answered, TurnState, TurnStep } from './state.ts';
import { inPhase, start, stay } from './step.ts';

/** How long is left is known only as far as there is audio, and audio may get stuck: it is asked again so often. */
const ASK_AGAIN_MS_MIN = 40;
const ASK_AGAIN_MS_MAX = 200;
/** Answers that are taken back in one turn; the next is interrupted like any: something is wrong with this line. */
export const TAKEN_BACK_MAX = 2;

/** How long the words that are being said are said on, whatever the caller does; 0: they may be stopped. */
export function leftProtectedMs({ phase, agent }: TurnState): number {
  return phase.kind === 'speaking' && agent?.replyId === phase.replyId ? (agent.protectedMs ?? 0) : 0;
}

/** The caller speaks over words that are said to their end: what they say is kept, and judged when those are over. */
export function untilSaid(state: TurnState): TurnStep {
  const { phase } = state;
  const leftMs = leftProtectedMs(state);
  if (phase.kind !== 'speaking' || leftMs === 0) return stay(state);
  return {
    state: inPhase(state, { ...phase, spokenOver: true }),
    effects: [start('protected', Math.min(ASK_AGAIN_MS_MAX, Math.max(ASK_AGAIN_MS_MIN, Math.ceil(leftMs))))],
  };
}

/** Whether what is judged now began before a word of the answer on the line can have been heard. */
export function isUnheard({ phase, agent, answered, takenBack }: TurnState): boolean {
  if (phase.kind !== 'speaking' && phase.kind !== 'doubting') return false;
  if (answered?.replyId !== phase.replyId) return false;
  if (phase.kind === 'doubting') return phase.unheard;
  return agent?.replyId === phase.replyId && agent.unheard === true && takenBack < TAKEN_BACK_MAX;
}

/** The answer to what was said begins: that turn is over, unless the answer is taken back. */
export function answerBegins(state: TurnState, replyId: number): TurnStep {
  const { keyed, prepared, discarded } = state;
  const { answers: said, since } = partedByCutIn(state);
  const answered: Answered = { replyId, said, keyed, prepared, discarded };
  const step = forgetSaid({ ...state, said });
  return { ...step, state: { ...step.state, said: since, answered } };
}

/** As if the answer had not been released: what it answers goes on with what was said since. It stays prepared. */
export function turnGoesOn(state: TurnState): TurnState {
  const { answered } = state;
  if (answered === undefined) return state;
  const { said, keyed, prepared, discarded } = answered;
  return {
    ...state,
    phase: { kind: 'listening' },
    turn: state.turn - 1,
    said: [...said, ...state.said],
    keyed: [...keyed, ...state.keyed],
    prepared,
    discarded,
    answered: undefined,
    takenBack: state.takenBack + 1,
  };
}
