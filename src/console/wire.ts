// What the API answers, as its JSON says it: the store's own types with times as text.
import type { CallOutcome, Lead, StoredCall, TurnLatency, TurnTimings } from '../store/port.ts';

type Json<T> = T extends Date
  ? string
  : T extends readonly (infer Item)[]
    ? readonly Json<Item>[]
    : T extends object
      ? { readonly [Key in keyof T]: Json<T[Key]> }
      : T;

export type CallAnswer = Json<StoredCall>;
export type CallRow = Omit<CallAnswer, 'turns' | 'transcript'>;
export type TurnAnswer = CallAnswer['turns'][number];
export type LeadAnswer = Json<Lead>;

export interface CallPageAnswer {
  readonly calls: readonly CallRow[];
  readonly next: string | null;
}

export interface LeadPageAnswer {
  readonly leads: readonly LeadAnswer[];
  readonly next: string | null;
}

export type LatencyAnswer = Json<TurnLatency> & {
  readonly since: string;
  readonly until: string;
  readonly slotMs: number;
};

export type Stage = keyof TurnTimings;
export type Timings = Partial<Readonly<Record<Stage, number>>>;

/** In the order in which they come, with what they are called on the page. */
export const STAGES: readonly { readonly stage: Stage; readonly name: string; readonly what: string }[] = [
  {
    stage: 'endpoint',
    name: 'Turn end decided',
    what: 'from silence until the caller is taken to have finished',
  },
  {
    stage: 'sttFinal',
    name: 'Final words',
    what: 'from the commit until speech-to-text has said its last word',
  },
  { stage: 'llmFirstToken', name: 'Model: first token', what: 'from the question to the first token' },
  {
    stage: 'llmFirstSentence',
    name: 'Model: first sentence',
    what: 'from there to the first clause or sentence',
  },
  { stage: 'ttsFirstAudio', name: 'Voice: first audio', what: 'from the sentence to its first sound' },
  { stage: 'firstFrame', name: 'Frame', what: 'from sound in hand to the frame on its way' },
  { stage: 'response', name: 'Response', what: 'the caller’s wait: end of speech to the first frame' },
  { stage: 'heard', name: 'Heard', what: 'end of speech until the first mark came back' },
];

export const OUTCOMES: Readonly<Record<CallOutcome, string>> = {
  completed: 'Completed',
  transferred: 'Transferred',
  failed: 'Failed',
  no_answer: 'No answer',
  busy: 'Busy',
  voicemail: 'Voicemail',
  abandoned: 'Abandoned',
};
