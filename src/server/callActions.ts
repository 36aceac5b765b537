// What somebody outside wants done with a call, or tells of it: here, or by the instance that has it.
import { errorText } from '../base/errors.ts';
import type { LiveCall } from '../call/port.ts';
import type { ActionOutcome, AskedOutcome, CallAction } from '../fleet/port.ts';
import { TwilioRestError } from '../twilio/rest.ts';
import { ApiError } from './apiError.ts';
import type { ServerContext } from './context.ts';
import { isSoftphoneCall } from './softphone.ts';

/** Resolves when it was done, or is on its way; throws the `ApiError` that says why not. */
export async function act(context: ServerContext, callSid: string, action: CallAction): Promise<void> {
  const outcome = await actAnywhere(context, callSid, action);
  switch (outcome.kind) {
    case 'done':
      return;
    case 'not_live':
      throw notLive();
    case 'refused':
      throw new ApiError(outcome.status, outcome.code, outcome.message);
    case 'no_answer':
      throw new ApiError(504, 'instance_silent', 'an instance that may have the call did not answer in time');
    case 'unreachable':
      throw new ApiError(
        503,
        'instances_unreachable',
        'it is no call of this instance, and others cannot be asked',
      );
    default:
      outcome satisfies never;
  }
}

/** The same, with why not as an answer. Never rejects. */
export async function actAnywhere(
  context: ServerContext,
  callSid: string,
  action: CallAction,
): Promise<AskedOutcome> {
  const here = await actHere(context, callSid, action);
  const { metrics, others } = context.options;
  if (here.kind !== 'not_live' || others === undefined) return here;
  const outcome = await others.ask(callSid, action);
  metrics.askedOthers(outcome.kind);
  return outcome;
}

/** The same for a call of this very instance; for others, who ask over Redis. Never rejects. */
export async function actHere(
  context: ServerContext,
  callSid: string,
  action: CallAction,
): Promise<ActionOutcome> {
  try {
    return (await tryHere(context, callSid, action)) ? { kind: 'done' } : { kind: 'not_live' };
  } catch (error) {
    if (error instanceof ApiError) {
      return { kind: 'refused', status: error.status, code: error.code, message: error.message };
    }
    context.options.logger.error({ callSid, error: errorText(error) }, 'could not act on a call');
    return { kind: 'refused', status: 500, code: 'internal', message: 'something went wrong here' };
  }
}

/** False: no such call here. */
async function tryHere(context: ServerContext, callSid: string, action: CallAction): Promise<boolean> {
  const { calls } = context.options;
  if (action.kind === 'answeredBy') return calls.answeredBy(callSid, action.answeredBy);
  if (action.kind === 'over') return over(context, callSid, action.status);
  const live = calls.find(callSid);
  if (live === undefined) return action.kind === 'hangup' && giveUpRinging(context, callSid);
  if (action.kind === 'hangup') live.hangUp();
  else if (action.kind === 'transfer') transfer(live, action.to);
  else if (!live.say(action.text)) {
    context.options.metrics.rejected('line');
    throw new ApiError(429, 'too_many_lines', 'as many lines wait to be said as may');
  }
  return true;
}

/** One that is announced and has no stream yet. */
async function giveUpRinging(context: ServerContext, callSid: string): Promise<boolean> {
  if (context.softphone.giveUp(callSid, 'canceled')) return true;
  const { rest } = context.options;
  if (rest === undefined || context.admission.find(callSid) === undefined) return false;
  await carried(context, rest.completeCall(callSid));
  return true;
}

/** False when it is no call that waits here for its stream. */
async function over(
  { admission, options }: ServerContext,
  callSid: string,
  status: string,
): Promise<boolean> {
  await admission.findPlaced(callSid);
  const info = admission.take(callSid);
  if (info === undefined) return false;
  options.logger.info({ callSid, status }, 'a call ended before its stream came');
  options.calls.neverStarted(info, status);
  return true;
}

function transfer(live: LiveCall, to: string): void {
  if (isSoftphoneCall(live.info.callSid)) {
    throw new ApiError(409, 'no_carrier', 'a call from a browser cannot be put through to anybody');
  }
  live.transfer(to);
}

/** The carrier's answer, or an error of ours that says whose fault it is. */
export async function carried<T>(context: ServerContext, request: Promise<T>): Promise<T> {
  try {
    return await request;
  } catch (error) {
    if (!(error instanceof TwilioRestError)) throw error;
    const { code, status, twilioCode } = error;
    context.options.logger.warn({ code, status, twilioCode }, 'the carrier refused a request');
    const numbered = twilioCode === undefined ? code : `${code} (${twilioCode})`;
    if (code === 'bad_request') throw new ApiError(422, 'carrier_refused', `the carrier says ${numbered}`);
    if (code === 'not_found') throw notLive();
    throw new ApiError(502, 'carrier_failed', `the carrier says ${numbered}`);
  }
}

function notLive(): ApiError {
  return new ApiError(404, 'not_live', 'no such call is under way');
}
