// A sound over the agent: whether it yields, goes on, or has been answered.
import { pause } from './endOfTurn.ts';
import { forgetSaid, listen } from './floor.ts';
import { anyKeyed } from './keyed.ts';
import { askedSoFar, expectationOf, NOTHING_ASKED, type Expectation } from './expectation.ts';
import { judge, type Verdict } from './judge.ts';
import { isUnheard, leftProtectedMs, turnGoesOn, untilSaid } from './onTheLine.ts';
import { turnLanguage } from './language/language.ts';
import { isAside, isCallersLevel, isFaint } from './loudness.ts';
import { ECHOES_TRUSTED_MAX, mayBeOwn, onlyEcho, ownWords } from './ownVoice.ts';
import { pausedFor, wasCutOff, type Pauses } from './pauses.ts';
import { lastUtterance, noteWords, sameWords, textOf, type Utterance } from './said.ts';
import type { TurnEffect, TurnSettings, TurnState, TurnStep } from './state.ts';
import { chain, inPhase, start, stay, stop } from './step.ts';

/** A voice counts as going on for so long after its end, as the detector tells it. */
const VOICE_HANGOVER_MS = 200;
/** News of a voice may be old when the detector is behind: its end may be just behind it. */
const LASTING_MS_MIN = 150;
/**
 * Speech without a doubt for so long over the agent is likelier more than "mhm". Measured in noise of 5-20 dB and none: of
 * "stop" and the like more than half are as long, of "mhm" and the like a third.
 */
const SURE_OVER_AGENT_MS = 416;
/** Held so long nobody hears it: more is ahead at the carrier. */
const FAINT_MS = 100;

/** Whether what the agent is saying may be stopped at all; what is said over it meanwhile is not lost. */
export function mayInterrupt(state: TurnState, settings: TurnSettings): boolean {
  return settings.interruption.enabled && leftProtectedMs(state) === 0;
}

/** A voice over the agent: hold it until it is judged, or for a moment when it is too faint for the caller. */
export function holdForVoice(
  state: TurnState,
  voiceAtMs: number,
  atMs: number,
  settings: TurnSettings,
): TurnStep {
  const { phase } = state;
  if (phase.kind !== 'speaking') return stay(state);
  if (!mayInterrupt(state, settings)) return untilSaid(state);
  const faint = isFaint(state, settings);
  // A loudspeaker: holding for each echo would make the agent stutter. Words that are not its own still stop it.
  const unsure = state.loudness.callerDbfs === undefined || faint;
  if (unsure && state.echoes >= ECHOES_TRUSTED_MAX) return stay(state);
  return {
    state: inPhase(state, {
      kind: 'doubting',
      replyId: phase.replyId,
      voiceAtMs,
      unheard: isUnheard(state),
    }),
    effects: [
      { kind: 'hold' },
      stop('verdict'),
      start('lasting', lastingMs(voiceAtMs, atMs, settings.interruption.minVoiceMs)),
      faint ? start('faint', FAINT_MS) : stop('faint'),
    ],
  };
}

function lastingMs(voiceAtMs: number, atMs: number, durationMs: number): number {
  return Math.max(LASTING_MS_MIN, voiceAtMs + durationMs + VOICE_HANGOVER_MS - atMs);
}

/** The agent is held for a voice, which goes on after a pause. */
export function voiceGoesOn(state: TurnState, atMs: number, settings: TurnSettings): TurnStep {
  const { phase } = state;
  if (phase.kind !== 'doubting') return stay(state);
  const leftMs = lastingMs(phase.voiceAtMs, atMs, settings.interruption.minVoiceMs);
  return { state, effects: [stop('verdict'), start('lasting', leftMs)] };
}

/** Has the voice for which the agent is held grown? If not it is no caller's, and what it says is judged without a hold. */
export function voiceStaysFaint(state: TurnState, settings: TurnSettings): TurnStep {
  const { phase } = state;
  if (phase.kind !== 'doubting' || !isFaint(state, settings)) return stay(state);
  return goOn(state, phase.replyId, phase.voiceAtMs, 'ignored');
}

/** `whole`: no more words of this utterance will come. */
export function wordsOverAgent(
  state: TurnState,
  atMs: number,
  whole: boolean,
  settings: TurnSettings,
): TurnStep {
  const { phase } = state;
  if (phase.kind !== 'speaking' && phase.kind !== 'doubting') return stay(state);
  if (!mayInterrupt(state, settings)) return untilSaid(state);
  const verdict = verdictOn(state, settings, whole);
  if (verdict === 'interrupt') {
    // The next word will tell, if there is one.
    if (mayBeOwn(textOf(state.said), state, atMs, settings)) return stay(whole ? ownWords(state) : state);
    return interrupt(
      state,
      phase.replyId,
      phase.kind === 'doubting' ? phase.voiceAtMs : atMs,
      atMs,
      settings,
    );
  }
  const next = verdict === 'backchannel' ? noteNod(state, settings) : state;
  // An echo is known for one while it sounds; the caller's "mhm" may still become a sentence.
  const echo = onlyEcho(next) && (next.voice === 'off' || !isCallersLevel(next));
  const nothing = echo || (verdict === 'backchannel' && next.voice === 'off');
  if (nothing && phase.kind === 'doubting') {
    return resume(next, phase.replyId, phase.voiceAtMs, atMs, settings);
  }
  return stay(next);
}

/**
 * The voice over the agent lasts: it is the caller's turn, unless all it says is "go on" or the agent's own words. A
 * cough is as long as a word, but of a voice that lasts twice as long a word is known, if there is one to know.
 */
export function voiceLasts(state: TurnState, atMs: number, settings: TurnSettings): TurnStep {
  const { phase } = state;
  if (phase.kind !== 'doubting' || state.voice === 'off') return stay(state);
  const echo = onlyEcho(state) && !isCallersLevel(state);
  if (verdictOn(state, settings, true) === 'backchannel' || echo || isAside(state, settings))
    return resume(state, phase.replyId, phase.voiceAtMs, atMs, settings);
  const leftMs = phase.voiceAtMs + 2 * settings.interruption.minVoiceMs + VOICE_HANGOVER_MS - atMs;
  if (textOf(state.said) === '' && leftMs > 0) return { state, effects: [start('lasting', leftMs)] };
  return interrupt(state, phase.replyId, phase.voiceAtMs, atMs, settings);
}

/**
 * The voice over the agent has stopped, and no word of it came in time. A cough lets the agent go on; but a voice that
 * surely spoke, as loud as the caller, said something that was not understood.
 */
export function voiceUnheard(state: TurnState, atMs: number, settings: TurnSettings): TurnStep {
  const { phase } = state;
  if (phase.kind !== 'doubting' || state.voice === 'on') return stay(state);
  const caller = state.loudness.callerDbfs !== undefined && !isFaint(state, settings) && !onlyEcho(state);
  return caller && (state.speechMs ?? 0) >= SURE_OVER_AGENT_MS && textOf(state.said) === ''
    ? interrupt(state, phase.replyId, phase.voiceAtMs, atMs, settings)
    : resume(state, phase.replyId, phase.voiceAtMs, atMs, settings);
}

/** What was said over the agent, judged by what the agent has said up to now. */
function verdictOn(state: TurnState, settings: TurnSettings, whole: boolean): Verdict {
  const language = turnLanguage(settings.language);
  const interruption = isLenient(state) ? { ...settings.interruption, minWords: 1 } : settings.interruption;
  const asked = askedNow(state, settings);
  if (asked === undefined || state.nod === undefined)
    return judge(textOf(state.said), interruption, language, asked, whole);
  // "Yeah" before the question was no answer to it, and doesn't become one.
  const { utterance, text } = state.nod;
  const fresh = state.said.filter(
    (one) => one.utterance > utterance || (one.utterance === utterance && !sameWords(one.text, text)),
  );
  return fresh.length === 0
    ? judge(textOf(state.said), interruption, language, undefined, whole)
    : judge(textOf(fresh), interruption, language, asked, whole);
}

/** The last word on what was taken for "mhm": "yes, please" is a turn after all. */
export function passedAfterAll(
  state: TurnState,
  news: Utterance & { readonly atMs: number },
  settings: TurnSettings,
): TurnStep {
  const { passed, phase } = state;
  if (passed?.utterance !== news.utterance || phase.kind !== 'listening' || state.voice === 'on')
    return stay(state);
  // An echo, or what was said aside: it was passed over with all its words.
  if (passed.text === '') return stay(state);
  const said = noteWords(state.said, { utterance: news.utterance, text: news.text });
  const next = { ...state, said, passed: undefined };
  if (sameWords(passed.text, news.text) || verdictOn(next, settings, true) !== 'interrupt')
    return stay(state);
  return pause(next, news.atMs, news.atMs, settings, true);
}

/** One word is enough of a caller who was not let speak, or who only goes on. */
function isLenient(state: TurnState): boolean {
  return (state.phase.kind === 'speaking' && state.phase.spokenOver) || isUnheard(state);
}

function askedNow({ agent, phase }: TurnState, settings: TurnSettings): Expectation | undefined {
  if (agent === undefined || !('replyId' in phase) || agent.replyId !== phase.replyId) return undefined;
  return askedSoFar(agent, turnLanguage(settings.language));
}

function noteNod(state: TurnState, settings: TurnSettings): TurnState {
  if (askedNow(state, settings) !== undefined) return state;
  return { ...state, nod: { utterance: lastUtterance(state.said), text: state.said.at(-1)?.text ?? '' } };
}

export function replyPlayed(
  state: TurnState,
  replyId: number,
  atMs: number,
  settings: TurnSettings,
): TurnStep {
  const { phase } = state;
  if (phase.kind !== 'thinking' && phase.kind !== 'speaking' && phase.kind !== 'doubting') return stay(state);
  if (phase.replyId !== replyId) return stay(state);
  const answered = phase.kind === 'thinking' && phase.answers === 'caller' ? forgetSaid(state) : stay(state);
  const expects = expectedAfter(answered.state, replyId, settings, true);
  const own = mayBeOwn(textOf(answered.state.said), state, atMs, settings) && !isCallersLevel(state);
  const over = {
    ...(own ? ownWords(answered.state) : answered.state),
    expects,
    playedAtMs: atMs,
    answered: undefined,
    takenBack: 0,
  };
  const effects = [...answered.effects, ...doubtIsOver(), stop('protected')];
  const meant = anyKeyed(over.keyed) || verdictOn(over, settings, true) === 'interrupt';
  // "Mhm" while the agent was finishing is no turn; a sentence is.
  if (!meant && over.voice === 'off')
    return chain(chain({ state: over, effects }, forgetSaid), (next) =>
      listen({ ...next, passed: over.said.at(-1) }, settings),
    );
  const listening = { state: inPhase(over, { kind: 'listening' }), effects };
  return over.voice === 'on' ? listening : chain(listening, (next) => pause(next, atMs, atMs, settings));
}

/** The floor is the caller's: they have stopped the reply, or go on with the turn that it answers. */
export function interrupt(
  state: TurnState,
  replyId: number,
  voiceAtMs: number,
  atMs: number,
  settings: TurnSettings,
): TurnStep {
  const unheard = isUnheard(state);
  const learned = { ...state, pauses: pausesAfter(state, voiceAtMs, settings), gap: undefined };
  const expects = expectedAfter(state, replyId, settings, false);
  const step: TurnStep = {
    state: unheard
      ? turnGoesOn(learned)
      : inPhase({ ...learned, expects, answered: undefined, takenBack: 0 }, { kind: 'listening' }),
    effects: [
      ...doubtIsOver(),
      stop('protected'),
      { kind: unheard ? 'withhold' : 'interrupt', replyId },
      { kind: 'bargeIn', outcome: 'interrupted', voiceAtMs },
    ],
  };
  return state.voice === 'on' ? step : chain(step, (next) => pause(next, atMs, atMs, settings));
}

/** What the caller was asked for by a reply that is over: all of it, or as much as was heard. */
function expectedAfter(
  state: TurnState,
  replyId: number,
  settings: TurnSettings,
  played: boolean,
): Expectation {
  const { agent } = state;
  if (agent?.replyId !== replyId) return NOTHING_ASKED;
  const language = turnLanguage(settings.language);
  return played
    ? expectationOf(agent.text, language)
    : (askedSoFar(agent, language) ?? expectationOf(agent.heardText, language));
}

/** A caller who speaks up sooner than our longest wait had not finished: we have cut in. */
function pausesAfter({ pauses, gap }: TurnState, voiceAtMs: number, settings: TurnSettings): Pauses {
  if (gap === undefined) return pauses;
  const pauseMs = voiceAtMs - gap.silenceAtMs;
  return pauseMs <= settings.maxWaitMs ? wasCutOff(pausedFor(pauses, pauseMs)) : pauses;
}

function doubtIsOver(): readonly TurnEffect[] {
  return [stop('lasting'), stop('verdict'), stop('faint')];
}

/**
 * It was nothing: go on. The words stay noted, so that a late "stop" in them is still obeyed; but a single one that the
 * agent has just said was the agent's.
 */
export function resume(
  state: TurnState,
  replyId: number,
  voiceAtMs: number,
  atMs: number,
  settings: TurnSettings,
): TurnStep {
  const own = mayBeOwn(textOf(state.said), state, atMs, settings) ? ownWords(state) : state;
  return goOn(own, replyId, voiceAtMs, 'resumed');
}

function goOn(
  state: TurnState,
  replyId: number,
  voiceAtMs: number,
  outcome: 'resumed' | 'ignored',
): TurnStep {
  return {
    state: inPhase(state, { kind: 'speaking', replyId, spokenOver: false }),
    effects: [...doubtIsOver(), { kind: 'resume' }, { kind: 'bargeIn', outcome, voiceAtMs }],
  };
}
