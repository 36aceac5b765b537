// What Deepgram's Flux (`/v2/listen`) says, made into what a session acts on.
// https://developers.deepgram.com/docs/flux/state
import { isRecord, parseJson, type JsonRecord } from '../base/json.ts';

export type FluxEvent =
  | { readonly kind: 'connected' }
  | {
      readonly kind: 'turn';
      readonly event: 'update' | 'started' | 'eager' | 'resumed' | 'ended';
      /** Counts up after each `ended`. */
      readonly turn: number;
      /** All that was said in the turn. */
      readonly transcript: string;
      /** Audio that had been heard by then, since the session began. */
      readonly audioMs: number;
      readonly confidence: number | undefined;
      /** It ended because it was told to. */
      readonly forced: boolean;
    }
  | { readonly kind: 'error'; readonly code: string; readonly description: string }
  | { readonly kind: 'ignored'; readonly type: string }
  | { readonly kind: 'malformed' };

const MALFORMED: FluxEvent = { kind: 'malformed' };

const EVENTS = {
  Update: 'update',
  StartOfTurn: 'started',
  EagerEndOfTurn: 'eager',
  TurnResumed: 'resumed',
  EndOfTurn: 'ended',
} as const;

/** Never throws: the other end is the network. */
export function parseFluxEvent(text: string): FluxEvent {
  const message = parseJson(text);
  if (!isRecord(message) || typeof message['type'] !== 'string') return MALFORMED;
  const { type } = message;
  switch (type) {
    case 'Connected':
      return { kind: 'connected' };
    case 'TurnInfo':
      return parseTurn(message);
    case 'Error':
      return {
        kind: 'error',
        code: textOf(message['code']),
        description: textOf(message['description']),
      };
    default:
      return { kind: 'ignored', type };
  }
}

function parseTurn(message: JsonRecord): FluxEvent {
  const { event: name, turn_index: turn, transcript, audio_window_end: seconds } = message;
  if (typeof name !== 'string' || typeof transcript !== 'string') return MALFORMED;
  if (!Object.hasOwn(EVENTS, name)) return { kind: 'ignored', type: `TurnInfo ${name}` };
  if (typeof turn !== 'number' || !Number.isSafeInteger(turn) || turn < 0) return MALFORMED;
  const confidence = message['end_of_turn_confidence'];
  return {
    kind: 'turn',
    event: EVENTS[name as keyof typeof EVENTS],
    turn,
    transcript,
    audioMs: typeof seconds === 'number' && seconds >= 0 ? seconds * 1_000 : 0,
    confidence: typeof confidence === 'number' ? confidence : undefined,
    forced: message['trigger'] === 'manual',
  };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
