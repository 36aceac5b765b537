// The end of the caller's turn: a pause, a reply prepared in it, the wait, and the turn taken or given back.
import { taken } from './cutIn.ts';
import { endingOf, type Ending } from './endpoint.ts';
import { dropPrepared, listen, speakLine } from './floor.ts';
import { heardWaitMs, type EndHeard } from './heardEnd.ts';
import { keysDueAtMs, spaced, turnText } from './keyed.ts';
import { turnLanguage } from './language/language.ts';
import { callerLearned, isAside } from './loudness.ts';
import { isJudgedOver, judgedWaitMs } from './judgedEnd.ts';
import { lastUtterance, sameWords, textOf, wordsOf } from './said.ts';
import type { TurnEffect, TurnSettings, TurnState, TurnStep } from './state.ts';
import { chain, inPhase, start, stay, stop } from './step.ts';
import { heardNoWords } from './wordless.ts';

/** Prepared replies that may be thrown away in one turn; then the wait is waited out before the next is made. */
export const DISCARDED_PER_TURN_MAX = 2;
/** Voice as long as a short word, of which no word was understood. */
const WORD_MS_MIN = 300;
/**
 * ... when the detector tells what surely is speech: of 200 coughs in noise of 5-20 dB and none, 95 in 100 are so for
 * 224 ms or less, of 350 short words 90 in 100 for longer.
 */
const SURE_WORD_MS_MIN = 256;
/** Asking a third time only annoys; the ladder of silence goes on from there. */
export const ASKED_AGAIN_MAX = 2;

/**
 * The caller fell silent: ask for the last words, unless they are `known`, prepare a reply, and wait. A speech-to-text
 * that judges turns is not asked: that would end the turn that it is to judge.
 */
export function pause(
  state: TurnState,
  silenceAtMs: number,
  atMs: number,
  settings: TurnSettings,
  known = false,
): TurnStep {
  const utterance = lastUtterance(state.said);
  const gap = utterance < 0 ? undefined : { silenceAtMs, utterance, brokenAfterMs: undefined, cutOff: false };
  const paused = inPhase(
    { ...state, gap },
    { kind: 'pausing', silenceAtMs, waited: false, final: known ? 'known' : 'not_asked' },
  );
  const asking: readonly TurnEffect[] = state.judge === 'words' && !known ? [{ kind: 'commit' }] : [];
  return chain({ state: paused, effects: [stop('idle'), ...asking] }, (next) =>
    wordsInPause(next, atMs, settings),
  );
}

/** The words of the pause are new or better known: prepare for them, and wait as long as they ask for. */
export function wordsInPause(state: TurnState, atMs: number, settings: TurnSettings): TurnStep {
  const { phase } = state;
  if (phase.kind !== 'pausing') return stay(state);
  const text = turnText(state.said, state.keyed);
  const keysAtMs = keysDueAtMs(state, settings);
  if (state.judge === 'stt' && keysAtMs === undefined) return judgedPause(state, atMs, settings);
  const ending =
    keysAtMs === undefined
      ? endingOf(text, state.expects, turnLanguage(settings.language))
      : keysEnding(state);
  const heard = state.endHeard?.silenceAtMs === phase.silenceAtMs ? state.endHeard.probability : undefined;
  const waitMs = state.cutIn.kind === 'wanted' ? 0 : heardWaitMs(ending, settings, state.pauses, heard);
  const leftMs = (keysAtMs ?? phase.silenceAtMs + waitMs) - atMs;
  const waiting = inPhase(state, { ...phase, waited: leftMs <= 0 });
  const timer = leftMs > 0 ? [start('endpoint', leftMs)] : [stop('endpoint')];
  return chain({ state: waiting, effects: timer }, (next) =>
    chain(speculate(next, text, ending, settings), (one) => (leftMs > 0 ? stay(one) : waited(one, settings))),
  );
}

/** The same when speech-to-text judges the turn: its word ends the wait; without it there is only the longest one. */
function judgedPause(state: TurnState, atMs: number, settings: TurnSettings): TurnStep {
  const { phase } = state;
  if (phase.kind !== 'pausing') return stay(state);
  if (!isJudgedOver(state)) {
    // Who cuts in answers what is known.
    if (state.cutIn.kind === 'wanted')
      return decide(inPhase(state, { ...phase, waited: true, final: 'known' }), settings);
    // It was asked for its last words: the longest wait is over, or was another judge's.
    const asked = typeof phase.final === 'object' || (phase.final === 'known' && phase.waited);
    if (asked) return decide(inPhase(state, { ...phase, waited: true }), settings);
    // Words that go on, whether the voice detector heard them or not, begin another silence.
    const sinceMs = Math.max(phase.silenceAtMs, state.wordsAtMs ?? phase.silenceAtMs);
    const leftMs = sinceMs + settings.maxWaitMs - atMs;
    const waiting = inPhase(state, { ...phase, waited: false, final: 'not_asked' });
    if (leftMs > 0) return { state: waiting, effects: [start('endpoint', leftMs)] };
    return chain({ state: waiting, effects: [stop('endpoint')] }, (next) => waited(next, settings));
  }
  const text = turnText(state.said, state.keyed);
  const ending = endingOf(text, state.expects, turnLanguage(settings.language));
  const leftMs = phase.silenceAtMs + judgedWaitMs(ending, settings, state.pauses) - atMs;
  const known = inPhase(state, { ...phase, waited: leftMs <= 0, final: 'known' });
  const timers = [leftMs > 0 ? start('endpoint', leftMs) : stop('endpoint'), stop('finalWords')];
  return chain({ state: known, effects: timers }, (next) =>
    chain(speculate(next, text, ending, settings), (one) => decide(one, settings)),
  );
}

/** The wait is over. A speech-to-text that has not judged by now is asked for what it has. */
export function waited(state: TurnState, settings: TurnSettings): TurnStep {
  const { phase } = state;
  if (phase.kind !== 'pausing') return stay(state);
  const over = inPhase(state, { ...phase, waited: true });
  if (state.judge === 'stt' && phase.final === 'not_asked' && keysDueAtMs(state, settings) === undefined)
    return { state: over, effects: [{ kind: 'commit' }] };
  return decide(over, settings);
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

/**
 * The voice falters, and the words make a whole: most likely that is all, and a reply is prepared before the silence is
 * long enough for a pause. Only the first of a turn: a caller who went on after it will falter again.
 */
export function prepareEarly(state: TurnState, settings: TurnSettings): TurnStep {
  const { phase, said, keyed, expects } = state;
  const first = state.prepared === undefined && state.discarded === 0;
  const free = state.judge === 'words' && keyed.length === 0 && state.cutIn.kind === 'no';
  if (!state.faltering || phase.kind !== 'listening' || !first || !free || isAside(state, settings))
    return stay(state);
  const text = textOf(said);
  const ending = endingOf(text, expects, turnLanguage(settings.language));
  return ending === 'complete' ? speculate(state, text, ending, settings) : stay(state);
}

export function prepare(state: TurnState, callerText: string, before: readonly TurnEffect[]): TurnStep {
  const replyId = state.nextReplyId;
  const cutIn = state.cutIn.kind === 'wanted';
  return {
    state: { ...state, nextReplyId: replyId + 1, prepared: { replyId, text: callerText, cutIn } },
    effects: [...before, { kind: 'prepare', replyId, turn: state.turn + 1, callerText, cutIn }],
  };
}

/** Takes the turn when the wait is over and the words are known. */
export function decide(state: TurnState, settings: TurnSettings): TurnStep {
  const { phase } = state;
  if (phase.kind !== 'pausing' || !phase.waited) return stay(state);
  if (phase.final === 'to_ask') {
    return { state: inPhase(state, { ...phase, final: 'not_asked' }), effects: [{ kind: 'commit' }] };
  }
  if (phase.final !== 'known' && !wordsWillDo(state, settings)) return stay(state);
  const callerText = turnText(state.said, state.keyed);
  if (callerText === '') return notUnderstood(state, phase.silenceAtMs, settings);
  const { prepared } = state;
  const fits =
    prepared !== undefined &&
    sameTurn(prepared.text, callerText) &&
    prepared.cutIn === (state.cutIn.kind === 'wanted');
  const ready = fits ? stay(state) : prepare(state, callerText, dropPrepared(state));
  return chain(ready, (next) => release(next, callerText, phase.silenceAtMs, fits));
}

/**
 * A whole sentence is answered before the STT's last word on it: that seldom changes it, and if it does, it comes before
 * a frame of the answer, which is then made anew. Where finals have done so, they are waited for.
 */
function wordsWillDo(state: TurnState, settings: TurnSettings): boolean {
  const { said, expects, finalsAwaited, judge, voice } = state;
  // It is not asked for them, and what was said before the keys has come by now.
  if (judge === 'stt') return keysDueAtMs(state, settings) !== undefined;
  if (finalsAwaited > 0 || voice === 'on') return false;
  const ending = endingOf(textOf(said), expects, turnLanguage(settings.language));
  return ending === 'complete' || ending === 'likely';
}

/** A lone `#` or `*` has no words, and is not the other one. */
function sameTurn(a: string, b: string): boolean {
  return a === b || (sameWords(a, b) && wordsOf(a).length > 0);
}

/** Voice without a word: the caller is asked again, a few times, and always while nobody listens; a noise gives the floor back. */
function notUnderstood(state: TurnState, silenceAtMs: number, settings: TurnSettings): TurnStep {
  const voiceMs = state.voiceAtMs === undefined ? 0 : silenceAtMs - state.voiceAtMs;
  const known = state.voice === 'off' && state.speechMs !== undefined;
  const spoke = known ? (state.speechMs ?? 0) >= SURE_WORD_MS_MIN : voiceMs >= WORD_MS_MIN;
  if (!spoke) return listen(state, settings);
  const { wordless, effects } = heardNoWords(state.wordless, voiceMs);
  return chain({ state: { ...state, wordless }, effects }, (next) =>
    next.asked >= ASKED_AGAIN_MAX && next.hears
      ? listen(next, settings)
      : speakLine({ ...next, asked: next.asked + 1 }, { kind: 'noWords' }),
  );
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
  const answering: TurnState = {
    ...state,
    turn,
    idleStep: 0,
    asked: 0,
    keyed,
    loudness: callerLearned(state.loudness),
    finalsAwaited: Math.max(0, state.finalsAwaited - 1),
    phase: { kind: 'thinking', replyId, answers: 'caller' },
  };
  return chain(
    {
      state: answering,
      effects: [
        stop('endpoint'),
        stop('finalWords'),
        ...(keyed.length === 0 ? [] : [stop('keys')]),
        ...untold.map(({ keys }) => ({ kind: 'keyed' as const, turn, text: spaced(keys), final: true })),
        { kind: 'release', replyId, turn, callerText, silenceAtMs, speculated },
      ],
    },
    (next) => taken(next, replyId),
  );
}

/** The caller goes on before a frame of the answer was written: as if it had not been released. */
export function withhold(state: TurnState, replyId: number): TurnStep {
  return {
    state: { ...state, turn: state.turn - 1, phase: { kind: 'listening' } },
    effects: [{ kind: 'withhold', replyId }],
  };
}
