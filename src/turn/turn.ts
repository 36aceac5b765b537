// Who has the floor. Pure: no clock, no socket, no promise. The call tells it what happened and carries
// out what it answers, in order.
//
//   listening --voice stops--> pausing --wait over, words known--> thinking --first frame--> speaking
//       ^  ^                     |  |                                 |                        |   ^
//       |  +---- voice again ----+  +- nothing was said -> listening  |           voice starts |   | no more than
//       |                                                             |                        v   | "uh-huh"
//       +------------------- voice again: reply withheld -------------+                      doubting
//       +------------------- words, or voice that lasts: interrupted --------------------------+
import { mayInterrupt, replyPlayed, resume, voiceLasts, wordsOverAgent } from './bargeIn.ts';
import { decide, endJudged, pause, withhold, wordsInPause } from './endOfTurn.ts';
import { dropPrepared, forgetSaid, idle, lineWanted, listen, speakLine } from './floor.ts';
import type { AgentWords } from './expectation.ts';
import { keysDueAtMs } from './keyed.ts';
import { keyPressed, keysTimedOut, keysUnderVoice } from './keys.ts';
import { ECHOES_TRUSTED_MAX, withoutEcho } from './ownVoice.ts';
import { brokenGap, learned, wasAnswered } from './pauses.ts';
import { noteWords, sameWords, textOf } from './said.ts';
import type { TurnEvent, TurnSettings, TurnState, TurnStep, TurnTimer } from './state.ts';
import { chain, inPhase, start, stay, stop, stopTimers, withTimer } from './step.ts';

/** How long after a commit its final may take before we go on with the live words. */
export const FINAL_WORDS_MS = 1_200;
/** Voice stopped over the agent: words that were said take this long to arrive at most. */
export const VERDICT_MS = 450;
/** A voice counts as going on for so long after its end, as the detector tells it. */
const VOICE_HANGOVER_MS = 200;
/** News of a voice may be old when the detector is behind: its end may be just behind it. */
const LASTING_MS_MIN = 150;

/** `phase: ended` swallows everything; news of an old reply or utterance falls through. */
export function reduceTurn(state: TurnState, event: TurnEvent, settings: TurnSettings): TurnStep {
  if (state.phase.kind === 'ended') return stay(state);
  switch (event.kind) {
    case 'opened':
      return event.line === undefined ? listen(state, settings) : speakLine(state, event.line);
    case 'voiceStarted':
      return chain(
        voiceStarted(
          { ...state, voice: 'on', voiceAtMs: event.voiceAtMs },
          event.voiceAtMs,
          event.atMs,
          settings,
        ),
        (next) => keysUnderVoice(next, settings),
      );
    case 'voiceStopped':
      return voiceStopped({ ...state, voice: 'off' }, event.silenceAtMs, event.atMs, settings);
    case 'words':
      return words(state, event, settings);
    case 'keyPressed':
      return keyPressed(state, event, settings);
    case 'endJudged':
      return endJudged(state, event, settings);
    case 'committed':
      return committed({ ...state, committed: Math.max(state.committed, event.utterance) }, event.utterance);
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
      return { state: inPhase(state, { kind: 'ended' }), effects: [...dropPrepared(state), ...stopTimers()] };
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
      // They go on. What was prepared waits: if this is a cough and no word is added, it still fits.
      return {
        state: inPhase(broken(state, voiceAtMs, false), { kind: 'listening' }),
        effects: [stop('endpoint'), stop('finalWords')],
      };
    case 'thinking':
      return phase.answers === 'caller'
        ? withhold(broken(state, voiceAtMs, true), phase.replyId)
        : stay(state);
    case 'speaking': {
      if (!mayInterrupt(state, settings)) return stay(state);
      // A loudspeaker: holding for each echo would make the agent stutter. Words that are not its own still stop it.
      if (state.echoes >= ECHOES_TRUSTED_MAX) return stay(state);
      const lastingMs = Math.max(
        LASTING_MS_MIN,
        voiceAtMs + settings.interruption.minVoiceMs + VOICE_HANGOVER_MS - atMs,
      );
      return {
        state: inPhase(state, { kind: 'doubting', replyId: phase.replyId, voiceAtMs }),
        effects: [{ kind: 'hold' }, stop('verdict'), start('lasting', lastingMs)],
      };
    }
    case 'doubting':
      return { state, effects: [stop('verdict')] };
    case 'ended':
      return stay(state);
    default:
      return phase satisfies never;
  }
}

function voiceStopped(state: TurnState, silenceAtMs: number, atMs: number, settings: TurnSettings): TurnStep {
  const { phase } = state;
  switch (phase.kind) {
    case 'listening':
      return pause(state, silenceAtMs, atMs, settings);
    case 'doubting':
      // The words may still be on their way: ask for them, and judge when they are there.
      return { state, effects: [stop('lasting'), { kind: 'commit' }, start('verdict', VERDICT_MS)] };
    case 'speaking':
    case 'thinking':
      return { state, effects: [{ kind: 'commit' }] };
    case 'pausing':
    case 'ended':
      return stay(state);
    default:
      return phase satisfies never;
  }
}

// --- the caller's words ---

function words(state: TurnState, event: TurnEvent & { kind: 'words' }, settings: TurnSettings): TurnStep {
  if (event.utterance <= state.oldUtterance) return stay(state);
  const { state: guarded, text } = withoutEcho(state, event, settings);
  const said = noteWords(state.said, { utterance: event.utterance, text });
  const changed = !sameWords(textOf(said), textOf(state.said));
  const next = learn({ ...guarded, said }, event.utterance, text);
  const { phase } = state;
  switch (phase.kind) {
    case 'listening':
      // Words without voice: the detector missed them.
      return state.voice === 'off' && changed ? pause(next, event.atMs, event.atMs, settings) : stay(next);
    case 'pausing': {
      const awaited = typeof phase.final === 'object' && phase.final.utterance === event.utterance;
      const final = event.final && awaited ? 'known' : phase.final;
      // Keys had ended it under a voice that has more to say.
      if (state.voice === 'on' && keysDueAtMs(next, settings) === undefined)
        return {
          state: inPhase(next, { kind: 'listening' }),
          effects: [stop('endpoint'), stop('finalWords')],
        };
      return wordsInPause(inPhase(next, { ...phase, final }), event.atMs, settings);
    }
    case 'thinking':
      if (phase.answers === 'nobody' || !changed) return stay(next);
      // Keys have ended the turn under a voice that goes on: its end will be waited for.
      if (state.voice === 'on')
        return chain(withhold(next, phase.replyId), (held) => keysUnderVoice(held, settings));
      // A late word changes the question; nothing of the answer has been heard yet.
      return chain(withhold(next, phase.replyId), (held) => pause(held, event.atMs, event.atMs, settings));
    case 'speaking':
    case 'doubting':
      return wordsOverAgent(next, event.atMs, settings);
    case 'ended':
      return stay(state);
    default:
      return phase satisfies never;
  }
}

function committed(state: TurnState, utterance: number): TurnStep {
  const { phase } = state;
  if (phase.kind !== 'pausing' || phase.final !== 'not_asked') return stay(state);
  return withTimer(inPhase(state, { ...phase, final: { utterance } }), 'finalWords', FINAL_WORDS_MS);
}

// --- the agent's speech ---

function replyStarted(state: TurnState, replyId: number): TurnStep {
  const { phase } = state;
  if (phase.kind !== 'thinking' || phase.replyId !== replyId) return stay(state);
  const speaking = inPhase(state, { kind: 'speaking', replyId });
  if (phase.answers === 'nobody') return stay(speaking);
  return forgetSaid({ ...speaking, pauses: wasAnswered(state.pauses) });
}

/** How much of a reply was heard; of one that hasn't the line it is late news. */
function replyHeard(state: TurnState, { replyId, heardText, text, whole }: AgentWords): TurnState {
  const onLine = 'replyId' in state.phase && state.phase.replyId === replyId;
  return onLine ? { ...state, agent: { replyId, heardText, text, whole } } : state;
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
      return phase.kind === 'pausing'
        ? decide(inPhase(state, { ...phase, waited: true }), settings)
        : stay(state);
    case 'finalWords':
      return phase.kind === 'pausing'
        ? decide(inPhase(state, { ...phase, final: 'known' }), settings)
        : stay(state);
    case 'lasting':
      return voiceLasts(state, atMs, settings);
    case 'verdict':
      return phase.kind === 'doubting' && state.voice === 'off'
        ? resume(state, phase.replyId, phase.voiceAtMs)
        : stay(state);
    case 'idle':
      return phase.kind === 'listening' && state.voice === 'off' ? idle(state, settings) : stay(state);
    case 'keys':
      return keysTimedOut(state, atMs, settings);
    default:
      return timer satisfies never;
  }
}
