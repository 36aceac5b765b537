// The numbers and names that a carrier gives: sids, and what every webhook of a call carries.
// https://www.twilio.com/docs/voice/twiml#request-parameters
import type { Random } from '../base/random.ts';

export type CallDirection = 'inbound' | 'outbound-api';
export type CallStatus =
  | 'queued'
  | 'initiated'
  | 'ringing'
  | 'in-progress'
  | 'completed'
  | 'busy'
  | 'failed'
  | 'no-answer'
  | 'canceled';

export const API_VERSION = '2010-04-01';

/** Two letters and 32 hex digits, such as `CA…` for a call. */
export function newSid(prefix: 'CA' | 'MZ', random: Random): string {
  const digits = Array.from({ length: 32 }, () => Math.floor(random.next() * 16).toString(16));
  return prefix + digits.join('');
}

export interface CallIdentity {
  readonly accountSid: string;
  readonly callSid: string;
  readonly from: string;
  readonly to: string;
  readonly direction: CallDirection;
}

/** What Twilio sends with every webhook of a call. */
export function standardParameters(call: CallIdentity, status: CallStatus): Record<string, string> {
  return {
    AccountSid: call.accountSid,
    ApiVersion: API_VERSION,
    CallSid: call.callSid,
    CallStatus: status,
    Called: call.to,
    Caller: call.from,
    Direction: call.direction,
    From: call.from,
    To: call.to,
    ...placesOf(call),
  };
}

/** Present and often empty: a gateway has to sign-check them all the same. */
function placesOf(call: CallIdentity): Record<string, string> {
  const places: Record<string, string> = {};
  for (const party of ['From', 'Caller', 'To', 'Called']) {
    const number = party === 'From' || party === 'Caller' ? call.from : call.to;
    const american = number.startsWith('+1');
    places[`${party}City`] = american ? 'SAN FRANCISCO' : '';
    places[`${party}State`] = american ? 'CA' : '';
    places[`${party}Zip`] = american ? '94105' : '';
    places[`${party}Country`] = american ? 'US' : '';
  }
  return places;
}

/** RFC 2822 in UTC, as in a status callback: `Mon, 03 Jun 2030 10:20:30 +0000`. */
export function formatRfc2822(wallMs: number): string {
  return new Date(wallMs).toUTCString().replace('GMT', '+0000');
}
