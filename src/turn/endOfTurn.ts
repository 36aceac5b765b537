// The end of the caller's turn: a pause, a reply prepared in it, the wait, and the turn taken or given back.
import { endingOf, type Ending } from './endpoint.ts';
import { dropPrepared, listen, speakLine } from './floor.ts';
import { heardWaitMs, type EndHeard } from './heardEnd.ts';
import { keysDueAtMs, spaced, turnText } from './keyed.ts';
import { turnLanguage } from './language/language.ts';
import { lastUtterance, sameWords, wordsOf } from './said.ts';
import type { TurnEffect, TurnSettings, TurnState, TurnStep } from './state.ts';
import { chain, inPhase, start, stay, stop } from './step.ts';

/** Prepared replies that may be thrown away in one turn; then the wait is waited out before the next is made. */
export const DISCARDED_PER_TURN_MAX = 2;
/** Voice as long as a short word, of which no word was understood. */
const WORD_MS_MIN = 300;
/** Asking a third time only annoys; the ladder of silence goes on from there. */
const ASKED_AGAIN_MAX = 2;

/** The caller fell silent: ask for the last words, prepare a reply, and wait. */
export function pause(state: TurnState, silenceAtMs: number, atMs: number, settings: TurnSettings): TurnStep {
  const utterance = lastUtterance(state.said);
  const gap = utterance < 0 ? undefined : { silenceAtMs, utterance, brokenAfterMs: undefined, cutOff: false };
  const paused = inPhase(
    { ...state, gap },
    { kind: 'pausing', silenceAtMs, waited: false, final: 'not_asked' },
  );
  return chain({ state: paused, effects: [stop('idle'), { kind: 'commit' }] }, (next) =>
    wordsInPause(next, atMs, settings),
  );
}

/** The words of the pause are new or better known: prepare for them, and wait as long as they ask for. */
export function wordsInPause(state: TurnState, atMs: number, settings: TurnSettings): TurnStep {
  const { phase } = state;
  if (phase.kind !== 'pausing') return stay(state);
  const text = turnText(state.said, state.keyed);
  const keysAtMs = keysDueAtMs(state, settings);
  const ending =
    keysAtMs === undefined
      ? endingOf(text, state.expects, turnLanguage(settings.language))
      : keysEnding(state);
  const heard = state.endHeard?.silenceAtMs === phase.silenceAtMs ? state.endHeard.probability : undefined;
  const overAtMs = keysAtMs ?? phase.silenceAtMs + heardWaitMs(ending, settings, state.pauses, heard);
  const leftMs = overAtMs - atMs;
  const waiting = inPhase(state, { ...phase, waited: leftMs <= 0 });
  const timer = leftMs > 0 ? [start('endpoint', leftMs)] : [stop('endpoint')];
  return chain({ state: waiting, effects: timer }, (next) =>
    chain(speculate(next, text, ending, settings), (one) => decide(one, settings)),
  );
}

/** A key is seldom the last one unless it says so: no reply is made for each. */
function keysEnding({ keyed }: TurnState): Ending {
  return keyed.at(-1)?.end === 'open' ? 'collecting' : 'complete';
}

/** The audio model has heard the silence under way; of another one it is late news. */
export function endJudged(
  state: TurnState,
  { atMs, silenceAtMs, probability }: EndHeard & { readonly atMs: number },
  settings: TurnSettings,
): TurnStep {
  if (state.phase.kind !== 'pausing' || state.phase.silenceAtMs !== silenceAtMs) return stay(state);
  return wordsInPause({ ...state, endHeard: { silenceAtMs, probability } }, atMs, settings);
}

/**
 * Makes a reply for `text`, unless there is one, nothing was said, or too many were thrown away. What is open
 * will go on: a reply to it would be made in vain, and its wait is long enough to make one after.
 */
export function speculate(state: TurnState, text: string, ending: Ending, settings: TurnSettings): TurnStep {
  if (!settings.speculate || text === '' || ending === 'open' || ending === 'collecting') return stay(state);
  if (state.prepared !== undefined && sameWords(state.prepared.text, text)) return stay(state);
  const dropped = state.prepared === undefined ? 0 : 1;
  if (state.discarded + dropped > DISCARDED_PER_TURN_MAX) return stay(state);
  return prepare({ ...state, discarded: state.discarded + dropped }, text, dropPrepared(state));
}

export function prepare(state: TurnState, callerText: string, before: readonly TurnEffect[]): TurnStep {
  const replyId = state.nextReplyId;
  return {
    state: { ...state, nextReplyId: replyId + 1, prepared: { replyId, text: callerText } },
    effects: [...before, { kind: 'prepare', replyId, turn: state.turn + 1, callerText }],
  };
}

/** Takes the turn when the wait is over and the words are known. */
export function decide(state: TurnState, settings: TurnSettings): TurnStep {
  const { phase } = state;
  if (phase.kind !== 'pausing' || !phase.waited || phase.final !== 'known') return stay(state);
  const callerText = turnText(state.said, state.keyed);
  if (callerText === '') return notUnderstood(state, phase.silenceAtMs, settings);
  const fits = state.prepared !== undefined && sameTurn(state.prepared.text, callerText);
  const ready = fits ? stay(state) : prepare(state, callerText, dropPrepared(state));
  return chain(ready, (next) => release(next, callerText, phase.silenceAtMs, fits));
}

/** A lone `#` or `*` has no words, and is not the other one. */
function sameTurn(a: string, b: string): boolean {
  return a === b || (sameWords(a, b) && wordsOf(a).length > 0);
}

/** Voice without a word: the caller is asked again, a few times; a noise gives the floor back. */
function notUnderstood(state: TurnState, silenceAtMs: number, settings: TurnSettings): TurnStep {
  const voiceMs = state.voiceAtMs === undefined ? 0 : silenceAtMs - state.voiceAtMs;
  if (voiceMs < WORD_MS_MIN || state.asked >= ASKED_AGAIN_MAX) return listen(state, settings);
  return speakLine({ ...state, asked: state.asked + 1 }, { kind: 'noWords' });
}

export function release(
  state: TurnState,
  callerText: string,
  silenceAtMs: number,
  speculated: boolean,
): TurnStep {
  if (state.prepared === undefined) return stay(state);
  const { replyId } = state.prepared;
  const turn = state.turn + 1;
  const untold = state.keyed.filter(({ told }) => !told);
  const keyed = state.keyed.map((one) => ({ ...one, told: true }));
  const phase = { kind: 'thinking', replyId, answers: 'caller' } as const;
  return {
    state: { ...state, turn, idleStep: 0, asked: 0, keyed, phase },
    effects: [
      stop('endpoint'),
      stop('finalWords'),
      ...(keyed.length === 0 ? [] : [stop('keys')]),
      ...untold.map(({ keys }) => ({ kind: 'keyed' as const, turn, text: spaced(keys), final: true })),
      { kind: 'release', replyId, turn, callerText, silenceAtMs, speculated },
    ],
  };
}

/** The caller goes on before a frame of the answer was written: as if it had not been released. */
export function withhold(state: TurnState, replyId: number): TurnStep {
  return {
    state: { ...state, turn: state.turn - 1, phase: { kind: 'listening' } },
    effects: [{ kind: 'withhold', replyId }],
  };
}
