// The words of the turn machine: what it may be told, what it answers, what it keeps.
import type { EndpointSettings } from './endpoint.ts';
import type { EndHeard } from './heardEnd.ts';
import { NOTHING_ASKED, type AgentWords, type Expectation } from './expectation.ts';
import type { Keyed, KeySettings } from './keyed.ts';
import type { InterruptionSettings } from './judge.ts';
import type { EchoSeen } from './ownVoice.ts';
import { NO_PAUSES, type Gap, type Pauses } from './pauses.ts';
import type { Said, Utterance } from './said.ts';

export interface TurnSettings extends EndpointSettings {
  readonly interruption: InterruptionSettings;
  readonly keys: KeySettings;
  /** False: what the agent says before the first exchange is said to its end. */
  readonly greetingInterruptible: boolean;
  /** How long nobody speaks before each step of "are you still there?". */
  readonly idleAfterMs: readonly number[];
  /** ... and after the last step before the call is given up. */
  readonly giveUpAfterMs: number;
  /** Prepare a reply from the first silence on, before it is sure that the caller has finished. */
  readonly speculate: boolean;
  /** BCP 47: whose words tell how a turn ends. */
  readonly language: string;
}

export type Phase =
  /** The floor is the caller's; a reply prepared in an earlier pause may be waiting. */
  | { readonly kind: 'listening' }
  /** The caller is silent, or keys have ended what they say, and may have finished. `final` is the utterance whose last word is awaited. */
  | {
      readonly kind: 'pausing';
      readonly silenceAtMs: number;
      readonly waited: boolean;
      readonly final: 'not_asked' | 'known' | { readonly utterance: number };
    }
  /** It is the agent's turn; not a frame of the reply has been written yet. */
  | { readonly kind: 'thinking'; readonly replyId: number; readonly answers: Answers }
  | { readonly kind: 'speaking'; readonly replyId: number }
  /** Somebody makes a sound over the agent, who is held until it is judged. */
  | { readonly kind: 'doubting'; readonly replyId: number; readonly voiceAtMs: number }
  | { readonly kind: 'ended' };

export type Answers = 'caller' | 'nobody';

export interface TurnState {
  readonly phase: Phase;
  /** The exchange under way; 0 is the agent's opening. */
  readonly turn: number;
  readonly voice: 'on' | 'off';
  /** When the caller's last voice began. */
  readonly voiceAtMs: number | undefined;
  /** How often the caller was told that nothing was understood, since their last words. */
  readonly asked: number;
  readonly said: Said;
  /** Keys pressed in this turn. */
  readonly keyed: readonly Keyed[];
  /** The last turn was over before its end key: pressed now, it is late and means nothing. */
  readonly endKeyOwed: boolean;
  /** Utterances up to this one belong to turns that are over: late news of them falls through. */
  readonly oldUtterance: number;
  /** The last utterance that the STT was asked to finish: what is said now belongs to a later one. */
  readonly committed: number;
  /** A reply that is being made and has not been released. */
  readonly prepared: { readonly replyId: number; readonly text: string } | undefined;
  /** Prepared replies dropped in this turn: speculation is bounded. */
  readonly discarded: number;
  /** Never used twice, so news of a dropped reply is told by its number. */
  readonly nextReplyId: number;
  readonly idleStep: number;
  /** Said to the machine while it could not say them. */
  readonly waitingLines: readonly Line[];
  /** What the agent is saying or has said last, as far as the call has told. */
  readonly agent: AgentWords | undefined;
  /** What it asked for, as far as it was heard. */
  readonly expects: Expectation;
  /** How this caller pauses. */
  readonly pauses: Pauses;
  /** Their last silence. */
  readonly gap: Gap | undefined;
  /** The last word of the audio model, on whatever silence. */
  readonly endHeard: EndHeard | undefined;
  readonly echo: EchoSeen | undefined;
  /** The last utterance that told the agent to go on, and its words. */
  readonly nod: Utterance | undefined;
  /** Utterances of this call that were, or began as, the agent's own voice. */
  readonly echoes: number;
}

export type Line =
  | { readonly kind: 'greeting' }
  | { readonly kind: 'idle'; readonly step: number }
  | { readonly kind: 'goodbye' }
  | { readonly kind: 'voicemail' }
  | { readonly kind: 'noWords' }
  | { readonly kind: 'reconnected' }
  | { readonly kind: 'text'; readonly text: string };

export type TurnTimer =
  /** The wait after the caller fell silent. */
  | 'endpoint'
  /** The last word of the STT on an utterance. */
  | 'finalWords'
  /** Voice over the agent that lasts. */
  | 'lasting'
  /** Voice over the agent that stopped: words may still come. */
  | 'verdict'
  /** Nobody speaks. */
  | 'idle'
  /** The next key, under a voice that may be a noise. */
  | 'keys';

export type TurnEvent =
  | { readonly kind: 'opened'; readonly line: Line | undefined }
  | { readonly kind: 'voiceStarted'; readonly atMs: number; readonly voiceAtMs: number }
  | { readonly kind: 'voiceStopped'; readonly atMs: number; readonly silenceAtMs: number }
  | {
      readonly kind: 'words';
      readonly atMs: number;
      readonly utterance: number;
      readonly text: string;
      readonly final: boolean;
    }
  /** On the caller's phone: one of 0-9, * and #. */
  | { readonly kind: 'keyPressed'; readonly atMs: number; readonly key: string }
  /** An audio model heard how the caller fell silent; there may be none, and it may be late. */
  | ({ readonly kind: 'endJudged'; readonly atMs: number } & EndHeard)
  /** The STT was asked for the last word on this utterance. */
  | { readonly kind: 'committed'; readonly utterance: number }
  | { readonly kind: 'timerRang'; readonly atMs: number; readonly timer: TurnTimer }
  /** The reply's first frame was written. */
  | { readonly kind: 'replyStarted'; readonly replyId: number }
  /** How much of the reply was heard by now; told before the voice or the words that are judged by it. */
  | ({ readonly kind: 'replyHeard' } & AgentWords)
  /** All of the reply was played, or it turned out to have nothing to say. */
  | { readonly kind: 'replyPlayed'; readonly replyId: number; readonly atMs: number }
  /** Somebody outside wants this said; it waits for the agent's next chance. */
  | { readonly kind: 'lineWanted'; readonly line: Line }
  | { readonly kind: 'callEnded' };

export type BargeInOutcome = 'interrupted' | 'resumed';

export type TurnEffect =
  | { readonly kind: 'commit' }
  /** Make a reply up to its audio, but don't play it and do nothing that can't be undone. */
  | { readonly kind: 'prepare'; readonly replyId: number; readonly turn: number; readonly callerText: string }
  /** Play the prepared reply: the caller fell silent at `silenceAtMs` and it is decided now. */
  | {
      readonly kind: 'release';
      readonly replyId: number;
      readonly turn: number;
      readonly callerText: string;
      readonly silenceAtMs: number;
      readonly speculated: boolean;
    }
  /** Don't play it after all: the caller went on before a frame was written. It stays prepared. */
  | { readonly kind: 'withhold'; readonly replyId: number }
  | { readonly kind: 'discard'; readonly replyId: number }
  | { readonly kind: 'sayLine'; readonly replyId: number; readonly turn: number; readonly line: Line }
  | { readonly kind: 'hold' }
  | { readonly kind: 'resume' }
  /** Stop the reply's sources, empty the playout, cut the history to what was heard. */
  | { readonly kind: 'interrupt'; readonly replyId: number }
  | { readonly kind: 'bargeIn'; readonly outcome: BargeInOutcome; readonly voiceAtMs: number }
  /** Keys in a row as far as they were pressed; `final` when they are ended. */
  | { readonly kind: 'keyed'; readonly turn: number; readonly text: string; readonly final: boolean }
  /** One key too many, or none that a phone has. */
  | { readonly kind: 'keyDropped' }
  /** Replaces a timer of that name. */
  | { readonly kind: 'startTimer'; readonly timer: TurnTimer; readonly delayMs: number }
  | { readonly kind: 'stopTimer'; readonly timer: TurnTimer }
  /** Nobody is there: say goodbye and end the call. */
  | { readonly kind: 'giveUp' };

export interface TurnStep {
  readonly state: TurnState;
  readonly effects: readonly TurnEffect[];
}

/** Before anything happened; `turn` is the last exchange of a conversation that is taken up again. */
export function firstState(turn = 0): TurnState {
  return {
    phase: { kind: 'listening' },
    turn,
    voice: 'off',
    voiceAtMs: undefined,
    asked: 0,
    said: [],
    keyed: [],
    endKeyOwed: false,
    oldUtterance: -1,
    committed: -1,
    prepared: undefined,
    discarded: 0,
    nextReplyId: 0,
    idleStep: 0,
    waitingLines: [],
    agent: undefined,
    expects: NOTHING_ASKED,
    pauses: NO_PAUSES,
    gap: undefined,
    endHeard: undefined,
    echo: undefined,
    nod: undefined,
    echoes: 0,
  };
}
