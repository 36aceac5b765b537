// The words of a media stream from the carrier's side, which here is this page: what Twilio would say, to the letter, and
// what it would be told. Numbers are decimal strings.
// https://www.twilio.com/docs/voice/media-streams/websocket-messages
import { FRAME_MS } from '../../audio/mulaw.ts';
import { isRecord, parseJson } from '../../base/json.ts';

export interface StreamIdentity {
  readonly accountSid: string;
  readonly callSid: string;
  readonly streamSid: string;
  /** Proves that this stream is the call's. */
  readonly token: string;
}

export type GatewayMessage =
  | { readonly kind: 'media'; readonly mulaw: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'mark'; readonly name: string }
  | { readonly kind: 'clear' };

export const KEYS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '0', '#'] as const;
export type PhoneKey = (typeof KEYS)[number];

/** Writes one stream's messages in their order: each is to be sent, once. */
export class StreamWriter {
  readonly #identity: StreamIdentity;
  #sequence = 0;
  #chunk = 0;

  constructor(identity: StreamIdentity) {
    this.#identity = identity;
  }

  connected(): string {
    return '{"event":"connected","protocol":"Call","version":"1.0.0"}';
  }

  start(): string {
    const { accountSid, callSid, streamSid, token } = this.#identity;
    return this.#next('start', {
      start: {
        accountSid,
        streamSid,
        callSid,
        tracks: ['inbound'],
        mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8_000, channels: 1 },
        customParameters: { token },
      },
    });
  }

  /** The next 20 ms of the caller's sound. */
  media(mulaw: Uint8Array): string {
    const timestamp = String(this.#chunk * FRAME_MS);
    this.#chunk += 1;
    const payload = btoa(String.fromCharCode(...mulaw));
    return this.#next('media', {
      media: { track: 'inbound', chunk: String(this.#chunk), timestamp, payload },
    });
  }

  /** What was queued before the mark of this name has been played, or was cleared. */
  mark(name: string): string {
    return this.#next('mark', { mark: { name } });
  }

  key(digit: PhoneKey): string {
    return this.#next('dtmf', { dtmf: { track: 'inbound_track', digit } });
  }

  stop(): string {
    const { accountSid, callSid } = this.#identity;
    return this.#next('stop', { stop: { accountSid, callSid } });
  }

  /** In Twilio's order: event, number, body, sid. */
  #next(event: string, body: Readonly<Record<string, unknown>>): string {
    this.#sequence += 1;
    const sequenceNumber = String(this.#sequence);
    return JSON.stringify({ event, sequenceNumber, ...body, streamSid: this.#identity.streamSid });
  }
}

/** A message of the gateway's; undefined when it is none for this stream. Never throws. */
export function readMessage(text: string, streamSid: string): GatewayMessage | undefined {
  const message = parseJson(text);
  if (!isRecord(message) || message['streamSid'] !== streamSid) return undefined;
  const { event, media, mark } = message;
  if (event === 'clear') return { kind: 'clear' };
  if (event === 'mark' && isRecord(mark) && typeof mark['name'] === 'string') {
    return { kind: 'mark', name: mark['name'] };
  }
  if (event !== 'media' || !isRecord(media) || typeof media['payload'] !== 'string') return undefined;
  const mulaw = bytesOf(media['payload']);
  return mulaw === undefined ? undefined : { kind: 'media', mulaw };
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}
