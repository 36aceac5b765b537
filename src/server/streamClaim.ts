// Whose stream this is, and that it is the first with its token: by what this instance has announced, or another one.
import { errorText } from '../base/errors.ts';
import { sleep } from '../base/clock.ts';
import { within } from '../base/within.ts';
import type { CallInfo } from '../call/port.ts';
import type { ClaimOutcome, OtherStreams } from '../fleet/port.ts';
import type { StreamStart } from '../twilio/frame.ts';
import type { ServerContext } from './context.ts';
import type { RejectedWhat } from './options.ts';
import { isSoftphoneCall } from './softphone.ts';

/** A stream of our own waits no longer for others to say that they have not taken it. */
const OWN_MS_MAX = 250;
/** One that we know nothing of waits longer, and is then refused: the carrier asks what next. */
const FOREIGN_MS_MAX = 1_500;
/** The carrier may be faster than the news that the other instance has sent. */
const LOOK_AGAIN_MS = [0, 50, 150, 300] as const;
/** Nothing else is worth asking about. */
const TOKEN = /^[A-Za-z0-9_-]{12}\.[A-Za-z0-9_-]{32}$/;

export type Claim =
  /** Resumed: it is not the call's first stream. */
  | { readonly kind: 'granted'; readonly info: CallInfo; readonly resumed: boolean }
  | { readonly kind: 'refused'; readonly what: RejectedWhat; readonly why: string };

/** The announced call that this start belongs to. Only the right token takes it from the list. Never rejects. */
export async function claimCall(
  context: ServerContext,
  start: StreamStart,
  ticketed: string | undefined,
): Promise<Claim> {
  const { callSid } = start;
  if (ticketed !== undefined && ticketed !== callSid) return refused('wrong_ticket');
  const { accountSid } = context.options.twilio;
  if (accountSid !== undefined && start.accountSid !== accountSid) return refused('wrong_account');
  const token = start.customParameters['token'] ?? '';
  const { streams } = context.options;
  const announced = context.admission.find(callSid);
  const { redemption, once } = context.admission.redeem(token, callSid);
  if (redemption === 'unknown' && streams !== undefined && TOKEN.test(token)) {
    return claimForeign(context, streams, token, callSid);
  }
  if (redemption !== 'ok') {
    const what = redemption === 'unknown' && announced === undefined ? 'unknown_call' : 'token';
    return { kind: 'refused', what, why: redemption };
  }
  if (announced === undefined) return { kind: 'refused', what: 'unknown_call', why: 'forgotten' };
  const resumed = context.admission.isResumed(callSid);
  context.admission.take(callSid);
  context.softphone.began(callSid);
  if (streams !== undefined && !isSoftphoneCall(callSid)) {
    const outcome = await ownOutcome(context, streams.claimOwn(token, callSid, once));
    if (outcome !== 'ok') return refused(outcome);
  }
  return { kind: 'granted', info: announced, resumed };
}

/** Whoever can't be asked does not keep a call of ours away. */
async function ownOutcome(
  { options: { clock, logger } }: ServerContext,
  claim: Promise<'ok' | 'used' | 'void'>,
): Promise<'ok' | 'used' | 'void'> {
  try {
    return await within(clock, OWN_MS_MAX, claim);
  } catch (error) {
    logger.debug({ failure: errorText(error) }, 'a stream was taken before others could be told');
    return 'ok';
  }
}

async function claimForeign(
  context: ServerContext,
  streams: OtherStreams,
  token: string,
  callSid: string,
): Promise<Claim> {
  const { clock, logger } = context.options;
  let outcome: ClaimOutcome;
  try {
    outcome = await within(clock, FOREIGN_MS_MAX, lookUp(context, streams, token, callSid));
  } catch (error) {
    logger.warn({ callSid, failure: errorText(error) }, 'nobody could be asked whose stream it is');
    return refused('unreachable');
  }
  if (outcome.kind === 'unknown') return { kind: 'refused', what: 'unknown_call', why: 'unknown' };
  if (outcome.kind !== 'ok') return refused(outcome.kind);
  if (outcome.stream === undefined) return refused('unreadable');
  const { info, kind } = outcome.stream;
  streams.taken(callSid);
  logger.info({ callSid }, 'takes a stream that another instance has announced');
  return kind === 'new' ? { kind: 'granted', info, resumed: false } : goOn(context, info);
}

async function lookUp(
  context: ServerContext,
  streams: OtherStreams,
  token: string,
  callSid: string,
): Promise<ClaimOutcome> {
  for (const delayMs of LOOK_AGAIN_MS) {
    if (delayMs > 0) await sleep(context.options.clock, delayMs);
    const outcome = await streams.claim(token, callSid);
    if (outcome.kind !== 'unknown') return outcome;
  }
  return { kind: 'unknown' };
}

/** A call that had a stream before, at another instance: with what that has left of it. */
async function goOn(context: ServerContext, info: CallInfo): Promise<Claim> {
  const { calls, clock, logger } = context.options;
  const { callSid } = info;
  try {
    const left = await within(clock, context.limits.storeTimeoutMs, calls.takeUp(info));
    if (left.kind === 'connect') return { kind: 'granted', info: left.info, resumed: true };
    if (left.kind === 'hangup' || left.kind === 'dial') return refused('ended');
  } catch (error) {
    // A caller without history is better served than a caller without a line.
    logger.warn({ callSid, error: errorText(error) }, 'goes on with a call without the store');
  }
  return { kind: 'granted', info, resumed: true };
}

function refused(why: string): Claim {
  return { kind: 'refused', what: 'token', why };
}
