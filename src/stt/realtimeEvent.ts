// What a Realtime server says, made into what the session acts on. The names are checked against the
// package's types; newer ones are ignored.
import type { RealtimeServerEvent } from 'openai/resources/realtime/realtime';

/** An `error` event. Most leave the session open. */
export interface Complaint {
  readonly type: string;
  readonly code: string;
  readonly message: string;
  readonly param: string;
  /** Of the client's event that it answers, if the server says. */
  readonly eventId: string | undefined;
}

export type RealtimeEvent =
  /** `inputFormat` is such as `audio/pcm`; undefined if the server doesn't repeat it. */
  | { readonly kind: 'sessionUpdated'; readonly inputFormat: string | undefined }
  | { readonly kind: 'speechStarted'; readonly itemId: string }
  | { readonly kind: 'speechStopped'; readonly itemId: string }
  | { readonly kind: 'committed'; readonly itemId: string }
  | { readonly kind: 'delta'; readonly itemId: string; readonly text: string }
  | { readonly kind: 'completed'; readonly itemId: string; readonly text: string }
  | { readonly kind: 'itemFailed'; readonly itemId: string }
  | { readonly kind: 'error'; readonly complaint: Complaint }
  | { readonly kind: 'ignored'; readonly type: string }
  | { readonly kind: 'malformed' };

const MALFORMED: RealtimeEvent = { kind: 'malformed' };

/** Never throws: the other end is the network. */
export function parseRealtimeEvent(text: string): RealtimeEvent {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return MALFORMED;
  }
  if (!isRecord(message) || typeof message['type'] !== 'string') return MALFORMED;
  const itemId = message['item_id'];
  const type = message['type'] as RealtimeServerEvent['type'];
  switch (type) {
    case 'session.updated':
      return { kind: 'sessionUpdated', inputFormat: inputFormatOf(message) };
    case 'input_audio_buffer.speech_started':
      return typeof itemId === 'string' ? { kind: 'speechStarted', itemId } : MALFORMED;
    case 'input_audio_buffer.speech_stopped':
      return typeof itemId === 'string' ? { kind: 'speechStopped', itemId } : MALFORMED;
    case 'input_audio_buffer.committed':
      return typeof itemId === 'string' ? { kind: 'committed', itemId } : MALFORMED;
    case 'conversation.item.input_audio_transcription.delta':
      return typeof itemId === 'string'
        ? { kind: 'delta', itemId, text: textOf(message['delta']) }
        : MALFORMED;
    case 'conversation.item.input_audio_transcription.completed':
      return typeof itemId === 'string' && typeof message['transcript'] === 'string'
        ? { kind: 'completed', itemId, text: message['transcript'] }
        : MALFORMED;
    case 'conversation.item.input_audio_transcription.failed':
      return typeof itemId === 'string' ? { kind: 'itemFailed', itemId } : MALFORMED;
    case 'error':
      return { kind: 'error', complaint: complaintOf(message['error']) };
    default:
      return { kind: 'ignored', type };
  }
}

function complaintOf(error: unknown): Complaint {
  const fields = isRecord(error) ? error : {};
  const eventId = fields['event_id'];
  return {
    type: textOf(fields['type']),
    code: textOf(fields['code']),
    message: textOf(fields['message']),
    param: textOf(fields['param']),
    eventId: typeof eventId === 'string' ? eventId : undefined,
  };
}

function inputFormatOf(message: Readonly<Record<string, unknown>>): string | undefined {
  let value: unknown = message;
  for (const key of ['session', 'audio', 'input', 'format', 'type']) {
    value = isRecord(value) ? value[key] : undefined;
  }
  return typeof value === 'string' ? value : undefined;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
