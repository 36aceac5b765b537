// A sound over the agent: whether it yields, goes on, or has been answered.
import { pause } from './endOfTurn.ts';
import { forgetSaid, listen } from './floor.ts';
import { anyKeyed } from './keyed.ts';
import { askedSoFar, expectationOf, NOTHING_ASKED, type Expectation } from './expectation.ts';
import { judge, type Verdict } from './judge.ts';
import { turnLanguage } from './language/language.ts';
import { mayBeOwn, onlyEcho } from './ownVoice.ts';
import { pausedFor, wasCutOff, type Pauses } from './pauses.ts';
import { lastUtterance, sameWords, textOf } from './said.ts';
import type { TurnSettings, TurnState, TurnStep } from './state.ts';
import { chain, inPhase, stay, stop } from './step.ts';

/** Whether what the agent is saying may be stopped at all; what is said over it meanwhile is not lost. */
export function mayInterrupt(state: TurnState, settings: TurnSettings): boolean {
  return settings.interruption.enabled && (settings.greetingInterruptible || state.turn > 0);
}

export function wordsOverAgent(state: TurnState, atMs: number, settings: TurnSettings): TurnStep {
  const { phase } = state;
  if (phase.kind !== 'speaking' && phase.kind !== 'doubting') return stay(state);
  if (!mayInterrupt(state, settings)) return stay(state);
  const verdict = verdictOn(state, settings);
  if (verdict === 'interrupt') {
    // The next word will tell.
    if (mayBeOwn(textOf(state.said), state, settings)) return stay(state);
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
  const nothing = onlyEcho(next) || (verdict === 'backchannel' && next.voice === 'off');
  if (nothing && phase.kind === 'doubting') {
    return resume(next, phase.replyId, phase.voiceAtMs);
  }
  return stay(next);
}

/** The voice over the agent lasts: it is the caller's turn, unless all it says is "go on" or the agent's own words. */
export function voiceLasts(state: TurnState, atMs: number, settings: TurnSettings): TurnStep {
  const { phase } = state;
  if (phase.kind !== 'doubting' || state.voice === 'off') return stay(state);
  return verdictOn(state, settings) === 'backchannel' || onlyEcho(state)
    ? resume(state, phase.replyId, phase.voiceAtMs)
    : interrupt(state, phase.replyId, phase.voiceAtMs, atMs, settings);
}

/** What was said over the agent, judged by what the agent has said up to now. */
function verdictOn(state: TurnState, settings: TurnSettings): Verdict {
  const { interruption } = settings;
  const language = turnLanguage(settings.language);
  const asked = askedNow(state, settings);
  if (asked === undefined || state.nod === undefined)
    return judge(textOf(state.said), interruption, language, asked);
  // "Yeah" before the question was no answer to it, and doesn't become one.
  const { utterance, text } = state.nod;
  const fresh = state.said.filter(
    (one) => one.utterance > utterance || (one.utterance === utterance && !sameWords(one.text, text)),
  );
  return fresh.length === 0
    ? judge(textOf(state.said), interruption, language, undefined)
    : judge(textOf(fresh), interruption, language, asked);
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
  const over = { ...answered.state, expects: expectedAfter(answered.state, replyId, settings, true) };
  const effects = [...answered.effects, stop('lasting'), stop('verdict')];
  const meant = anyKeyed(over.keyed) || verdictOn(over, settings) === 'interrupt';
  // "Mhm" while the agent was finishing is no turn; a sentence is.
  if (!meant && over.voice === 'off')
    return chain(chain({ state: over, effects }, forgetSaid), (next) => listen(next, settings));
  const listening = { state: inPhase(over, { kind: 'listening' }), effects };
  return over.voice === 'on' ? listening : chain(listening, (next) => pause(next, atMs, atMs, settings));
}

export function interrupt(
  state: TurnState,
  replyId: number,
  voiceAtMs: number,
  atMs: number,
  settings: TurnSettings,
): TurnStep {
  const expects = expectedAfter(state, replyId, settings, false);
  const pauses = pausesAfter(state, voiceAtMs, settings);
  const step: TurnStep = {
    state: inPhase({ ...state, expects, pauses, gap: undefined }, { kind: 'listening' }),
    effects: [
      stop('lasting'),
      stop('verdict'),
      { kind: 'interrupt', replyId },
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

/** It was nothing: go on. The words stay noted, so that a late "stop" in them is still obeyed. */
export function resume(state: TurnState, replyId: number, voiceAtMs: number): TurnStep {
  return {
    state: inPhase(state, { kind: 'speaking', replyId }),
    effects: [
      stop('lasting'),
      stop('verdict'),
      { kind: 'resume' },
      { kind: 'bargeIn', outcome: 'resumed', voiceAtMs },
    ],
  };
}
