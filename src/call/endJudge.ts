// Who, besides the words, judges the end of the caller's turn: the turn model, when the agent's file names one, is asked
// how the caller fell silent; a speech-to-text that judges turns tells by itself. The turn machine hears what they say.
import type { Phase, TurnEvent } from '../turn/state.ts';
import type { TurnModelSession } from '../vad/turnModelPort.ts';
import { CallerAudio } from './callerAudio.ts';
import type { EarsListener } from './ears.ts';
import type { CallWorld } from './world.ts';

export class EndJudge {
  readonly #session: TurnModelSession | undefined;
  /** Kept only when there is somebody to hear it. */
  readonly #audio: CallerAudio | undefined;

  constructor(
    { clock, turnModel }: Pick<CallWorld, 'clock' | 'turnModel'>,
    tell: (event: TurnEvent) => void,
  ) {
    if (turnModel === undefined) return;
    this.#audio = new CallerAudio();
    this.#session = turnModel.open((verdict) => tell({ kind: 'endJudged', atMs: clock.nowMs(), ...verdict }));
  }

  /** The next of the caller's audio. */
  push(mulaw: Uint8Array): void {
    this.#audio?.push(mulaw);
  }

  /** What the turn machine was told, and the phase it led to. */
  saw(event: TurnEvent, phase: Phase): void {
    if (this.#audio === undefined) return;
    // The floor is the agent's: what the caller said until now was another turn, or none.
    if (phase.kind === 'speaking') this.#audio.turnOver();
    else if (event.kind === 'voiceStarted') this.#audio.turnBegan(event.atMs - event.voiceAtMs);
    else if (event.kind === 'voiceStopped' && phase.kind === 'pausing') {
      this.#session?.ask(this.#audio.turn(), phase.silenceAtMs);
    }
  }

  /** Idempotent. */
  close(): void {
    this.#session?.close();
  }
}

/** For the ears: whether they hear, and what a speech-to-text judges, unless the agent's file leaves that to the words. */
export function turnNews(
  { agent, clock }: Pick<CallWorld, 'agent' | 'clock'>,
  tell: (event: TurnEvent) => void,
): Pick<EarsListener, 'onHearing' | 'onJudge' | 'onTurnJudged'> {
  const { by } = agent.turnTaking;
  return {
    onHearing: (hears) => tell({ kind: 'hearingChanged', atMs: clock.nowMs(), hears }),
    onJudge: (judgesTurns) =>
      tell({
        kind: 'judgeChanged',
        atMs: clock.nowMs(),
        judge: judgesTurns && by === 'stt' ? 'stt' : 'words',
      }),
    onTurnJudged: (utterance, judgement) =>
      tell({ kind: 'turnJudged', atMs: clock.nowMs(), utterance, judgement }),
  };
}
