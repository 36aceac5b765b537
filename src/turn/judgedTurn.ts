// A speech-to-text that judges turns: what its judgements do. The voice detector still tells when somebody speaks over
// the agent, and when the caller goes on.
import { pause, speculate, withhold, wordsInPause } from './endOfTurn.ts';
import { endingOf } from './endpoint.ts';
import { isJudgedOver } from './judgedEnd.ts';
import { turnLanguage } from './language/language.ts';
import { textOf } from './said.ts';
import type { TurnEvent, TurnSettings, TurnState, TurnStep } from './state.ts';
import { chain, inPhase, stay, stop } from './step.ts';

/** A judgement on an utterance that was answered, or by a session that nobody asked for its judgement, is no news. */
export function turnJudged(
  state: TurnState,
  { utterance, judgement, atMs }: TurnEvent & { readonly kind: 'turnJudged' },
  settings: TurnSettings,
): TurnStep {
  if (state.judge !== 'stt' || utterance <= state.oldUtterance) return stay(state);
  switch (judgement) {
    case 'eager':
      return prepareNow(state, settings);
    case 'ended':
      return ended({ ...state, judgedOver: Math.max(state.judgedOver, utterance) }, atMs, settings);
    case 'started':
    case 'resumed':
      return goesOn(
        { ...state, judgedOver: Math.min(state.judgedOver, utterance - 1) },
        judgement,
        atMs,
        settings,
      );
    default:
      return judgement satisfies never;
  }
}

/** Another session listens: what it doesn't judge is judged by its words from now on, the silence under way as well. */
export function judgeChanged(
  state: TurnState,
  { judge, atMs }: TurnEvent & { readonly kind: 'judgeChanged' },
  settings: TurnSettings,
): TurnStep {
  if (judge === state.judge) return stay(state);
  const changed = { ...state, judge };
  if (judge === 'stt' || state.phase.kind !== 'pausing') return stay(changed);
  const asking = state.phase.final === 'not_asked' ? [{ kind: 'commit' } as const] : [];
  return chain({ state: changed, effects: asking }, (next) => wordsInPause(next, atMs, settings));
}

/** The turn is probably over: by the time that it is sure, the answer is made. */
function prepareNow(state: TurnState, settings: TurnSettings): TurnStep {
  if (state.phase.kind !== 'listening' && state.phase.kind !== 'pausing') return stay(state);
  const text = textOf(state.said);
  return speculate(state, text, endingOf(text, state.expects, turnLanguage(settings.language)), settings);
}

function ended(state: TurnState, atMs: number, settings: TurnSettings): TurnStep {
  if (state.phase.kind === 'pausing') return wordsInPause(state, atMs, settings);
  // The voice detector is behind, or takes noise for a voice.
  const heard = state.phase.kind === 'listening' && isJudgedOver(state);
  return heard ? pause(state, atMs, atMs, settings) : stay(state);
}

/** As when the voice is back: what was prepared waits, and what was released is taken back while nobody has heard it. */
function goesOn(
  state: TurnState,
  judgement: 'started' | 'resumed',
  atMs: number,
  settings: TurnSettings,
): TurnStep {
  const { phase } = state;
  if (phase.kind === 'pausing') {
    if (state.voice === 'on') {
      return {
        state: inPhase(state, { kind: 'listening' }),
        effects: [stop('endpoint'), stop('finalWords')],
      };
    }
    return wordsInPause(inPhase(state, { ...phase, silenceAtMs: atMs }), atMs, settings);
  }
  if (phase.kind !== 'thinking' || phase.answers === 'nobody') return stay(state);
  if (state.voice === 'on') return withhold(state, phase.replyId);
  // A turn that begins without a voice or a word is nothing to stop for.
  if (judgement === 'started') return stay(state);
  return chain(withhold(state, phase.replyId), (held) => pause(held, atMs, atMs, settings));
}
