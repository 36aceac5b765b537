// A call that this instance doesn't take: it asks another one, as long as that makes sense, or hears why not.
import { isRecord } from '../base/json.ts';
import { redirect, sayAndHangUp } from '../twilio/twiml.ts';
import type { RefusalReason } from './admission.ts';
import type { ServerContext } from './context.ts';

/** So often a call is sent on: two instances that are both full would otherwise do it for ever. */
export const HOPS_MAX = 2;
/** Of the address that a call is sent to: how often it has been by then. */
const HOPS = 'overflow';

/** How often the call has been sent on before it came here. What is no number here was not written by us: no more. */
export function hopsOf(query: unknown): number {
  const text = isRecord(query) ? query[HOPS] : undefined;
  if (text === undefined) return 0;
  return typeof text === 'string' && /^\d$/.test(text) ? Number(text) : HOPS_MAX;
}

/**
 * TwiML for it. Without an address for what overflows, an instance that drains has its own asked once more: whoever
 * balances there knows by `/readyz` to ask another.
 */
export function turnAway(context: ServerContext, reason: RefusalReason, hops: number): string {
  const { overflowUrl, lines } = context.options;
  const own = reason === 'draining' ? `${context.addresses().publicUrl}/twilio/voice` : undefined;
  const elsewhere = overflowUrl ?? own;
  return elsewhere === undefined || hops >= HOPS_MAX
    ? sayAndHangUp(lines.busy, lines.language)
    : redirect(`${elsewhere}?${onceMore(hops)}`);
}

/** TwiML for a call that another instance is to go on with: whoever balances does not bring it back here, as a rule. */
export function askElsewhere(context: ServerContext, hops: number): string {
  return redirect(`${context.addresses().publicUrl}/twilio/stream-ended?${onceMore(hops)}`);
}

/** The query of an address that is asked after `hops` others were. */
export function onceMore(hops: number): string {
  return `${HOPS}=${hops + 1}`;
}
