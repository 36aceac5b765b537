// What the server may ask of the live calls.
import type { CallDirection } from '../store/port.ts';
import type { MediaStream } from '../twilio/mediaStream.ts';
import type { Ears } from './ears.ts';

/** The carrier's stream as a call uses it. */
export type CallStream = Pick<
  MediaStream,
  'streamSid' | 'listen' | 'sendMedia' | 'sendMark' | 'sendClear' | 'close'
> &
  Partial<Pick<MediaStream, 'tap'>>;

/** The caller's side as a call uses it. */
export type CallEars = Pick<Ears, 'provider' | 'attach' | 'push' | 'commit' | 'replace' | 'close'>;

export interface CallInfo {
  readonly callSid: string;
  readonly accountSid: string;
  readonly direction: CallDirection;
  readonly from: string;
  readonly to: string;
  readonly leadId: string | undefined;
  /** For the agent's prompt and lines: `{{name}}`. */
  readonly variables: Readonly<Record<string, string>>;
}

/** What to do with a call whose stream is over. */
export type AfterStream =
  | { readonly kind: 'hangup' }
  | { readonly kind: 'dial'; readonly to: string }
  /** The stream was lost and nobody had ended the call: connect it again. */
  | { readonly kind: 'connect'; readonly info: CallInfo }
  /** We have left it to another instance. */
  | { readonly kind: 'elsewhere'; readonly info: CallInfo }
  /** Not a call of this process. */
  | { readonly kind: 'unknown' };

/** One live call, for whoever acts on it from outside. Each answers at once, and all but `say` are idempotent. */
export interface LiveCall {
  readonly info: CallInfo;
  hangUp(): void;
  transfer(to: string): void;
  /** The agent says this as its next words; a reply under way is finished first. False: too many lines wait already. */
  say(text: string): boolean;
}

export interface LiveCalls {
  readonly activeCount: number;
  /** The phone is ringing: open what can be opened before the caller is there. Repeats are harmless. */
  prepare(info: CallInfo): void;
  /**
   * The stream is there and its token was right. The call owns the stream from now on and closes it. `resumed`: the call had
   * one before, here or elsewhere, whatever is known of it.
   */
  open(info: CallInfo, stream: CallStream, resumed?: boolean): void;
  find(callSid: string): LiveCall | undefined;
  /** Another instance has its stream, and goes on with it. */
  takenElsewhere(callSid: string): void;
  /** Live, ringing, or waiting for its stream to come back. */
  isUnderWay(callSid: string): boolean;
  afterStream(callSid: string): AfterStream;
  /**
   * Goes on with a call of another instance, as far as that has left word of it: `unknown` when it hasn't. `asked` is what the
   * carrier says of the call. Rejects when the word can't be had.
   */
  takeUp(asked: CallInfo): Promise<AfterStream>;
  /**
   * Twilio's word on who answered an outgoing call: `human`, `machine_end_beep`, ... Of one whose stream is not there yet it is
   * kept until it is. False: no such call is live or rings here.
   */
  answeredBy(callSid: string, answeredBy: string): boolean;
  /**
   * The carrier's word that the caller has hung up: Twilio's, when it asks what comes after a stream, or that of a page.
   * `asked` is what it says of the call. Whoever has the stream hears of that by itself; a call that nobody has is ended
   * here. Returns at once.
   */
  hungUp(asked: CallInfo): void;
  /**
   * Twilio's word on a call that never got a stream: `busy`, `no-answer`, `failed`, `canceled`, or
   * `completed` when the caller left before the stream came.
   */
  neverStarted(info: CallInfo, status: string): void;
}
