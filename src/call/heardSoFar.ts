// What the turn machine is told of the agent's words, so that what the caller says over them can be judged.
import type { Playout } from '../playout/playout.ts';
import type { Speech } from '../playout/speech.ts';
import type { TurnEvent } from '../turn/state.ts';

/** Told before a voice, words or a key that may be over the agent; undefined when there is nothing to tell. */
export function heardBefore(
  event: TurnEvent,
  playout: Pick<Playout, 'heard' | 'speech'>,
): TurnEvent | undefined {
  if (event.kind !== 'words' && event.kind !== 'voiceStarted' && event.kind !== 'keyPressed')
    return undefined;
  const heard = playout.heard();
  const { speech } = playout;
  if (heard === undefined || speech === undefined) return undefined;
  const { id: replyId, text, ended: whole } = speech;
  return { kind: 'replyHeard', replyId, heardText: heard.text, text, whole };
}

/** Told when all of it was played. */
export function heardAll({ id: replyId, audibleText: text }: Speech): TurnEvent {
  return { kind: 'replyHeard', replyId, heardText: text, text, whole: true };
}
