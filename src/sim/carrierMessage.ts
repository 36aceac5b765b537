// What a gateway may say on a media stream, to the letter. Twilio drops a message with a field too many
// or too few and warns once; here each is reported, with what was wrong about it.
// https://www.twilio.com/docs/voice/media-streams/websocket-messages
import { isRecord, parseJson, type JsonRecord } from '../base/json.ts';

export type OutboundMessage =
  | { readonly kind: 'media'; readonly mulaw: Buffer }
  | { readonly kind: 'mark'; readonly name: string }
  | { readonly kind: 'clear' };

export type OutboundResult =
  | { readonly ok: true; readonly message: OutboundMessage }
  | { readonly ok: false; readonly code: number; readonly problem: string };

/** A binary frame. */
export const MALFORMED_MESSAGE = 31_950;
/** Not JSON, an unknown event, a field missing, misspelt or too many, another stream's streamSid. */
export const INVALID_MESSAGE = 31_951;
/** More than ten minutes of audio are waiting to be played. */
export const MEDIA_DISCARDED = 31_931;

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Never throws. */
export function checkOutbound(text: string, streamSid: string): OutboundResult {
  const message = parseJson(text);
  if (message === undefined) return invalid('not JSON');
  if (!isRecord(message)) return invalid('not an object');
  if (message['streamSid'] !== streamSid) return invalid('streamSid is missing or not of this stream');
  switch (message['event']) {
    case 'media':
      return checkMedia(message);
    case 'mark':
      return checkMark(message);
    case 'clear':
      return hasExactly(message, ['event', 'streamSid'])
        ? { ok: true, message: { kind: 'clear' } }
        : invalid('clear has event and streamSid alone');
    default:
      return invalid('the event is none of media, mark, clear');
  }
}

function checkMedia(message: JsonRecord): OutboundResult {
  const { media } = message;
  if (!hasExactly(message, ['event', 'streamSid', 'media'])) {
    return invalid('media has event, streamSid and media alone');
  }
  if (!isRecord(media) || !hasExactly(media, ['payload'])) return invalid('media.media has payload alone');
  const { payload } = media;
  if (typeof payload !== 'string' || payload.length % 4 !== 0 || !BASE64.test(payload)) {
    return invalid('media.payload is not base64');
  }
  return { ok: true, message: { kind: 'media', mulaw: Buffer.from(payload, 'base64') } };
}

function checkMark(message: JsonRecord): OutboundResult {
  const { mark } = message;
  if (!hasExactly(message, ['event', 'streamSid', 'mark']))
    return invalid('mark has event, streamSid and mark alone');
  if (!isRecord(mark) || !hasExactly(mark, ['name'])) return invalid('mark.mark has name alone');
  return typeof mark['name'] === 'string'
    ? { ok: true, message: { kind: 'mark', name: mark['name'] } }
    : invalid('mark.name is not text');
}

function hasExactly(record: JsonRecord, names: readonly string[]): boolean {
  return Object.keys(record).length === names.length && names.every((name) => Object.hasOwn(record, name));
}

function invalid(problem: string): OutboundResult {
  return { ok: false, code: INVALID_MESSAGE, problem };
}
