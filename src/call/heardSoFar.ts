// What the turn machine is told of the agent's words, so that what the caller says over them can be judged.
import type { AgentFile } from '../agent/schema.ts';
import type { Playout } from '../playout/playout.ts';
import type { Speech } from '../playout/speech.ts';
import type { TurnEvent } from '../turn/state.ts';
import { protectedMs } from './protectedWords.ts';
import type { Replies } from './replies.ts';

/** Who begins to speak so soon after the agent's first word has begun before it: nobody reacts faster. */
export const REACTION_MS = 150;

/** Told before a voice, words or a key that may be over the agent; undefined when there is nothing to tell. */
export function heardBefore(
  event: TurnEvent,
  playout: Pick<Playout, 'heard' | 'speech'>,
  replies: Pick<Replies, 'get'>,
  agent: Pick<AgentFile, 'interruption'>,
): TurnEvent | undefined {
  const over = event.kind === 'timerRang' && event.timer === 'protected';
  const voice = event.kind === 'voiceStarted' || event.kind === 'voiceLouder';
  if (event.kind !== 'words' && event.kind !== 'keyPressed' && !voice && !over) return undefined;
  const heard = playout.heard();
  const { speech } = playout;
  if (heard === undefined || speech === undefined) return undefined;
  const { id: replyId, text, textKnown: whole } = speech;
  const before = event.kind === 'voiceStarted' ? playout.heard(event.voiceAtMs - REACTION_MS) : heard;
  // A filler is no answer, and what a tool has done can't be taken back.
  const canBeTakenBack = speech.fillers === 0 && replies.get(replyId)?.hasActed === false;
  return {
    kind: 'replyHeard',
    replyId,
    heardText: heard.text,
    text,
    whole,
    protectedMs: protectedMs(speech, heard, agent.interruption.protected),
    unheard: canBeTakenBack && before?.text === '',
  };
}

/** Told when all of it was played. */
export function heardAll({ id: replyId, audibleText: text }: Speech): TurnEvent {
  return { kind: 'replyHeard', replyId, heardText: text, text, whole: true };
}
