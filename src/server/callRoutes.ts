// Calls of the past from the store, calls under way, and new ones.
import type { FastifyInstance } from 'fastify';
import type { z } from 'zod';
import type { CallInfo } from '../call/port.ts';
import type { CallSearch } from '../store/port.ts';
import type { TwilioRest } from '../twilio/rest.ts';
import { ApiError } from './apiError.ts';
import { callsQuery, checked, newCall, sayText, transferTo } from './apiSchemas.ts';
import { act, carried } from './callActions.ts';
import type { ServerContext } from './context.ts';
import { fromStore, nextOf, pageOf } from './storeAnswer.ts';

/** From the last ring to the carrier's question what to do, and then to the stream. */
const ANSWER_MARGIN_MS = 60_000;

/** A call that goes on is heard of more often than that; one that its instance took along is not. */
const NEWS_MS_MAX = 10 * 60_000;

interface CallParams {
  readonly Params: { readonly callSid: string };
}

export function callRoutes(app: FastifyInstance, context: ServerContext): void {
  const { reader } = context.options;

  app.get('/v1/calls', async (request) => {
    const query = checked(callsQuery, request.query);
    const search = searchOf(query, context.options.clock.wallMs());
    const calls = await fromStore(context, reader.calls(search));
    const times = calls.map((call) => call.startedAt);
    const last = times.length < query.limit ? await fromStore(context, reader.searchedTo(search)) : undefined;
    return { calls, next: last?.toISOString() ?? nextOf(times, query.limit) };
  });

  app.get<CallParams>('/v1/calls/:callSid', async (request) => {
    const call = await fromStore(context, reader.call(request.params.callSid));
    if (call === undefined) throw new ApiError(404, 'not_found', 'no such call');
    return call;
  });

  app.delete<CallParams>('/v1/calls/:callSid', async (request, reply) => {
    await eraseCall(context, request.params.callSid);
    return reply.code(204).send();
  });

  app.post('/v1/calls', async (request, reply) => {
    const callSid = await placeCall(context, checked(newCall, request.body));
    return reply.code(202).send({ callSid });
  });

  app.post<CallParams>('/v1/calls/:callSid/hangup', async (request, reply) => {
    const { callSid } = request.params;
    await act(context, callSid, { kind: 'hangup' });
    return reply.code(202).send({ callSid });
  });

  app.post<CallParams>('/v1/calls/:callSid/transfer', async (request, reply) => {
    const { callSid } = request.params;
    await act(context, callSid, { kind: 'transfer', ...checked(transferTo, request.body) });
    return reply.code(202).send({ callSid });
  });

  app.post<CallParams>('/v1/calls/:callSid/say', async (request, reply) => {
    const { callSid } = request.params;
    await act(context, callSid, { kind: 'say', ...checked(sayText, request.body) });
    return reply.code(202).send({ callSid });
  });
}

function searchOf(query: z.output<typeof callsQuery>, nowMs: number): CallSearch {
  const { q, outcome, live } = query;
  return {
    ...pageOf(query),
    ...(q !== undefined && { text: q }),
    ...(outcome !== undefined && { outcome }),
    ...(live !== undefined && { liveSince: new Date(nowMs - NEWS_MS_MAX) }),
  };
}

/** A call under way would go on to be written down, and its caller to speak: it has to end first. */
async function eraseCall(context: ServerContext, callSid: string): Promise<void> {
  const { options, admission } = context;
  const isHere = options.calls.isUnderWay(callSid) || admission.find(callSid) !== undefined;
  const deletion = isHere ? 'live' : await fromStore(context, options.eraser.eraseCall(callSid));
  if (deletion === 'live') throw new ApiError(409, 'live', 'the call is under way');
  if (deletion === 'unknown') throw new ApiError(404, 'not_found', 'no such call');
  options.logger.info({ callSid }, 'a call was deleted by request');
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
