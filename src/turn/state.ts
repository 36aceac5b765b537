// The words of the turn machine: what it may be told, what it answers, what it keeps.
import type { EndpointSettings } from './endpoint.ts';
import type { EndHeard } from './heardEnd.ts';
import type { CutIn } from './cutIn.ts';
import { NOTHING_ASKED, type AgentWords, type Expectation } from './expectation.ts';
import type { Keyed, KeySettings } from './keyed.ts';
import type { InterruptionSettings } from './judge.ts';
import { NOTHING_LOUD, type Loudness } from './loudness.ts';
import type { EchoSeen } from './ownVoice.ts';
import { NO_PAUSES, type Gap, type Pauses } from './pauses.ts';
import type { Said, Utterance } from './said.ts';
import { HEARS_WORDS, type Wordless } from './wordless.ts';

export interface TurnSettings extends EndpointSettings {
  readonly interruption: InterruptionSettings;
  readonly keys: KeySettings;
  /** How long nobody speaks before each step of "are you still there?". */
  readonly idleAfterMs: readonly number[];
  /** ... and after the last step before the call is given up. */
  readonly giveUpAfterMs: number;
  /** Prepare a reply from the first silence on, before it is sure that the caller has finished. */
  readonly speculate: boolean;
  /** BCP 47: whose words tell how a turn ends. */
  readonly language: string;
  /** After so long of one turn of the caller the agent takes the next small pause; absent: never. */
  readonly cutInAfterMs?: number;
}

export type Phase =
  /** The floor is the caller's; a reply prepared in an earlier pause may be waiting. */
  | { readonly kind: 'listening' }
  /** The caller is silent, or keys have ended what they say, and may have finished. `final` is the utterance whose last word is awaited. */
  | {
      readonly kind: 'pausing';
      readonly silenceAtMs: number;
      readonly waited: boolean;
      /** To ask: words came after the commit, without a voice; they are asked for when the wait is over. */
      readonly final: 'not_asked' | 'to_ask' | 'known' | { readonly utterance: number };
    }
  /** It is the agent's turn; not a frame of the reply has been written yet. */
  | { readonly kind: 'thinking'; readonly replyId: number; readonly answers: Answers }
  /** `spokenOver`: the caller has spoken over words that are said to their end; one word of theirs is enough from then on. */
  | { readonly kind: 'speaking'; readonly replyId: number; readonly spokenOver: boolean }
  /** Somebody makes a sound over the agent, who is held until it is judged. `unheard`: it began before a word of the reply was heard. */
  | {
      readonly kind: 'doubting';
      readonly replyId: number;
      readonly voiceAtMs: number;
      readonly unheard: boolean;
    }
  | { readonly kind: 'ended' };

export type Answers = 'caller' | 'nobody';
export type TurnJudge = 'words' | 'stt';

/** The caller's turn that the reply on the line answers, as it was when the answer began. */
export type Answered = Pick<TurnState, 'said' | 'keyed' | 'prepared' | 'discarded'> & {
  readonly replyId: number;
};

export interface TurnState {
  readonly phase: Phase;
  /** The exchange under way; 0 is the agent's opening. */
  readonly turn: number;
  readonly voice: 'on' | 'off';
  /** The voice that is on has not been heard for a moment. */
  readonly faltering: boolean;
  /** When the caller's last voice began. */
  readonly voiceAtMs: number | undefined;
  /** For how long on end the last voice, now over, was speech without a doubt; undefined when that isn't known. */
  readonly speechMs: number | undefined;
  /** How often the caller was told that nothing was understood, since their last words. */
  readonly asked: number;
  /** Somebody listens, as far as is known: words can come. */
  readonly hears: boolean;
  /** Voice that the ears made no word of. */
  readonly wordless: Wordless;
  /** When the caller's words were last new. */
  readonly wordsAtMs: number | undefined;
  readonly cutIn: CutIn;
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
  readonly prepared: { readonly replyId: number; readonly text: string; readonly cutIn: boolean } | undefined;
  /** Kept so that an answer of which nothing has been heard can be taken back. */
  readonly answered: Answered | undefined;
  /** How often the answer to this turn was. */
  readonly takenBack: number;
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
  /** Who says when the caller's turn is over: its words, or a speech-to-text that judges turns. */
  readonly judge: TurnJudge;
  /** The last utterance that speech-to-text took for a whole turn. */
  readonly judgedOver: number;
  readonly echo: EchoSeen | undefined;
  /** The last utterance that told the agent to go on, and its words. */
  readonly nod: Utterance | undefined;
  /** "Mhm" at the end of what the agent said, for which no turn was taken: its last word may still make it one. */
  readonly passed: Utterance | undefined;
  /** Utterances of this call that were, or began as, the agent's own voice. */
  readonly echoes: number;
  readonly loudness: Loudness;
  /** When the agent fell silent last, played to the end. */
  readonly playedAtMs: number | undefined;
  /** Turns for which the last word of the STT is waited for: it has lately changed what was known before. */
  readonly finalsAwaited: number;
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
  /** Voice over the agent that is too faint for the caller: it may grow. */
  | 'faint'
  /** The end of words that are said to their end, and were spoken over. */
  | 'protected'
  /** Nobody speaks. */
  | 'idle'
  /** The caller's voice goes on and brings no new word. */
  | 'steady'
  /** The caller's turn goes on and on; then how long the agent that cut in may not be stopped. */
  | 'cutIn'
  /** The next key, under a voice that may be a noise. */
  | 'keys';

export type TurnEvent =
  | { readonly kind: 'opened'; readonly line: Line | undefined }
  /** The loudest of the voice so far, in dB of full scale; absent when the detector doesn't tell. */
  | {
      readonly kind: 'voiceStarted';
      readonly atMs: number;
      readonly voiceAtMs: number;
      readonly levelDbfs?: number;
    }
  | { readonly kind: 'voiceLouder'; readonly atMs: number; readonly levelDbfs: number }
  /** No voice for some 64 ms; it stops or goes on next. */
  | { readonly kind: 'voiceFaltered'; readonly atMs: number }
  | { readonly kind: 'voiceWentOn'; readonly atMs: number }
  /** `speechMs`: for so long on end it was speech without a doubt; absent while the detector can't tell. */
  | {
      readonly kind: 'voiceStopped';
      readonly atMs: number;
      readonly silenceAtMs: number;
      readonly speechMs?: number | undefined;
    }
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
  /** Whoever listens from now on leaves the end of the turn to be judged by its words, or judges it. */
  | { readonly kind: 'judgeChanged'; readonly atMs: number; readonly judge: TurnJudge }
  /** From now on nobody listens, for some time at least, or somebody does again. */
  | { readonly kind: 'hearingChanged'; readonly atMs: number; readonly hears: boolean }
  /** A speech-to-text that judges turns, on the words that it has told before. */
  | {
      readonly kind: 'turnJudged';
      readonly atMs: number;
      readonly utterance: number;
      readonly judgement: 'started' | 'eager' | 'resumed' | 'ended';
    }
  /** The STT was asked for the last word on this utterance. */
  | { readonly kind: 'committed'; readonly utterance: number }
  | { readonly kind: 'timerRang'; readonly atMs: number; readonly timer: TurnTimer }
  /** The reply's first frame was written. */
  | { readonly kind: 'replyStarted'; readonly replyId: number }
  /** How much of the reply was heard by now; told before whatever is judged by it. */
  | ({ readonly kind: 'replyHeard' } & AgentWords)
  /** All of the reply was played, or it turned out to have nothing to say. */
  | { readonly kind: 'replyPlayed'; readonly replyId: number; readonly atMs: number }
  /** Somebody outside wants this said; it waits for the agent's next chance. */
  | { readonly kind: 'lineWanted'; readonly line: Line }
  | { readonly kind: 'callEnded' };

/** `ignored`: the voice was too faint for the caller, and the hold too short to be heard. */
export type BargeInOutcome = 'interrupted' | 'resumed' | 'ignored';

export type TurnEffect =
  | { readonly kind: 'commit' }
  /** Make a reply up to its audio, but don't play it and do nothing that can't be undone. */
  | {
      readonly kind: 'prepare';
      readonly replyId: number;
      readonly turn: number;
      readonly callerText: string;
      /** The caller had not come to an end. */
      readonly cutIn: boolean;
    }
  /** Play the prepared reply: the caller fell silent at `silenceAtMs` and it is decided now. */
  | {
      readonly kind: 'release';
      readonly replyId: number;
      readonly turn: number;
      readonly callerText: string;
      readonly silenceAtMs: number;
      readonly speculated: boolean;
    }
  /** Don't play it after all: the caller went on before a word of it was heard. It stays prepared. */
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
  /** The ears hear nothing of what is said: listen by another session. */
  | { readonly kind: 'replaceEars' }
  /** So much of what the caller said was more than a turn holds. */
  | { readonly kind: 'textDropped'; readonly chars: number }
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
    faltering: false,
    voiceAtMs: undefined,
    speechMs: undefined,
    asked: 0,
    hears: true,
    wordless: HEARS_WORDS,
    wordsAtMs: undefined,
    cutIn: { kind: 'no' },
    said: [],
    keyed: [],
    endKeyOwed: false,
    oldUtterance: -1,
    committed: -1,
    prepared: undefined,
    answered: undefined,
    takenBack: 0,
    discarded: 0,
    nextReplyId: 0,
    idleStep: 0,
    waitingLines: [],
    agent: undefined,
    expects: NOTHING_ASKED,
    pauses: NO_PAUSES,
    gap: undefined,
    endHeard: undefined,
    judge: 'words',
    judgedOver: -1,
    echo: undefined,
    nod: undefined,
    passed: undefined,
    echoes: 0,
    loudness: NOTHING_LOUD,
    playedAtMs: undefined,
    finalsAwaited: 0,
  };
}
