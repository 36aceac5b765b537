// What Deepgram's `/v1/listen` says, made into what a session acts on.
// https://developers.deepgram.com/reference/speech-to-text/listen-streaming
import { isRecord, parseJson, type JsonRecord } from '../base/json.ts';

export type ListenEvent =
  | {
      readonly kind: 'results';
      /** The stretch of the session's audio that these are the words of. */
      readonly fromMs: number;
      readonly toMs: number;
      readonly transcript: string;
      /** The words of this stretch will not change. */
      readonly isFinal: boolean;
      /** The caller was silent at its end. */
      readonly speechFinal: boolean;
      /** It answers a `Finalize`. */
      readonly fromFinalize: boolean;
    }
  | { readonly kind: 'error'; readonly code: string; readonly description: string }
  | { readonly kind: 'ignored'; readonly type: string }
  | { readonly kind: 'malformed' };

const MALFORMED: ListenEvent = { kind: 'malformed' };

/** Never throws: the other end is the network. */
export function parseListenEvent(text: string): ListenEvent {
  const message = parseJson(text);
  if (!isRecord(message) || typeof message['type'] !== 'string') return MALFORMED;
  const { type } = message;
  switch (type) {
    case 'Results':
      return parseResults(message);
    case 'Error':
      return {
        kind: 'error',
        code: textOf(message['variant'] ?? message['code']),
        description: textOf(message['description'] ?? message['message']),
      };
    default:
      return { kind: 'ignored', type };
  }
}

function parseResults(message: JsonRecord): ListenEvent {
  const { start, duration, channel } = message;
  if (typeof start !== 'number' || typeof duration !== 'number' || !isRecord(channel)) return MALFORMED;
  const { alternatives } = channel;
  const best: unknown = Array.isArray(alternatives) ? alternatives[0] : undefined;
  if (!isRecord(best) || typeof best['transcript'] !== 'string') return MALFORMED;
  return {
    kind: 'results',
    fromMs: start * 1_000,
    toMs: (start + duration) * 1_000,
    transcript: best['transcript'],
    isFinal: message['is_final'] === true,
    speechFinal: message['speech_final'] === true,
    fromFinalize: message['from_finalize'] === true,
  };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
