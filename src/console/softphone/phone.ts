// The phone as a pure machine: what happened goes in, what is to be done comes out. It knows no socket, no microphone and
// no clock.
//
//   idle --call--> asking --microphone--> placing --admitted--> opening --open--> inCall --closed--> wondering
//    ^              |                       |                     |  ^               |                  |   |
//    |            failed                  failed                failed '--- connect: the call goes on --'   |
//    '--- call again ---- ended <------- hung up by the caller ----------------------'                      |
//                          ^------------------- the agent has hung up, or put the caller through -----------'

/** Of a stream that the gateway has given: what the page needs to open it. */
export interface OfferedStream {
  readonly callSid: string;
  readonly accountSid: string;
  readonly streamSid: string;
  readonly token: string;
  readonly protocols: readonly string[];
  readonly url: string;
}

/** The gateway's word on a call whose stream is over. */
export type NextStep =
  | { readonly next: 'hangup' }
  | { readonly next: 'dial'; readonly to: string }
  | { readonly next: 'connect'; readonly stream: OfferedStream }
  | { readonly next: 'ask'; readonly path: string }
  | { readonly next: 'apologize' };

export type MicrophoneFailure = 'denied' | 'missing' | 'busy' | 'insecure' | 'unsupported';
export type PhoneFailure = MicrophoneFailure | 'full' | 'refused' | 'unreachable' | 'blocked' | 'lost';

interface InCall {
  readonly callSid: string;
  readonly muted: boolean;
}

export type Phone =
  | { readonly kind: 'idle' }
  /** The browser, and by it the user, for the microphone. */
  | { readonly kind: 'asking' }
  /** The gateway for a place. */
  | { readonly kind: 'placing' }
  /** `again`: the call goes on with another stream. */
  | (InCall & { readonly kind: 'opening'; readonly again: boolean })
  | (InCall & { readonly kind: 'inCall' })
  /** The stream is over; the gateway is asked why. */
  | (InCall & { readonly kind: 'wondering'; readonly path: string; readonly asked: number })
  | { readonly kind: 'ended'; readonly callSid: string | undefined; readonly how: CallEnd }
  | {
      readonly kind: 'failed';
      readonly callSid: string | undefined;
      readonly why: PhoneFailure;
      /** The gateway's own words, where it has any. */
      readonly message: string | undefined;
    };

export type CallEnd =
  | { readonly by: 'caller' }
  | { readonly by: 'agent' }
  /** The agent wanted to. */
  | { readonly by: 'transfer'; readonly to: string };

export type PhoneEvent =
  | { readonly kind: 'callWanted' }
  | { readonly kind: 'microphoneReady' }
  | { readonly kind: 'microphoneFailed'; readonly why: MicrophoneFailure }
  | { readonly kind: 'admitted'; readonly stream: OfferedStream }
  | { readonly kind: 'notAdmitted'; readonly why: PhoneFailure; readonly message: string | undefined }
  | { readonly kind: 'opened' }
  /** The socket, and not by us. */
  | { readonly kind: 'closed' }
  | { readonly kind: 'nextKnown'; readonly step: NextStep }
  /** There was no answer. */
  | { readonly kind: 'nextUnknown' }
  | { readonly kind: 'muteWanted'; readonly muted: boolean }
  | { readonly kind: 'hangUpWanted' };

export type PhoneEffect =
  | { readonly kind: 'askMicrophone' }
  | { readonly kind: 'place' }
  | { readonly kind: 'open'; readonly stream: OfferedStream }
  /** A call that was admitted and is not wanted any more: whatever stream it has is closed, and the gateway told. */
  | { readonly kind: 'hangUp'; readonly callSid: string }
  | { readonly kind: 'askNext'; readonly path: string; readonly afterMs: number }
  | { readonly kind: 'releaseMicrophone' };

export interface PhoneStep {
  readonly phone: Phone;
  readonly effects: readonly PhoneEffect[];
}

/** A gateway that is not there may be back in a moment: the call waits for it for 30 s. */
const ASK_AGAIN_MS = 1_000;
const ASKED_MAX = 25;

/** Late news of what was given up falls through, but for what somebody still has to take back. */
export function reducePhone(phone: Phone, event: PhoneEvent): PhoneStep {
  switch (event.kind) {
    case 'callWanted':
      return isFree(phone) ? step({ kind: 'asking' }, { kind: 'askMicrophone' }) : step(phone);
    case 'microphoneReady':
      if (phone.kind === 'asking') return step({ kind: 'placing' }, { kind: 'place' });
      return isFree(phone) ? step(phone, { kind: 'releaseMicrophone' }) : step(phone);
    case 'microphoneFailed':
      return phone.kind === 'asking' ? step(failed(event.why, undefined)) : step(phone);
    case 'admitted':
      return admitted(phone, event.stream);
    case 'notAdmitted':
      if (phone.kind !== 'placing') return step(phone);
      return step(failed(event.why, undefined, event.message), { kind: 'releaseMicrophone' });
    case 'opened':
      return phone.kind === 'opening'
        ? step({ kind: 'inCall', callSid: phone.callSid, muted: phone.muted })
        : step(phone);
    case 'closed':
      return closed(phone);
    case 'nextKnown':
      return phone.kind === 'wondering' ? nextKnown(phone, event.step) : step(phone);
    case 'nextUnknown':
      return phone.kind === 'wondering' ? askAgain(phone, phone.path) : step(phone);
    case 'muteWanted':
      return step('muted' in phone ? { ...phone, muted: event.muted } : phone);
    case 'hangUpWanted':
      return hangUp(phone);
    default:
      return event satisfies never;
  }
}

/** Whether a call can be begun. */
export function isFree(phone: Phone): boolean {
  return phone.kind === 'idle' || phone.kind === 'ended' || phone.kind === 'failed';
}

/** The call that this is about, as far as there is one. */
export function callOf(phone: Phone): string | undefined {
  return 'callSid' in phone ? phone.callSid : undefined;
}

function admitted(phone: Phone, stream: OfferedStream): PhoneStep {
  const { callSid } = stream;
  if (phone.kind !== 'placing') return step(phone, { kind: 'hangUp', callSid });
  return step({ kind: 'opening', callSid, muted: false, again: false }, { kind: 'open', stream });
}

function closed(phone: Phone): PhoneStep {
  if (phone.kind !== 'inCall' && phone.kind !== 'opening') return step(phone);
  const { callSid, muted } = phone;
  if (phone.kind === 'opening' && !phone.again) {
    return step(failed('blocked', callSid), { kind: 'hangUp', callSid }, { kind: 'releaseMicrophone' });
  }
  const path = `/v1/softphone/calls/${callSid}/stream-ended`;
  return step({ kind: 'wondering', callSid, muted, path, asked: 1 }, { kind: 'askNext', path, afterMs: 0 });
}

function nextKnown(phone: Phone & { kind: 'wondering' }, known: NextStep): PhoneStep {
  const { callSid, muted } = phone;
  const release = { kind: 'releaseMicrophone' } as const;
  switch (known.next) {
    case 'hangup':
      return step({ kind: 'ended', callSid, how: { by: 'agent' } }, release);
    case 'dial':
      return step({ kind: 'ended', callSid, how: { by: 'transfer', to: known.to } }, release);
    case 'apologize':
      return step(failed('lost', callSid), release);
    case 'ask':
      return askAgain(phone, known.path);
    case 'connect':
      return step({ kind: 'opening', callSid, muted, again: true }, { kind: 'open', stream: known.stream });
    default:
      return known satisfies never;
  }
}

function askAgain(phone: Phone & { kind: 'wondering' }, path: string): PhoneStep {
  if (phone.asked >= ASKED_MAX) return step(failed('lost', phone.callSid), { kind: 'releaseMicrophone' });
  return step({ ...phone, path, asked: phone.asked + 1 }, { kind: 'askNext', path, afterMs: ASK_AGAIN_MS });
}

function hangUp(phone: Phone): PhoneStep {
  switch (phone.kind) {
    case 'idle':
    case 'ended':
    case 'failed':
      return step(phone);
    case 'asking':
      return step({ kind: 'idle' });
    case 'placing':
      return step({ kind: 'idle' }, { kind: 'releaseMicrophone' });
    case 'opening':
    case 'inCall':
    case 'wondering': {
      const { callSid } = phone;
      const end = { kind: 'ended', callSid, how: { by: 'caller' } } as const;
      return step(end, { kind: 'hangUp', callSid }, { kind: 'releaseMicrophone' });
    }
    default:
      return phone satisfies never;
  }
}

function failed(why: PhoneFailure, callSid: string | undefined, message?: string): Phone {
  return { kind: 'failed', callSid, why, message };
}

function step(phone: Phone, ...effects: readonly PhoneEffect[]): PhoneStep {
  return { phone, effects };
}
