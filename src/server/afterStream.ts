// What becomes of a call whose stream is over.
import { errorText } from '../base/errors.ts';
import { within } from '../base/within.ts';
import type { AfterStream, CallInfo } from '../call/port.ts';
import type { ServerContext } from './context.ts';
import { HOPS_MAX } from './turnAway.ts';

export type NextStep = Exclude<AfterStream, { kind: 'unknown' }> | { readonly kind: 'apologize' };

/**
 * Asks the live calls, and for a call of another instance the store: one that was ended stays
 * ended, any other is connected again, because its caller is still on the line and its instance is
 * not. A few times at most: a stream that keeps failing is not mended by another one. `hops` is how often others were
 * asked before.
 */
export async function nextStep(
  context: ServerContext,
  callSid: string,
  asked: CallInfo,
  hops: number,
): Promise<NextStep> {
  const known = context.options.calls.afterStream(callSid);
  const mayTakeUp = !context.admission.draining || hops >= HOPS_MAX;
  // Nobody else has taken it: here it is at least not dropped, and goes on from where the last one had come to.
  const comesBack = known.kind === 'elsewhere' && hops >= HOPS_MAX;
  const stored =
    known.kind === 'unknown' || comesBack
      ? await stepOfStored(context, comesBack ? known.info : asked, mayTakeUp)
      : known;
  // A call of an instance that is gone is for one that stays.
  const step: NextStep =
    stored.kind === 'connect' && known.kind === 'unknown' && !mayTakeUp
      ? { kind: 'elsewhere', info: stored.info }
      : stored;
  if (step.kind !== 'connect' || context.admission.mayReconnect(callSid)) return step;
  return { kind: 'apologize' };
}

async function stepOfStored(
  context: ServerContext,
  asked: CallInfo,
  mayTakeUp: boolean,
): Promise<Exclude<NextStep, { kind: 'apologize' }>> {
  const { calls, reader, clock, logger } = context.options;
  let info = asked;
  try {
    const timeoutMs = context.limits.storeTimeoutMs;
    if (mayTakeUp) {
      const taken = await within(clock, timeoutMs, calls.takeUp(asked));
      if (taken.kind !== 'unknown') return taken;
    }
    const call = await within(clock, timeoutMs, reader.call(asked.callSid));
    if (call?.endedAt instanceof Date) return { kind: 'hangup' };
    if (call !== undefined) info = { ...asked, direction: call.direction, leadId: call.leadId ?? undefined };
  } catch (error) {
    // A caller without history is better served than a caller without a line.
    logger.warn({ callSid: asked.callSid, error: errorText(error) }, 'resumed a call without the store');
  }
  return { kind: 'connect', info };
}
