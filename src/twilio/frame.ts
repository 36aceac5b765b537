// The words of a media stream: what Twilio sends, made into types, and what it may be sent.
// Knows nothing of sockets, calls or time.
// https://www.twilio.com/docs/voice/media-streams/websocket-messages

/** A 20 ms frame is about 380 characters; anything far above the largest sensible message is not Twilio. */
export const MESSAGE_CHARS_MAX = 16_384;
/** One second of mu-law. Twilio sends 20 ms; its documents promise no length. */
export const PAYLOAD_BYTES_MAX = 8_000;
export const MARK_NAME_CHARS_MAX = 256;
/** Twilio's bound for one `<Parameter>`, name and value together. */
export const PARAMETER_CHARS_MAX = 500;
export const PARAMETERS_MAX = 32;
const EVENT_CHARS_MAX = 64;
/** Narrow on purpose: an id that passes needs no escaping in JSON, XML, a path or a log. */
const SID = /^[A-Za-z0-9_-]{1,64}$/;
/** Numbers come as decimal strings; 15 digits are always a safe integer. */
const DIGITS = /^\d{1,15}$/;
const KEY = /^[0-9A-D*#]$/;

export interface StreamStart {
  readonly streamSid: string;
  readonly callSid: string;
  readonly accountSid: string;
  /** The `<Parameter>`s of our TwiML. */
  readonly customParameters: Readonly<Record<string, string>>;
}

export interface MediaFrame {
  readonly kind: 'media';
  readonly track: 'inbound' | 'outbound';
  /** Counts this stream's media messages from 1. */
  readonly chunk: number;
  /** From the start of the stream. */
  readonly timestampMs: number;
  readonly mulaw: Uint8Array;
}

export type InboundFrame =
  | { readonly kind: 'connected' }
  | { readonly kind: 'start'; readonly start: StreamStart }
  | MediaFrame
  /** What was queued before the mark of this name has been played, or was cleared. */
  | { readonly kind: 'mark'; readonly name: string }
  | { readonly kind: 'dtmf'; readonly digit: string }
  | { readonly kind: 'stop' }
  /** A kind newer than this code. */
  | { readonly kind: 'ignored'; readonly event: string };

export type FrameFailure = 'too_large' | 'not_json' | 'bad_shape' | 'bad_format' | 'bad_payload';

export type ParseResult =
  | { readonly ok: true; readonly frame: InboundFrame }
  | { readonly ok: false; readonly failure: FrameFailure };

/**
 * One message of Twilio's. Never throws: the other end is the network, so a bad message is data.
 * Media in Twilio's usual spelling is cut out without JSON.parse (1.1 us instead of 1.9, making the
 * text of the bytes included); whatever differs by a character takes the long way, with the same result.
 */
export function parseInbound(text: string): ParseResult {
  if (text.length > MESSAGE_CHARS_MAX) return fail('too_large');
  const media = cutMedia(text);
  return media === undefined ? parseAnyInbound(text) : done(media);
}

/** The long way, by JSON.parse; exported so that a test can hold the short one against it. */
export function parseAnyInbound(text: string): ParseResult {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return fail('not_json');
  }
  if (!isRecord(message) || typeof message['event'] !== 'string') return fail('bad_shape');
  switch (message['event']) {
    case 'media':
      return parseMedia(message['media']);
    case 'mark':
      return parseMark(message['mark']);
    case 'start':
      return parseStart(message['start']);
    case 'dtmf':
      return parseDtmf(message['dtmf']);
    case 'connected':
      return done({ kind: 'connected' });
    case 'stop':
      return done({ kind: 'stop' });
    default:
      return done({ kind: 'ignored', event: message['event'].slice(0, EVENT_CHARS_MAX) });
  }
}

/** Twilio drops a message with a field more or less, so these are templates. `streamSid` comes from a `start`. */
export function formatMedia(streamSid: string, mulaw: Uint8Array): string {
  const payload = Buffer.from(mulaw.buffer, mulaw.byteOffset, mulaw.byteLength).toString('base64');
  return `{"event":"media","streamSid":"${streamSid}","media":{"payload":"${payload}"}}`;
}

export function formatMark(streamSid: string, name: string): string {
  return `{"event":"mark","streamSid":"${streamSid}","mark":{"name":${JSON.stringify(name)}}}`;
}

export function formatClear(streamSid: string): string {
  return `{"event":"clear","streamSid":"${streamSid}"}`;
}

/**
 * Exactly Twilio's spelling. One expression beats cutting by hand with startsWith (0.3 against
 * 0.7 us), and every part is bounded or ends at a quote, so it can't backtrack.
 */
const USUAL_MEDIA =
  /^\{"event":"media","sequenceNumber":"\d{1,15}","media":\{"track":"inbound","chunk":"(\d{1,15})","timestamp":"(\d{1,15})","payload":"([^"\\]+)"\},"streamSid":"[A-Za-z0-9]{1,64}"\}$/;

/** A media message in exactly the spelling that Twilio uses, or undefined: then the long way decides. */
function cutMedia(text: string): MediaFrame | undefined {
  const cut = USUAL_MEDIA.exec(text);
  if (cut === null) return undefined;
  const [, chunk = '', timestamp = '', payload = ''] = cut;
  const mulaw = decodePayload(payload);
  if (mulaw === undefined) return undefined;
  return { kind: 'media', track: 'inbound', chunk: Number(chunk), timestampMs: Number(timestamp), mulaw };
}

function parseMedia(media: unknown): ParseResult {
  if (!isRecord(media)) return fail('bad_shape');
  const { track, chunk, timestamp, payload } = media;
  if (track !== 'inbound' && track !== 'outbound') return fail('bad_shape');
  if (!isDigits(chunk) || !isDigits(timestamp) || typeof payload !== 'string') return fail('bad_shape');
  const mulaw = decodePayload(payload);
  if (mulaw === undefined) return fail('bad_payload');
  return done({ kind: 'media', track, chunk: Number(chunk), timestampMs: Number(timestamp), mulaw });
}

/**
 * Canonical base64 or nothing. Node's decoder skips what it doesn't know, which would shift every
 * sample after a damaged character; encoding again (0.1 us) is the shortest complete check.
 */
function decodePayload(payload: string): Uint8Array | undefined {
  const mulaw = Buffer.from(payload, 'base64');
  if (mulaw.length === 0 || mulaw.length > PAYLOAD_BYTES_MAX) return undefined;
  return mulaw.toString('base64') === payload ? mulaw : undefined;
}

function parseMark(mark: unknown): ParseResult {
  if (!isRecord(mark)) return fail('bad_shape');
  const { name } = mark;
  if (typeof name !== 'string' || name === '' || name.length > MARK_NAME_CHARS_MAX) return fail('bad_shape');
  return done({ kind: 'mark', name });
}

function parseDtmf(dtmf: unknown): ParseResult {
  if (!isRecord(dtmf)) return fail('bad_shape');
  const { digit } = dtmf;
  if (typeof digit !== 'string' || !KEY.test(digit)) return fail('bad_shape');
  return done({ kind: 'dtmf', digit });
}

function parseStart(start: unknown): ParseResult {
  if (!isRecord(start)) return fail('bad_shape');
  const { streamSid, callSid, accountSid, mediaFormat } = start;
  if (!isSid(streamSid) || !isSid(callSid) || !isSid(accountSid)) return fail('bad_shape');
  if (!isRecord(mediaFormat)) return fail('bad_shape');
  const { encoding, sampleRate, channels } = mediaFormat;
  if (encoding !== 'audio/x-mulaw' || sampleRate !== 8_000 || channels !== 1) return fail('bad_format');
  const customParameters = parseParameters(start['customParameters']);
  if (customParameters === undefined) return fail('bad_shape');
  return done({ kind: 'start', start: { streamSid, callSid, accountSid, customParameters } });
}

function parseParameters(parameters: unknown): Readonly<Record<string, string>> | undefined {
  if (parameters === undefined) return {};
  if (!isRecord(parameters)) return undefined;
  const checked: [string, string][] = [];
  for (const [name, value] of Object.entries(parameters)) {
    if (typeof value !== 'string' || name.length + value.length > PARAMETER_CHARS_MAX) return undefined;
    checked.push([name, value]);
  }
  // fromEntries defines keys and never assigns them, so `__proto__` stays an ordinary key.
  return checked.length > PARAMETERS_MAX ? undefined : Object.fromEntries(checked);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSid(value: unknown): value is string {
  return typeof value === 'string' && SID.test(value);
}

function isDigits(value: unknown): value is string {
  return typeof value === 'string' && DIGITS.test(value);
}

function done(frame: InboundFrame): ParseResult {
  return { ok: true, frame };
}

function fail(failure: FrameFailure): ParseResult {
  return { ok: false, failure };
}
