// Who has the floor. Pure: no clock, no socket, no promise. The call tells it what happened and carries
// out what it answers, in order.
//
//   listening --voice stops--> pausing --wait over, words known--> thinking --first frame--> speaking
//       ^  ^                     |  |                                 |                        |   ^
//       |  +---- voice again ----+  +- nothing was said -> listening  |           voice starts |   | no more than
//       |                                                             |                        v   | "uh-huh"
//       +------------------- voice again: reply withheld -------------+                      doubting
//       +------------------- words, or voice that lasts: interrupted --------------------------+
import { waitMs } from './endpoint.ts';
import { judge } from './judge.ts';
import { lastUtterance, noteWords, sameWords, textOf } from './said.ts';
import type { Line, TurnEffect, TurnEvent, TurnSettings, TurnState, TurnStep, TurnTimer } from './state.ts';
import { chain, inPhase, start, stay, stop, stopTimers, withTimer } from './step.ts';

/** Prepared replies that may be thrown away in one turn; then the wait is waited out before the next is made. */
export const DISCARDED_PER_TURN_MAX = 2;
/** How long after a commit its final may take before we go on with the live words. */
export const FINAL_WORDS_MS = 1_200;
/** Voice stopped over the agent: words that were said take this long to arrive at most. */
export const VERDICT_MS = 450;
const WAITING_LINES_MAX = 8;

/** `phase: ended` swallows everything; news of an old reply or utterance falls through. */
export function reduceTurn(state: TurnState, event: TurnEvent, settings: TurnSettings): TurnStep {
  if (state.phase.kind === 'ended') return stay(state);
  switch (event.kind) {
    case 'opened':
      return event.line === undefined ? listen(state, settings) : speakLine(state, event.line);
    case 'voiceStarted':
      return voiceStarted({ ...state, voice: 'on' }, event.voiceAtMs, event.atMs, settings);
    case 'voiceStopped':
      return voiceStopped({ ...state, voice: 'off' }, event.silenceAtMs, event.atMs, settings);
    case 'words':
      return words(state, event, settings);
    case 'committed':
      return state.phase.kind === 'pausing' && state.phase.final === 'not_asked'
        ? withTimer(
            inPhase(state, { ...state.phase, final: { utterance: event.utterance } }),
            'finalWords',
            FINAL_WORDS_MS,
          )
        : stay(state);
    case 'timerRang':
      return timerRang(state, event.timer, event.atMs, settings);
    case 'replyStarted':
      return replyStarted(state, event.replyId);
    case 'replyPlayed':
      return replyPlayed(state, event.replyId, event.atMs, settings);
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
        state: inPhase(state, { kind: 'listening' }),
        effects: [stop('endpoint'), stop('finalWords')],
      };
    case 'thinking':
      return phase.answers === 'caller' ? withhold(state, phase.replyId) : stay(state);
    case 'speaking': {
      if (!settings.interruption.enabled) return stay(state);
      const lastingMs = Math.max(0, voiceAtMs + settings.interruption.minVoiceMs - atMs);
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
  const said = noteWords(state.said, { utterance: event.utterance, text: event.text });
  const changed = !sameWords(textOf(said), textOf(state.said));
  const next = { ...state, said };
  const { phase } = state;
  switch (phase.kind) {
    case 'listening':
      // Words without voice: the detector missed them.
      return state.voice === 'off' && changed ? pause(next, event.atMs, event.atMs, settings) : stay(next);
    case 'pausing': {
      const awaited = typeof phase.final === 'object' && phase.final.utterance === event.utterance;
      const final = event.final && awaited ? 'known' : phase.final;
      return wordsInPause(inPhase(next, { ...phase, final }), event.atMs, settings);
    }
    case 'thinking':
      if (phase.answers === 'nobody' || !changed || state.voice === 'on') return stay(next);
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

function wordsOverAgent(state: TurnState, atMs: number, settings: TurnSettings): TurnStep {
  const { phase } = state;
  if (phase.kind !== 'speaking' && phase.kind !== 'doubting') return stay(state);
  if (!settings.interruption.enabled) return stay(state);
  const verdict = judge(textOf(state.said), settings.interruption);
  if (verdict === 'interrupt') {
    return interrupt(
      state,
      phase.replyId,
      phase.kind === 'doubting' ? phase.voiceAtMs : atMs,
      atMs,
      settings,
    );
  }
  if (verdict === 'backchannel' && phase.kind === 'doubting' && state.voice === 'off') {
    return resume(state, phase.replyId, phase.voiceAtMs);
  }
  return stay(state);
}

// --- the end of the caller's turn ---

/** The caller fell silent: ask for the last words, prepare a reply, and wait. */
function pause(state: TurnState, silenceAtMs: number, atMs: number, settings: TurnSettings): TurnStep {
  const paused = inPhase(state, { kind: 'pausing', silenceAtMs, waited: false, final: 'not_asked' });
  return chain({ state: paused, effects: [stop('idle'), { kind: 'commit' }] }, (next) =>
    wordsInPause(next, atMs, settings),
  );
}

/** The words of the pause are new or better known: prepare for them, and wait as long as they ask for. */
function wordsInPause(state: TurnState, atMs: number, settings: TurnSettings): TurnStep {
  const { phase } = state;
  if (phase.kind !== 'pausing') return stay(state);
  const text = textOf(state.said);
  const leftMs = phase.silenceAtMs + waitMs(text, settings) - atMs;
  const waiting = inPhase(state, { ...phase, waited: leftMs <= 0 });
  const timer = leftMs > 0 ? [start('endpoint', leftMs)] : [stop('endpoint')];
  return chain({ state: waiting, effects: timer }, (next) =>
    chain(speculate(next, text, settings), (one) => decide(one, settings)),
  );
}

/** Makes a reply for `text`, unless there is one, nothing was said, or too many were thrown away. */
function speculate(state: TurnState, text: string, settings: TurnSettings): TurnStep {
  if (!settings.speculate || text === '') return stay(state);
  if (state.prepared !== undefined && sameWords(state.prepared.text, text)) return stay(state);
  const dropped = state.prepared === undefined ? 0 : 1;
  if (state.discarded + dropped > DISCARDED_PER_TURN_MAX) return stay(state);
  return prepare({ ...state, discarded: state.discarded + dropped }, text, dropPrepared(state));
}

function prepare(state: TurnState, callerText: string, before: readonly TurnEffect[]): TurnStep {
  const replyId = state.nextReplyId;
  return {
    state: { ...state, nextReplyId: replyId + 1, prepared: { replyId, text: callerText } },
    effects: [...before, { kind: 'prepare', replyId, turn: state.turn + 1, callerText }],
  };
}

/** Takes the turn when the wait is over and the words are known. */
function decide(state: TurnState, settings: TurnSettings): TurnStep {
  const { phase } = state;
  if (phase.kind !== 'pausing' || !phase.waited || phase.final !== 'known') return stay(state);
  const callerText = textOf(state.said);
  // A noise, not a word: the floor stays where it is.
  if (callerText === '') return listen(state, settings);
  const fits = state.prepared !== undefined && sameWords(state.prepared.text, callerText);
  const ready = fits ? stay(state) : prepare(state, callerText, dropPrepared(state));
  return chain(ready, (next) => release(next, callerText, phase.silenceAtMs, fits));
}

function release(state: TurnState, callerText: string, silenceAtMs: number, speculated: boolean): TurnStep {
  if (state.prepared === undefined) return stay(state);
  const { replyId } = state.prepared;
  const turn = state.turn + 1;
  return {
    state: { ...state, turn, idleStep: 0, phase: { kind: 'thinking', replyId, answers: 'caller' } },
    effects: [
      stop('endpoint'),
      stop('finalWords'),
      { kind: 'release', replyId, turn, callerText, silenceAtMs, speculated },
    ],
  };
}

/** The caller goes on before a frame of the answer was written: as if it had not been released. */
function withhold(state: TurnState, replyId: number): TurnStep {
  return {
    state: { ...state, turn: state.turn - 1, phase: { kind: 'listening' } },
    effects: [{ kind: 'withhold', replyId }],
  };
}

// --- the agent's speech ---

function replyStarted(state: TurnState, replyId: number): TurnStep {
  const { phase } = state;
  if (phase.kind !== 'thinking' || phase.replyId !== replyId) return stay(state);
  const answered = phase.answers === 'caller' ? forget(state) : state;
  return stay(inPhase(answered, { kind: 'speaking', replyId }));
}

function replyPlayed(state: TurnState, replyId: number, atMs: number, settings: TurnSettings): TurnStep {
  const { phase } = state;
  if (phase.kind !== 'thinking' && phase.kind !== 'speaking' && phase.kind !== 'doubting') return stay(state);
  if (phase.replyId !== replyId) return stay(state);
  const over = phase.kind === 'thinking' && phase.answers === 'caller' ? forget(state) : state;
  const timers = [stop('lasting'), stop('verdict')];
  const meant = judge(textOf(over.said), settings.interruption) === 'interrupt';
  // "Mhm" while the agent was finishing is no turn; a sentence is.
  if (!meant && over.voice === 'off')
    return chain({ state: forget(over), effects: timers }, (s) => listen(s, settings));
  const listening = { state: inPhase(over, { kind: 'listening' }), effects: timers };
  return over.voice === 'on' ? listening : chain(listening, (next) => pause(next, atMs, atMs, settings));
}

function interrupt(
  state: TurnState,
  replyId: number,
  voiceAtMs: number,
  atMs: number,
  settings: TurnSettings,
): TurnStep {
  const step: TurnStep = {
    state: inPhase(state, { kind: 'listening' }),
    effects: [
      stop('lasting'),
      stop('verdict'),
      { kind: 'interrupt', replyId },
      { kind: 'bargeIn', outcome: 'interrupted', voiceAtMs },
    ],
  };
  return state.voice === 'on' ? step : chain(step, (next) => pause(next, atMs, atMs, settings));
}

/** It was nothing: go on. The words stay noted, so that a late "stop" in them is still obeyed. */
function resume(state: TurnState, replyId: number, voiceAtMs: number): TurnStep {
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
      if (phase.kind !== 'doubting' || state.voice === 'off') return stay(state);
      return judge(textOf(state.said), settings.interruption) === 'backchannel'
        ? resume(state, phase.replyId, phase.voiceAtMs)
        : interrupt(state, phase.replyId, phase.voiceAtMs, atMs, settings);
    case 'verdict':
      return phase.kind === 'doubting' && state.voice === 'off'
        ? resume(state, phase.replyId, phase.voiceAtMs)
        : stay(state);
    case 'idle':
      return phase.kind === 'listening' && state.voice === 'off' ? idle(state, settings) : stay(state);
    default:
      return timer satisfies never;
  }
}

function idle(state: TurnState, settings: TurnSettings): TurnStep {
  if (state.idleStep >= settings.idleAfterMs.length) return { state, effects: [{ kind: 'giveUp' }] };
  const line: Line = { kind: 'idle', step: state.idleStep };
  return speakLine({ ...state, idleStep: state.idleStep + 1 }, line);
}

function lineWanted(state: TurnState, line: Line, settings: TurnSettings): TurnStep {
  if (state.waitingLines.length >= WAITING_LINES_MAX) return stay(state);
  const waiting = { ...state, waitingLines: [...state.waitingLines, line] };
  return state.phase.kind === 'listening' && state.voice === 'off'
    ? listen(waiting, settings)
    : stay(waiting);
}

/** The floor is the caller's: unless somebody wanted a line said, wait for them. */
function listen(state: TurnState, settings: TurnSettings): TurnStep {
  const listening = inPhase(state, { kind: 'listening' });
  const [line, ...waitingLines] = state.waitingLines;
  if (line !== undefined) return speakLine({ ...listening, waitingLines }, line);
  // An empty ladder waits for ever.
  if (settings.idleAfterMs.length === 0) return stay(listening);
  return withTimer(listening, 'idle', settings.idleAfterMs[state.idleStep] ?? settings.giveUpAfterMs);
}

function speakLine(state: TurnState, line: Line): TurnStep {
  const replyId = state.nextReplyId;
  return {
    state: {
      ...state,
      nextReplyId: replyId + 1,
      prepared: undefined,
      phase: { kind: 'thinking', replyId, answers: 'nobody' },
    },
    effects: [...dropPrepared(state), stop('idle'), { kind: 'sayLine', replyId, turn: state.turn, line }],
  };
}

// --- small change ---

/** What was said is answered, or was not meant for us: later news of it is old. */
function forget(state: TurnState): TurnState {
  return {
    ...state,
    said: [],
    oldUtterance: Math.max(state.oldUtterance, lastUtterance(state.said)),
    prepared: undefined,
    discarded: 0,
  };
}

function dropPrepared(state: TurnState): readonly TurnEffect[] {
  return state.prepared === undefined ? [] : [{ kind: 'discard', replyId: state.prepared.replyId }];
}
