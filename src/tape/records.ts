// What is on a tape, line by line. What happened to the call is an array that begins with the time since the line of this
// kind before it, in microseconds; what the call did, or was told when it asked, is an array that begins with a name.
import { createHash } from 'node:crypto';
import type { LlmEvent } from '../llm/port.ts';
import type { SttEvent } from '../stt/port.ts';
import type { SpeechChunk } from '../tts/port.ts';
import type { EndVerdict } from '../vad/turnModelPort.ts';
import type { VadEvent } from '../vad/port.ts';
import { parseInbound } from '../twilio/frame.ts';

/** A file of another version is refused. */
export const TAPE_VERSION = 1;

/** One thing that happened to the call. Numbers after the name say which timer, session or request of the call's it was. */
export type Happening =
  /** The phone rings; whether the ears were opened. */
  | readonly ['rang', boolean]
  | readonly ['opened', OpenedStream]
  /** A message of the carrier's; null: it was no text. */
  | readonly ['message', string | null]
  | readonly ['closed']
  | readonly ['failed', string]
  | readonly ['timer', number]
  | readonly ['tick']
  | readonly ['voice', number, VadEvent]
  | readonly ['heard', number, SttEvent]
  | readonly ['wrote', number, LlmEvent]
  | readonly ['spoke', number, SpeechChunk]
  /** An answer of the model's, or a sentence of the voice's, is whole, or failed. */
  | readonly ['over', 'model' | 'speech', number, ...(readonly [] | readonly [unknown])]
  | readonly ['fetched', number, FetchedAnswer]
  | readonly ['unfetched', number, unknown]
  | readonly ['judged', number, EndVerdict]
  | readonly ['answerable', number]
  | readonly ['say', string]
  | readonly ['transfer', string]
  | readonly ['hangUp']
  | readonly ['answeredBy', string];

export interface OpenedStream {
  readonly streamSid: string;
  /** Messages that had come before the call was there. */
  readonly waiting: readonly (string | null)[];
  /** How it had ended by then, if it had. */
  readonly ended: string | null;
  /** What another instance had left of the call. */
  readonly snapshot: unknown;
}

export interface FetchedAnswer {
  readonly status: number;
  readonly body: Uint8Array;
}

/** What the call did, or was told at once when it asked. */
export type Doing = readonly [DoingName, ...unknown[]];

export type DoingName =
  /** A message to the carrier: all of its text, or, with sound, the bytes and what tells one from another. */
  | 'sent'
  | 'sound'
  | 'unsent'
  /** Asked to be woken: timer, ms. */
  | 'wake'
  /** Opened a session of the ears: session, provider's place. */
  | 'listen'
  | 'commit'
  | 'admits'
  | 'untilMs'
  | 'restMs'
  /** Asked the model: request, which of them, what tells the request from another. */
  | 'asked'
  | 'speak'
  | 'fetch'
  | 'wait'
  | 'slowness'
  | 'known'
  /** Turns, as they are told to others. */
  | 'began'
  | 'withdrawn'
  | 'turn';

/** What the call sends, as it stands on a tape: the sound itself is there already, where the voice gave it. */
export function sentRecord(text: string): Doing {
  const payload = /^\{"event":"media","streamSid":"[^"]*","media":\{"payload":"([^"]*)"\}\}$/.exec(text)?.[1];
  if (payload === undefined) return ['sent', text];
  return ['sound', Buffer.byteLength(payload, 'base64'), fingerprint(text)];
}

/** 60 bits of a hash: enough to tell what differs. */
export function fingerprint(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 10);
}

/** By which a tool's request is known again. Its headers may hold secrets, and are left out. */
export function fetchKey(url: string, { method = 'GET', body }: RequestInit): readonly [string, string] {
  return [method, fingerprint(`${url} ${JSON.stringify(body ?? null)}`)];
}

/** The name of a mark, when the carrier's message is one. */
export function markIn(text: string): string | undefined {
  const parsed = parseInbound(text);
  return parsed.ok && parsed.frame.kind === 'mark' ? parsed.frame.name : undefined;
}

/** It came from the caller, the line or somebody outside, and would have come whatever the call did. */
export function isOutside(happening: Happening): boolean {
  switch (happening[0]) {
    case 'message':
      return markIn(happening[1] ?? '') === undefined;
    case 'rang':
    case 'opened':
    case 'closed':
    case 'failed':
    case 'voice':
    case 'judged':
    case 'say':
    case 'transfer':
    case 'hangUp':
    case 'answeredBy':
      return true;
    case 'timer':
    case 'tick':
    case 'heard':
    case 'wrote':
    case 'spoke':
    case 'over':
    case 'fetched':
    case 'unfetched':
    case 'answerable':
      return false;
    default:
      return happening satisfies never;
  }
}
