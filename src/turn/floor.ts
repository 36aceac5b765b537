// Whose floor it is when nobody holds it: the lines that wait to be said, and what happens when nobody speaks.
import { anyKeyed, turnText } from './keyed.ts';
import { droppedCharsOf, lastUtterance } from './said.ts';
import type { Line, TurnEffect, TurnSettings, TurnState, TurnStep } from './state.ts';
import { inPhase, start, stay, stop } from './step.ts';

/** Of what somebody outside wants said; the call's own lines, such as its goodbye, are few and always wait. */
const WAITING_LINES_MAX = 8;

/** The floor is the caller's: unless somebody wanted a line said, wait for them. */
export function listen(state: TurnState, settings: TurnSettings): TurnStep {
  const listening = inPhase(state, { kind: 'listening' });
  const [line, ...waitingLines] = state.waitingLines;
  if (line !== undefined) return speakLine({ ...listening, waitingLines }, line);
  return { state: listening, effects: idleTimer(state, settings) };
}

/** An empty ladder waits for ever. */
export function idleTimer({ idleStep }: TurnState, settings: TurnSettings): readonly TurnEffect[] {
  const { idleAfterMs, giveUpAfterMs } = settings;
  return idleAfterMs.length === 0 ? [] : [start('idle', idleAfterMs[idleStep] ?? giveUpAfterMs)];
}

export function speakLine(state: TurnState, line: Line): TurnStep {
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

export function idle(state: TurnState, settings: TurnSettings): TurnStep {
  if (state.idleStep >= settings.idleAfterMs.length) return { state, effects: [{ kind: 'giveUp' }] };
  const line: Line = { kind: 'idle', step: state.idleStep };
  return speakLine({ ...state, idleStep: state.idleStep + 1 }, line);
}

/** The caller has the floor and does nothing with it: neither a voice nor a word or key of a turn under way. */
export function isQuiet({ phase, voice, said, keyed }: TurnState): boolean {
  return phase.kind === 'listening' && voice === 'off' && said.length === 0 && keyed.length === 0;
}

/** The caller has said all they have to say, and not a frame of the answer to it was written yet: the reply it will be. */
export function awaitedReply({ phase, voice }: TurnState): number | undefined {
  const awaited = phase.kind === 'thinking' && phase.answers === 'caller' && voice === 'off';
  return awaited ? phase.replyId : undefined;
}

/** The turn that an utterance's words belong to: last words that come when it was taken are not the next one's. */
export function turnOfWords({ turn, phase, oldUtterance }: TurnState, utterance: number): number {
  const taken = phase.kind === 'thinking' && phase.answers === 'caller';
  return taken || utterance <= oldUtterance ? turn : turn + 1;
}

/** Whether one more line from outside may wait to be said. */
export function takesLine({ phase, waitingLines }: TurnState): boolean {
  return phase.kind !== 'ended' && waitingLines.length < WAITING_LINES_MAX;
}

/** Who wants a text said has asked `takesLine` before: one too many is not said. */
export function lineWanted(state: TurnState, line: Line, settings: TurnSettings): TurnStep {
  if (line.kind === 'text' && !takesLine(state)) return stay(state);
  const waiting = { ...state, waitingLines: [...state.waitingLines, line] };
  return state.phase.kind === 'listening' && state.voice === 'off'
    ? listen(waiting, settings)
    : stay(waiting);
}

/** What was said is answered, or was not meant for us: later news of it is old. */
function forget(state: TurnState): TurnState {
  return {
    ...state,
    said: [],
    keyed: [],
    endKeyOwed: anyKeyed(state.keyed) && state.keyed.at(-1)?.end !== 'endKey',
    oldUtterance: Math.max(state.oldUtterance, lastUtterance(state.said)),
    prepared: undefined,
    discarded: 0,
    nod: undefined,
  };
}

/** What the caller has said and keyed that no answer is being made to. Over a line that nobody has asked for it is all of it. */
export function unansweredText({ phase, said, keyed }: TurnState): string {
  return phase.kind === 'thinking' && phase.answers === 'caller' ? '' : turnText(said, keyed);
}

/** The same, and what is said next is not to be taken for late news of it: an utterance still open is finished. */
export function forgetSaid(state: TurnState): TurnStep {
  const open = lastUtterance(state.said) > state.committed;
  return {
    state: forget(state),
    effects: [...(open ? [{ kind: 'commit' as const }] : []), ...textDropped(state)],
  };
}

/** What of the turn was dropped, told when the turn is over. */
export function textDropped({ said }: TurnState): readonly TurnEffect[] {
  const chars = droppedCharsOf(said);
  return chars === 0 ? [] : [{ kind: 'textDropped', chars }];
}

export function dropPrepared(state: TurnState): readonly TurnEffect[] {
  return state.prepared === undefined ? [] : [{ kind: 'discard', replyId: state.prepared.replyId }];
}
