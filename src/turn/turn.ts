// Who has the floor. Pure: no clock, no socket, no promise. The call tells it what happened and carries
// out what it answers, in order.
//
//   listening --voice stops--> pausing --wait over, words known--> thinking --first frame--> speaking
//       ^  ^                     |  |                                 |                        |   ^
//       |  +---- voice again ----+  +- nothing was said -> listening  |           voice starts |   | no more than
//       |                                                             |                        v   | "uh-huh"
//       +------------------- voice again: reply withheld -------------+                      doubting
//       +------------------- words, or voice that lasts: interrupted --------------------------+
//                            (withheld, when not a word of the reply had been heard)
import {
  holdForVoice,
  mayInterrupt,
  passedAfterAll,
  replyPlayed,
  voiceGoesOn,
  voiceLasts,
  voiceStaysFaint,
  voiceUnheard,
  wordsOverAgent,
} from './bargeIn.ts';
import { cutsIn } from './cutIn.ts';
import { decide, endJudged, pause, prepareEarly, waited, withhold, wordsInPause } from './endOfTurn.ts';
import { dropPrepared, idle, lineWanted, listen, speakLine, textDropped } from './floor.ts';
import { cutInRang, watchTalk } from './longTurn.ts';
import { answerBegins } from './onTheLine.ts';
import type { AgentWords } from './expectation.ts';
import { judgeChanged, turnJudged } from './judgedTurn.ts';
import { keyPressed, keysTimedOut, keysUnderVoice } from './keys.ts';
import { asideCommitted, isAside, isFaint, voiceBegan, voiceEnded, voiceGrew } from './loudness.ts';
import { isRecent, withoutEcho } from './ownVoice.ts';
import { brokenGap, learned, wasAnswered } from './pauses.ts';
import { noteWords, sameWords, textOf } from './said.ts';
import type { TurnEffect, TurnEvent, TurnSettings, TurnState, TurnStep, TurnTimer } from './state.ts';
import { speaksOn, voiceSteady, watchVoice } from './steadyVoice.ts';
import { chain, inPhase, start, stay, stop, stopTimers, withTimer } from './step.ts';
import { heardWords } from './wordless.ts';

/** How long after a commit its final may take before we go on with the live words. */
export const FINAL_WORDS_MS = 1_200;
/** Voice stopped over the agent: words that were said take this long to arrive at most. */
export const VERDICT_MS = 450;
/** Once a final has changed what was known before it, the next turns wait for theirs. */
const FINALS_AWAITED = 5;

/** `phase: ended` swallows everything; news of an old reply or utterance falls through. */
export function reduceTurn(state: TurnState, event: TurnEvent, settings: TurnSettings): TurnStep {
  if (state.phase.kind === 'ended') return stay(state);
  const step = react(state, event, settings);
  if (step.state.phase.kind === 'ended') return step;
  return watchTalk(state, watchVoice(state, step, settings), settings);
}

function react(state: TurnState, event: TurnEvent, settings: TurnSettings): TurnStep {
  switch (event.kind) {
    case 'opened':
      return event.line === undefined ? listen(state, settings) : speakLine(state, event.line);
    case 'voiceStarted':
      return chain(
        voiceStarted(
          voiceBegan(
            { ...state, voice: 'on', faltering: false, voiceAtMs: event.voiceAtMs },
            event.levelDbfs,
          ),
          event.voiceAtMs,
          event.atMs,
          settings,
        ),
        (next) => keysUnderVoice(next, settings),
      );
    case 'voiceLouder':
      return voiceLouder(state, event, settings);
    case 'voiceFaltered':
      return prepareEarly({ ...state, faltering: state.voice === 'on' }, settings);
    case 'voiceWentOn':
      return stay({ ...state, faltering: false });
    case 'voiceStopped':
      return voiceStopped(
        { ...state, voice: 'off', faltering: false, speechMs: event.speechMs },
        event.silenceAtMs,
        event.atMs,
        settings,
      );
    case 'words':
      return words(state, event, settings);
    case 'keyPressed':
      return keyPressed(state, event, settings);
    case 'endJudged':
      return endJudged(state, event, settings);
    case 'judgeChanged':
      return judgeChanged(state, event, settings);
    case 'hearingChanged':
      return stay({ ...state, hears: event.hears });
    case 'turnJudged':
      return turnJudged(state, event, settings);
    case 'committed':
      return committed(state, event.utterance);
    case 'timerRang':
      return timerRang(state, event.timer, event.atMs, settings);
    case 'replyStarted':
      return replyStarted(state, event.replyId);
    case 'replyHeard':
      return stay(replyHeard(state, event));
    case 'replyPlayed':
      return chain(replyPlayed(state, event.replyId, event.atMs, settings), (next) =>
        keysUnderVoice(next, settings),
      );
    case 'lineWanted':
      return lineWanted(state, event.line, settings);
    case 'callEnded':
      return {
        state: inPhase(state, { kind: 'ended' }),
        effects: [...dropPrepared(state), ...textDropped(state), ...stopTimers()],
      };
    default:
      return event satisfies never;
  }
}

// --- the caller's voice ---

function voiceStarted(state: TurnState, voiceAtMs: number, atMs: number, settings: TurnSettings): TurnStep {
  const { phase } = state;
  switch (phase.kind) {
    case 'listening':
      return { state, effects: [stop('idle')] };
    case 'pausing':
      if (state.cutIn.kind === 'wanted') return stay(state);
      // They go on. What was prepared waits: if this is a cough and no word is added, it still fits.
      return {
        state: inPhase(broken(state, voiceAtMs, false), { kind: 'listening' }),
        effects: [stop('endpoint'), stop('finalWords')],
      };
    case 'thinking':
      return phase.answers === 'caller' && !cutsIn(state)
        ? withhold(broken(state, voiceAtMs, true), phase.replyId)
        : stay(state);
    case 'speaking':
      return holdForVoice(state, voiceAtMs, atMs, settings);
    case 'doubting':
      return voiceGoesOn(state, atMs, settings);
    case 'ended':
      return stay(state);
    default:
      return phase satisfies never;
  }
}

/** What was too faint for the caller may be theirs after all. */
function voiceLouder(
  state: TurnState,
  { atMs, levelDbfs }: TurnEvent & { kind: 'voiceLouder' },
  settings: TurnSettings,
): TurnStep {
  const grown = voiceGrew(state, levelDbfs);
  if (state.voice === 'off' || !isFaint(state, settings) || isFaint(grown, settings)) return stay(grown);
  return chain({ state: grown, effects: [stop('faint')] }, (next) =>
    holdForVoice(next, atMs, atMs, settings),
  );
}

function voiceStopped(state: TurnState, silenceAtMs: number, atMs: number, settings: TurnSettings): TurnStep {
  const { phase } = state;
  // Asking ends the turn, which is not ours to judge.
  const asking: readonly TurnEffect[] = state.judge === 'words' ? [{ kind: 'commit' }] : [];
  switch (phase.kind) {
    case 'listening':
      // The end of an echo or of side talk that began over the agent is no turn.
      if (isAside(state, settings) && isRecent(state.playedAtMs, silenceAtMs))
        return chain({ state: voiceEnded(state, settings), effects: asking }, (next) =>
          listen(next, settings),
        );
      return pause(state, silenceAtMs, atMs, settings);
    case 'doubting':
      // The words may still be on their way: ask for them, and judge when they are there.
      return {
        state: voiceEnded(state, settings),
        effects: [stop('lasting'), ...asking, start('verdict', VERDICT_MS)],
      };
    case 'speaking':
      return { state: voiceEnded(state, settings), effects: asking };
    case 'thinking':
      return { state, effects: asking };
    case 'pausing': {
      // The turn was judged to be over while the voice detector still heard one.
      if (state.judge === 'words' || silenceAtMs >= phase.silenceAtMs) return stay(state);
      return wordsInPause(inPhase(state, { ...phase, silenceAtMs }), atMs, settings);
    }
    case 'ended':
      return stay(state);
    default:
      return phase satisfies never;
  }
}

// --- the caller's words ---

function words(state: TurnState, event: TurnEvent & { kind: 'words' }, settings: TurnSettings): TurnStep {
  if (event.utterance <= state.oldUtterance)
    return event.final ? passedAfterAll(state, event, settings) : stay(state);
  const { state: guarded, text } = standingWords(state, event) ?? withoutEcho(state, event, settings);
  const said = noteWords(state.said, { utterance: event.utterance, text });
  const changed = !sameWords(textOf(said), textOf(state.said));
  const next = learn(
    {
      ...guarded,
      said,
      // What is said after a final, asked for or not, belongs to a later utterance.
      committed: event.final ? Math.max(guarded.committed, event.utterance) : guarded.committed,
      wordless: event.text.trim() === '' ? state.wordless : heardWords(state.wordless),
      wordsAtMs: changed ? event.atMs : state.wordsAtMs,
    },
    event.utterance,
    text,
  );
  const { phase } = state;
  switch (phase.kind) {
    case 'listening':
      // Words without voice: the detector missed them.
      return state.voice === 'off' && changed && textOf(said) !== ''
        ? pause(next, event.atMs, event.atMs, settings)
        : prepareEarly(next, settings);
    case 'pausing': {
      // The voice never stopped, and it goes on saying things.
      if (changed && speaksOn(state, event))
        return {
          state: inPhase(next, { kind: 'listening' }),
          effects: [stop('endpoint'), stop('finalWords')],
        };
      // After the commit, and no voice was noticed: the pause begins anew.
      if (changed && state.voice === 'off' && isAfterCommit(phase, event, state.committed)) {
        const paused = { ...phase, silenceAtMs: event.atMs, waited: false, final: 'to_ask' } as const;
        return chain({ state: inPhase(next, paused), effects: [stop('finalWords')] }, (one) =>
          wordsInPause(one, event.atMs, settings),
        );
      }
      const awaited = typeof phase.final === 'object' && phase.final.utterance === event.utterance;
      const final = event.final && awaited ? 'known' : phase.final;
      return wordsInPause(inPhase(next, { ...phase, final }), event.atMs, settings);
    }
    case 'thinking':
      if (phase.answers === 'nobody' || !changed || cutsIn(state)) return stay(next);
      // Keys have ended the turn under a voice that goes on: its end will be waited for.
      if (speaksOn(state, event) || (state.voice === 'on' && next.keyed.length > 0))
        return chain(withhold(next, phase.replyId), (held) => keysUnderVoice(held, settings));
      if (state.voice === 'on' && state.judge === 'stt') return stay(next);
      // A late word changes the question; nothing of the answer has been heard yet.
      return chain(withhold({ ...next, finalsAwaited: FINALS_AWAITED }, phase.replyId), (held) =>
        pause(held, state.gap?.silenceAtMs ?? event.atMs, event.atMs, settings, event.final),
      );
    case 'speaking':
    case 'doubting':
      return cutsIn(next) ? stay(next) : wordsOverAgent(next, event.atMs, event.final, settings);
    case 'ended':
      return stay(state);
    default:
      return phase satisfies never;
  }
}

/** The ears had words and have none at the end: the live words stand. */
function standingWords(
  state: TurnState,
  event: TurnEvent & { kind: 'words' },
): { readonly state: TurnState; readonly text: string } | undefined {
  if (!event.final || event.text.trim() !== '') return undefined;
  const known = state.said.find((one) => one.utterance === event.utterance);
  return known === undefined ? undefined : { state, text: known.text };
}

/** Said after the pause under way had begun. */
function isAfterCommit(
  { final }: TurnState['phase'] & { kind: 'pausing' },
  { utterance }: TurnEvent & { kind: 'words' },
  committedUtterance: number,
): boolean {
  if (final === 'not_asked' || final === 'to_ask') return final === 'to_ask';
  return utterance > (final === 'known' ? committedUtterance : final.utterance);
}

function committed(before: TurnState, utterance: number): TurnStep {
  const loudness = asideCommitted(before.loudness, utterance);
  const state = { ...before, loudness, committed: Math.max(before.committed, utterance) };
  const { phase } = state;
  if (phase.kind !== 'pausing' || phase.final !== 'not_asked') return stay(state);
  return withTimer(inPhase(state, { ...phase, final: { utterance } }), 'finalWords', FINAL_WORDS_MS);
}

// --- the agent's speech ---

function replyStarted(state: TurnState, replyId: number): TurnStep {
  const { phase } = state;
  if (phase.kind !== 'thinking' || phase.replyId !== replyId) return stay(state);
  const speaking = inPhase(state, { kind: 'speaking', replyId, spokenOver: false });
  if (phase.answers === 'nobody') return stay(speaking);
  return answerBegins({ ...speaking, pauses: wasAnswered(state.pauses) }, replyId);
}

/** How much of a reply was heard; of one that hasn't the line it is late news. */
function replyHeard(state: TurnState, agent: AgentWords): TurnState {
  const onLine = 'replyId' in state.phase && state.phase.replyId === agent.replyId;
  return onLine ? { ...state, agent } : state;
}

/** What was said over protected words counts from here on; a caller who still speaks is as one who begins. */
function protectedOver(state: TurnState, atMs: number, settings: TurnSettings): TurnStep {
  const judged = wordsOverAgent(state, atMs, true, settings);
  const decided = judged.state.phase.kind !== 'speaking' || !mayInterrupt(state, settings);
  if (decided || state.voice === 'off') return judged;
  return chain(judged, (next) => voiceStarted(next, next.voiceAtMs ?? atMs, atMs, settings));
}

// --- how this caller pauses ---

function broken(state: TurnState, voiceAtMs: number, cutOff: boolean): TurnState {
  return { ...state, gap: brokenGap(state.gap, voiceAtMs, cutOff) };
}

function learn(state: TurnState, utterance: number, text: string): TurnState {
  const pauses = text === '' ? undefined : learned(state.pauses, state.gap, utterance);
  return pauses === undefined ? state : { ...state, pauses, gap: undefined };
}

// --- timers, lines, silence ---

function timerRang(state: TurnState, timer: TurnTimer, atMs: number, settings: TurnSettings): TurnStep {
  const { phase } = state;
  switch (timer) {
    case 'endpoint':
      return waited(state, settings);
    case 'finalWords':
      return phase.kind === 'pausing'
        ? decide(inPhase(state, { ...phase, final: 'known' }), settings)
        : stay(state);
    case 'lasting':
      return voiceLasts(state, atMs, settings);
    case 'protected':
      return protectedOver(state, atMs, settings);
    case 'verdict':
      return voiceUnheard(state, atMs, settings);
    case 'faint':
      return voiceStaysFaint(state, settings);
    case 'idle':
      return phase.kind === 'listening' && (state.voice === 'off' || textOf(state.said) === '')
        ? idle(state, settings)
        : stay(state);
    case 'steady':
      return voiceSteady(state, atMs, settings);
    case 'cutIn':
      return cutInRang(state, atMs, settings);
    case 'keys':
      return keysTimedOut(state, atMs, settings);
    default:
      return timer satisfies never;
  }
}
