// What is kept of a call, and the two ways to it: writing that never makes a caller wait, and reading.

export type CallDirection = 'inbound' | 'outbound';
export type CallOutcome =
  | 'completed'
  | 'transferred'
  | 'failed'
  | 'no_answer'
  | 'busy'
  | 'voicemail'
  | 'abandoned';
export type TurnSource = 'generated' | 'cached' | 'intent' | 'fallback';

export interface CallStarted {
  readonly callSid: string;
  readonly direction: CallDirection;
  readonly agent: string;
  readonly from: string;
  readonly to: string;
  readonly leadId: string | undefined;
  readonly startedAt: Date;
}

export interface CallEnded {
  readonly callSid: string;
  readonly outcome: CallOutcome;
  readonly endedAt: Date;
  /** Path below the data folder, when the call was recorded. */
  readonly recording: string | undefined;
}

/** Milliseconds; a stage that did not take place is absent. */
export interface TurnTimings {
  readonly endpoint?: number;
  readonly sttFinal?: number;
  readonly llmFirstToken?: number;
  readonly llmFirstSentence?: number;
  readonly ttsFirstAudio?: number;
  readonly firstFrame?: number;
  /** End of the caller's speech to the first reply frame written. */
  readonly response?: number;
  /** ... to the first mark acknowledged. */
  readonly heard?: number;
}

/** One exchange: what the caller said and what the agent answered. The greeting is turn 0, with no caller text. */
export interface TurnRow {
  readonly callSid: string;
  readonly index: number;
  /** When an instance took the call up that has numbered this turn, ms since 1970; 0 of the first one. */
  readonly part: number;
  readonly callerText: string;
  /** All that was generated. */
  readonly agentText: string;
  /** What was played before the turn ended or was cut. */
  readonly heardText: string;
  readonly interrupted: boolean;
  readonly source: TurnSource;
  readonly speculated: boolean;
  readonly startedAt: Date;
  readonly timings: TurnTimings;
}

export interface Lead {
  readonly id: string;
  readonly name: string;
  readonly phone: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface CallSummary extends Omit<CallStarted, 'leadId'> {
  readonly leadId: string | null;
  readonly outcome: CallOutcome | null;
  readonly endedAt: Date | null;
  readonly recording: string | null;
  readonly turnCount: number;
}

/**
 * Written behind: these return at once, never throw and never reject. What cannot be written is
 * retried within a bound; what must be dropped is counted. A promise resolves when the row would outlive this process,
 * or, with a disk that can't be written, when it is at least in memory.
 */
export interface CallWriter {
  callStarted(call: CallStarted): void;
  /** Idempotent by (callSid, part, index): the last word on a turn wins. */
  turnFinished(turn: TurnRow): Promise<void>;
  callEnded(call: CallEnded): Promise<void>;
  /** Merges `fields` into the lead's. */
  leadFields(leadId: string, fields: Readonly<Record<string, string>>): void;
  /** Rows accepted and not yet committed. */
  readonly pendingWrites: number;
  /** Resolves when all that was accepted so far is committed or given up, or after `timeoutMs`. */
  flush(timeoutMs: number): Promise<void>;
}

/** What was said in one exchange, as far as it is known by now. */
export interface TranscriptTurn {
  readonly callerText: string;
  /** What was played. */
  readonly heardText: string;
}

/** Written behind as well, apart from the rows: what is told here waits for no commit. */
export interface TranscriptWriter {
  /** The last word on a turn wins; they stand in the order of `index`, which no two turns of a call have in common. */
  turnChanged(callSid: string, index: number, turn: TranscriptTurn): void;
  /** Resolves when what was told so far is kept or given up, or after `timeoutMs`. */
  flush(timeoutMs: number): Promise<void>;
}

/** Where a call stands. `snapshot` is plain JSON. */
export interface CheckpointState {
  readonly snapshot: unknown;
  /** It is over, and what comes after its stream is in the snapshot. */
  readonly ended: boolean;
  /**
   * For how long its stream here has been there: who has the newer one takes the row from whoever has it. Absent: there is
   * none, and the news are kept only where nobody else has the row.
   */
  readonly streamMs?: number;
}

export type TakenUp =
  /** Nothing was kept of it. */
  | { readonly kind: 'unknown' }
  /** It is ours from now on; `snapshot` is as another instance, perhaps of another version, has written it. */
  | { readonly kind: 'taken'; readonly snapshot: unknown }
  | { readonly kind: 'ended'; readonly snapshot: unknown };

/** Written behind, for other instances; a call is held by one of them. */
export interface CallCheckpoints {
  /** There is news of a call: `take` is asked for its state when that is written. Returns at once, never throws. */
  changed(callSid: string, take: () => CheckpointState): void;
  /** This instance goes on with a call of another one, whose news are refused from now on. Rejects without a database. */
  takeUp(callSid: string): Promise<TakenUp>;
  /** Whether another instance has taken the call up. False when that can't be known. Never rejects. */
  isTaken(callSid: string): Promise<boolean>;
  /** Who is told of a call that another instance has taken up. */
  watchLost(onLost: (callSid: string) => void): void;
  /** Resolves when what was told so far is kept, or after `timeoutMs`. */
  flush(timeoutMs: number): Promise<void>;
}

/** What calls are looked for by; all of it has to fit. */
export interface CallSearch {
  readonly limit: number;
  /** A `startedAt` to page on from. */
  readonly before?: Date;
  /** A call's sid, digits of a number, or words that were said. */
  readonly text?: string;
  readonly outcome?: CallOutcome;
  /** Only calls that go on, as far as there was news of them since then. */
  readonly liveSince?: Date;
}

export interface LatencyWindow {
  readonly since: Date;
  readonly slotMs: number;
}

/** Milliseconds. */
export interface StageLatency {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
}

export interface TurnLatency {
  readonly turns: number;
  /** False: there were more turns than are looked at, and these are the newest. */
  readonly complete: boolean;
  readonly stages: Readonly<Partial<Record<keyof TurnTimings, StageLatency>>>;
  /** In the order of time; those without a turn are absent. */
  readonly slots: readonly (Pick<TurnLatency, 'turns' | 'stages'> & { readonly at: Date })[];
}

export interface CallReader {
  /** Newest first, out of a bounded number of calls: `searchedTo` says how far back that was. */
  calls(search: CallSearch): Promise<readonly CallSummary[]>;
  /** The start of the last call that was looked at; undefined when there was no other. */
  searchedTo(search: CallSearch): Promise<Date | undefined>;
  latency(window: LatencyWindow): Promise<TurnLatency>;
  call(callSid: string): Promise<StoredCall | undefined>;
  /** Whether the end of the call is known, or it was deleted by request. One statement, by keys. */
  isOver(callSid: string): Promise<boolean>;
  leads(page: { readonly limit: number; readonly before?: Date }): Promise<readonly Lead[]>;
  lead(id: string): Promise<Lead | undefined>;
  /** Throws `LeadConflict` when the phone number is another lead's. */
  createLead(lead: LeadInput): Promise<Lead>;
  /** Answers undefined when there is no such lead. */
  updateLead(id: string, change: Partial<LeadInput>): Promise<Lead | undefined>;
  /** False when there is no such lead. Fields for it that come late have nothing to go to. */
  deleteLead(id: string): Promise<boolean>;
  /** Throws when the database does not answer. */
  ping(): Promise<void>;
}

/**
 * What became of the wish to delete a call. `unknown`: there was nothing of it, and what comes later is refused. `live`: it is
 * under way, and nothing was deleted.
 */
export type Deletion = 'deleted' | 'unknown' | 'live';

export interface CallEraser {
  /**
   * Deletes a call with all that belongs to it: its rows, those that still wait to be written, and its recordings; another
   * instance that has some of these follows within minutes. Rejects without a database.
   */
  eraseCall(callSid: string): Promise<Deletion>;
}

export interface StoredCall extends CallSummary {
  readonly turns: readonly TurnRow[];
  /** The whole of it so far, a line for each who spoke; empty before the first word. */
  readonly transcript: string;
}

export interface LeadInput {
  readonly name: string;
  readonly phone: string;
  readonly fields: Readonly<Record<string, string>>;
}
