// Between what the port says and what the tables hold. The names of the columns are known here, in
// `commit.ts` and in the migrations.
import type {
  CallDirection,
  CallEnded,
  CallOutcome,
  CallStarted,
  CallSummary,
  Lead,
  TranscriptTurn,
  TurnRow,
  TurnSource,
  TurnTimings,
} from './port.ts';
import { storableText } from './text.ts';

export interface CallColumns {
  readonly call_sid: string;
  readonly direction: CallDirection;
  readonly agent: string;
  readonly from_number: string;
  readonly to_number: string;
  readonly lead_id: string | null;
  readonly started_at: Date;
}

export interface EndedColumns {
  readonly outcome: CallOutcome | null;
  readonly ended_at: Date | null;
  readonly recording: string | null;
}

export interface TurnColumns {
  readonly call_sid: string;
  /** A bigint, which the driver gives as text. */
  readonly part: number | string;
  readonly index: number;
  readonly caller_text: string;
  readonly agent_text: string;
  readonly heard_text: string;
  readonly interrupted: boolean;
  readonly source: TurnSource;
  readonly speculated: boolean;
  readonly started_at: Date;
  // One column a stage, so that Grafana and SQL can take percentiles without unpacking JSON.
  readonly endpoint_ms: number | null;
  readonly stt_final_ms: number | null;
  readonly llm_first_token_ms: number | null;
  readonly llm_first_sentence_ms: number | null;
  readonly tts_first_audio_ms: number | null;
  readonly first_frame_ms: number | null;
  readonly response_ms: number | null;
  readonly heard_ms: number | null;
}

export interface LeadColumns {
  readonly id: string;
  readonly name: string;
  readonly phone: string;
  readonly fields: Record<string, string>;
  readonly created_at: Date;
  readonly updated_at: Date;
}

export function callColumns(call: CallStarted): CallColumns {
  return {
    call_sid: storableText(call.callSid),
    direction: call.direction,
    agent: storableText(call.agent),
    from_number: storableText(call.from),
    to_number: storableText(call.to),
    lead_id: call.leadId === undefined ? null : storableText(call.leadId),
    started_at: call.startedAt,
  };
}

/** Together with what stands in for the call's start, should that never have arrived. */
export function endedColumns(ended: CallEnded): CallColumns & EndedColumns {
  return {
    call_sid: storableText(ended.callSid),
    direction: 'inbound',
    agent: '',
    from_number: '',
    to_number: '',
    lead_id: null,
    started_at: ended.endedAt,
    outcome: ended.outcome,
    ended_at: ended.endedAt,
    recording: ended.recording === undefined ? null : storableText(ended.recording),
  };
}

export function turnColumns(turn: TurnRow): TurnColumns {
  const { timings } = turn;
  return {
    call_sid: storableText(turn.callSid),
    part: turn.part,
    index: turn.index,
    caller_text: storableText(turn.callerText),
    agent_text: storableText(turn.agentText),
    heard_text: storableText(turn.heardText),
    interrupted: turn.interrupted,
    source: turn.source,
    speculated: turn.speculated,
    started_at: turn.startedAt,
    endpoint_ms: timings.endpoint ?? null,
    stt_final_ms: timings.sttFinal ?? null,
    llm_first_token_ms: timings.llmFirstToken ?? null,
    llm_first_sentence_ms: timings.llmFirstSentence ?? null,
    tts_first_audio_ms: timings.ttsFirstAudio ?? null,
    first_frame_ms: timings.firstFrame ?? null,
    response_ms: timings.response ?? null,
    heard_ms: timings.heard ?? null,
  };
}

export function summaryOf(row: CallColumns & EndedColumns & { readonly turn_count: number }): CallSummary {
  return {
    callSid: row.call_sid,
    direction: row.direction,
    agent: row.agent,
    from: row.from_number,
    to: row.to_number,
    leadId: row.lead_id,
    startedAt: row.started_at,
    outcome: row.outcome,
    endedAt: row.ended_at,
    recording: row.recording,
    turnCount: row.turn_count,
  };
}

export function turnOf(row: TurnColumns): TurnRow {
  return {
    callSid: row.call_sid,
    index: row.index,
    part: Number(row.part),
    callerText: row.caller_text,
    agentText: row.agent_text,
    heardText: row.heard_text,
    interrupted: row.interrupted,
    source: row.source,
    speculated: row.speculated,
    startedAt: row.started_at,
    timings: timingsOf(row),
  };
}

function timingsOf(row: TurnColumns): TurnTimings {
  return {
    ...(row.endpoint_ms !== null && { endpoint: row.endpoint_ms }),
    ...(row.stt_final_ms !== null && { sttFinal: row.stt_final_ms }),
    ...(row.llm_first_token_ms !== null && { llmFirstToken: row.llm_first_token_ms }),
    ...(row.llm_first_sentence_ms !== null && { llmFirstSentence: row.llm_first_sentence_ms }),
    ...(row.tts_first_audio_ms !== null && { ttsFirstAudio: row.tts_first_audio_ms }),
    ...(row.first_frame_ms !== null && { firstFrame: row.first_frame_ms }),
    ...(row.response_ms !== null && { response: row.response_ms }),
    ...(row.heard_ms !== null && { heard: row.heard_ms }),
  };
}

/** One line a speaker, in the order of the turns. */
export function transcriptText(turns: Readonly<Record<string, TranscriptTurn>>): string {
  return Object.entries(turns)
    .toSorted(([a], [b]) => Number(a) - Number(b))
    .flatMap(([, { callerText, heardText }]) => [
      ...(callerText === '' ? [] : [`Caller: ${callerText}`]),
      ...(heardText === '' ? [] : [`Agent: ${heardText}`]),
    ])
    .join('\n');
}

export function leadOf(row: LeadColumns): Lead {
  return {
    id: row.id,
    name: row.name,
    phone: row.phone,
    fields: row.fields,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
