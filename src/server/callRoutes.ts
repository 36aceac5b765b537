// Calls of the past from the store, calls under way, and new ones.
import type { FastifyInstance } from 'fastify';
import type { z } from 'zod';
import type { CallInfo, LiveCall } from '../call/port.ts';
import { TwilioRestError, type TwilioRest } from '../twilio/rest.ts';
import { ApiError } from './apiError.ts';
import { checked, newCall, pageQuery, sayText, transferTo } from './apiSchemas.ts';
import type { ServerContext } from './context.ts';
import { isSoftphoneCall } from './softphone.ts';
import { fromStore, nextOf, pageOf } from './storeAnswer.ts';

/** From the last ring to the carrier's question what to do, and then to the stream. */
const ANSWER_MARGIN_MS = 60_000;

interface CallParams {
  readonly Params: { readonly callSid: string };
}

export function callRoutes(app: FastifyInstance, context: ServerContext): void {
  const { reader, rest } = context.options;

  app.get('/v1/calls', async (request) => {
    const query = checked(pageQuery, request.query);
    const calls = await fromStore(context, reader.calls(pageOf(query)));
    const times = calls.map((call) => call.startedAt);
    return { calls, next: nextOf(times, query.limit) };
  });

  app.get<CallParams>('/v1/calls/:callSid', async (request) => {
    const call = await fromStore(context, reader.call(request.params.callSid));
    if (call === undefined) throw new ApiError(404, 'not_found', 'no such call');
    return call;
  });

  app.post('/v1/calls', async (request, reply) => {
    const callSid = await placeCall(context, checked(newCall, request.body));
    return reply.code(202).send({ callSid });
  });

  app.post<CallParams>('/v1/calls/:callSid/hangup', async (request, reply) => {
    const { callSid } = request.params;
    const live = context.options.calls.find(callSid);
    if (live !== undefined) live.hangUp();
    else if (context.softphone.giveUp(callSid, 'canceled')) return reply.code(202).send({ callSid });
    else if (rest !== undefined && context.admission.find(callSid) !== undefined) {
      await carried(context, rest.completeCall(callSid));
    } else throw notLive();
    return reply.code(202).send({ callSid });
  });

  app.post<CallParams>('/v1/calls/:callSid/transfer', async (request, reply) => {
    const { to } = checked(transferTo, request.body);
    const live = liveCall(context, request.params.callSid);
    if (isSoftphoneCall(request.params.callSid)) {
      throw new ApiError(409, 'no_carrier', 'a call from a browser cannot be put through to anybody');
    }
    live.transfer(to);
    return reply.code(202).send({ callSid: request.params.callSid });
  });

  app.post<CallParams>('/v1/calls/:callSid/say', async (request, reply) => {
    const { text } = checked(sayText, request.body);
    if (!liveCall(context, request.params.callSid).say(text)) {
      context.options.metrics.rejected('line');
      throw new ApiError(429, 'too_many_lines', 'as many lines wait to be said as may');
    }
    return reply.code(202).send({ callSid: request.params.callSid });
  });
}

/** Has the carrier place a call; answers its sid. What is said in it is known before it is answered. */
async function placeCall(context: ServerContext, call: z.output<typeof newCall>): Promise<string> {
  const { options, admission, limits } = context;
  const { rest, twilio } = options;
  if (rest === undefined || twilio.accountSid === undefined) {
    throw new ApiError(503, 'no_account', 'no carrier account is configured');
  }
  const from = call.from ?? options.callerNumber;
  if (from === undefined)
    throw new ApiError(422, 'invalid', 'from: required, no caller number is configured');
  const variables = await variablesOf(context, call);
  refuseIfFull(context);
  const announced = {
    accountSid: twilio.accountSid,
    direction: 'outbound' as const,
    from,
    to: call.to,
    leadId: call.leadId,
    variables,
  };
  return admission.creating(create(context, rest, announced, limits.ringTimeoutMs));
}

async function create(
  context: ServerContext,
  rest: TwilioRest,
  announced: Omit<CallInfo, 'callSid'>,
  ringTimeoutMs: number,
): Promise<string> {
  const { publicUrl } = context.addresses();
  const request = rest.createCall({
    to: announced.to,
    from: announced.from,
    url: `${publicUrl}/twilio/voice`,
    statusCallback: `${publicUrl}/twilio/status`,
    answeredByCallback: `${publicUrl}/twilio/amd`,
    ringTimeoutMs,
  });
  const callSid = await carried(context, request);
  const info = { ...announced, callSid };
  context.admission.expect(info, ringTimeoutMs + ANSWER_MARGIN_MS);
  context.options.calls.prepare(info);
  context.options.logger.info({ callSid }, 'placed an outgoing call');
  return callSid;
}

/** What a call is to know: its lead's fields, and over them its own. Throws a 422 for a lead or an agent that is none here. */
export async function variablesOf(
  context: ServerContext,
  call: Pick<z.output<typeof newCall>, 'agent' | 'leadId' | 'variables'>,
): Promise<Record<string, string>> {
  if (call.agent !== undefined && call.agent !== context.options.agentName) {
    throw new ApiError(422, 'unknown_agent', 'this agent is not loaded');
  }
  if (call.leadId === undefined) return { ...call.variables };
  const lead = await fromStore(context, context.options.reader.lead(call.leadId));
  if (lead === undefined) throw new ApiError(422, 'unknown_lead', 'no such lead');
  return { name: lead.name, phone: lead.phone, ...lead.fields, ...call.variables };
}

/** Throws a 503, and counts it, when there is no place for one call more. */
export function refuseIfFull({ admission, options }: ServerContext): void {
  if (admission.refusals.length === 0) return;
  options.metrics.rejected('overload');
  throw new ApiError(503, 'overload', 'this instance takes no more calls now');
}

/** The carrier's answer, or an error of ours that says whose fault it is. */
async function carried<T>(context: ServerContext, request: Promise<T>): Promise<T> {
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

function liveCall(context: ServerContext, callSid: string): LiveCall {
  const live = context.options.calls.find(callSid);
  if (live === undefined) throw notLive();
  return live;
}

function notLive(): ApiError {
  return new ApiError(404, 'not_live', 'no such call is under way');
}
