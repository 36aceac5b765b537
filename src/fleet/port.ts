// What is asked of an instance about a call that it may have, and what it says.
import type { CallInfo } from '../call/port.ts';

/** Something that somebody outside wants done with a call, or news of it that the carrier has told whichever instance. */
export type CallAction =
  | { readonly kind: 'hangup' }
  | { readonly kind: 'transfer'; readonly to: string }
  | { readonly kind: 'say'; readonly text: string }
  /** Twilio's word on who answered: `human`, `machine_end_beep`, ... */
  | { readonly kind: 'answeredBy'; readonly answeredBy: string }
  /** It is over, and if it has had no stream it never will: `busy`, `no-answer`, `failed`, `canceled`, `completed`. */
  | { readonly kind: 'over'; readonly status: string };

export type ActionOutcome =
  | { readonly kind: 'done' }
  /** It has no such call. */
  | { readonly kind: 'not_live' }
  /** It has, and says why not, as it would to whoever asks it over HTTP. */
  | { readonly kind: 'refused'; readonly status: number; readonly code: string; readonly message: string };

export type AskedOutcome =
  | ActionOutcome
  /** One that may have the call did not answer in time: it may still do it. */
  | { readonly kind: 'no_answer' }
  /** The others could not be asked. */
  | { readonly kind: 'unreachable' };

/** Does with a call of this instance what another one was asked to. Never rejects. */
export type Act = (callSid: string, action: CallAction) => Promise<ActionOutcome>;

/** Instances that are asked for what this one can't do itself. */
export interface OtherInstances {
  /** Never rejects, and answers in time. */
  ask(callSid: string, action: CallAction): Promise<AskedOutcome>;
  /** Who does here what they ask for. */
  serve(act: Act): void;
}

/** A stream that is on its way, as far as any instance has to know to take it. */
export interface AnnouncedStream {
  /** Undefined: nobody has answered the phone yet, and there is no stream. */
  readonly token: string | undefined;
  /** What may begin but one stream, however many tokens it is given; undefined: the token. */
  readonly once: string | undefined;
  readonly kind: 'new' | 'resumed';
  readonly info: CallInfo;
  readonly durationMs: number;
}

export type ClaimOutcome =
  /** It is this instance's. `stream` is undefined when Redis knows no more of it. */
  | { readonly kind: 'ok'; readonly stream: Pick<AnnouncedStream, 'kind' | 'info'> | undefined }
  /** Nobody has announced it. */
  | { readonly kind: 'unknown' }
  /** It was begun before, here or elsewhere. */
  | { readonly kind: 'used' }
  /** The call was given another token since. */
  | { readonly kind: 'void' };

/** The streams that instances announce, for whichever of them they come to. */
export interface OtherStreams {
  /** Never waits, never throws. */
  announce(stream: AnnouncedStream): void;
  /** What was announced of a call. Rejects when that can't be known. */
  find(callSid: string): Promise<CallInfo | undefined>;
  /** Claims a stream that another instance has announced. Rejects when that can't be known. */
  claim(token: string, callSid: string): Promise<ClaimOutcome>;
  /** Claims one of this instance's own. A rejection is for this instance to get over: the claim is made when it can be. */
  claimOwn(token: string, callSid: string, once: string | undefined): Promise<'ok' | 'used' | 'void'>;
  /** Says that this instance goes on with a call that another one may be waiting for. Never waits, never throws. */
  taken(callSid: string): void;
  onTaken(listener: (callSid: string) => void): void;
}

/** The tickets of pages that were spent, at whichever instance. */
export interface SharedTickets {
  /** Whether nobody had claimed the ticket of this nonce before. Rejects when that can't be known. */
  claim(nonce: string): Promise<boolean>;
}
