// What the phone says to its user, in plain words.
import type { Phone, PhoneFailure } from './phone.ts';

const FAILURES: Readonly<Record<PhoneFailure, string>> = {
  denied:
    'This page may not use the microphone. Allow it beside the address of the page, or in the settings of the browser, and call again.',
  missing: 'There is no microphone. Plug one in, or choose another one below, and call again.',
  busy: 'The microphone does not open. Another program may be using it.',
  insecure:
    'Browsers give the microphone to pages over https, and to those of this very machine. Open the console in one of these ways.',
  unsupported: 'This browser cannot hold a call. A current Chrome, Edge, Firefox or Safari can.',
  full: 'The gateway takes no more calls now. Try again in a moment.',
  refused: 'The gateway did not take the call.',
  unreachable: 'The gateway does not answer.',
  blocked: 'The stream of the call did not open. A proxy that passes no WebSockets does that.',
  lost: 'The connection broke, and the call could not be taken up again.',
};

/** One line on where the call stands. */
export function phoneText(phone: Phone): string {
  switch (phone.kind) {
    case 'idle':
      return 'Ready.';
    case 'asking':
      return 'Waiting for the microphone. The browser may ask whether this page may use it.';
    case 'placing':
      return 'Asking the gateway for a place …';
    case 'opening':
      return phone.again ? 'The connection broke. The call goes on …' : 'Connecting …';
    case 'inCall':
      return phone.muted ? 'In a call. You are muted.' : 'In a call.';
    case 'wondering':
      return 'The stream is over. Asking what comes next …';
    case 'ended':
      if (phone.how.by === 'caller') return 'You have hung up.';
      if (phone.how.by === 'agent') return 'The agent has hung up.';
      return `The agent put you through to ${phone.how.to}. From a browser that is where the call ends.`;
    case 'failed':
      return failureText(phone.why, phone.message);
    default:
      return phone satisfies never;
  }
}

function failureText(why: PhoneFailure, message: string | undefined): string {
  return why === 'refused' && message !== undefined
    ? `${FAILURES.refused} It says: ${message}.`
    : FAILURES[why];
}

/** Minutes and seconds. */
export function durationText(durationMs: number): string {
  const seconds = Math.max(0, Math.floor(durationMs / 1_000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
