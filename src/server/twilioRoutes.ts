// What Twilio asks over HTTP. A caller is waiting behind every question, so whatever goes wrong
// here is still answered with TwiML that Twilio can carry out, never with a 5xx.
import formbody from '@fastify/formbody';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { errorText } from '../base/errors.ts';
import { within } from '../base/within.ts';
import type { CallInfo } from '../call/port.ts';
import { isSigned, type SignedParameters } from '../twilio/signature.ts';
import { connectStream, dial, hangUp, sayAndHangUp } from '../twilio/twiml.ts';
import { parseAmd, parseRecording, parseStatus, parseVoice, type VoiceWebhook } from '../twilio/webhook.ts';
import { nextStep } from './afterStream.ts';
import { answerRefusal, ApiError } from './apiError.ts';
import { isLocalRequest } from './auth.ts';
import { actAnywhere } from './callActions.ts';
import type { ServerContext } from './context.ts';
import { refusalOf } from './rateLimits.ts';
import { askElsewhere, hopsOf, turnAway } from './turnAway.ts';

/** Somebody has picked up the phone and hears nothing yet. */
const PLACED_MS_MAX = 500;
/** Somebody hears it ring, while the store is asked whether their call is over. */
const OVER_MS_MAX = 500;

/** The call was not answered, or was over before its stream came. */
const OVER_STATUSES: ReadonlySet<string> = new Set(['busy', 'no-answer', 'failed', 'canceled', 'completed']);

export function twilioRoutes(app: FastifyInstance, context: ServerContext): void {
  const { logger } = context.options;
  void app.register(formbody);
  app.addHook('onRequest', async (request) => checkPeer(context, request));
  app.addHook('preHandler', async (request) => checkSignature(context, request));
  app.setErrorHandler((error, request, reply) => apologize(context, error, request, reply));

  app.post('/twilio/voice', async (request, reply) => {
    const form = required(context, parseVoice(request.body));
    return sendTwiml(reply, await answerCall(context, form, request));
  });

  app.post('/twilio/stream-ended', async (request, reply) => {
    const form = required(context, parseVoice(request.body));
    return sendTwiml(reply, await answerStreamEnded(context, form, hopsOf(request.query)));
  });

  app.post('/twilio/status', async (request, reply) => {
    const { callSid, callStatus } = required(context, parseStatus(request.body));
    if (OVER_STATUSES.has(callStatus)) {
      await actAnywhere(context, callSid, { kind: 'over', status: callStatus });
    }
    return reply.code(204).send();
  });

  app.post('/twilio/amd', async (request, reply) => {
    const { callSid, answeredBy } = required(context, parseAmd(request.body));
    const { kind: outcome } = await actAnywhere(context, callSid, { kind: 'answeredBy', answeredBy });
    logger.info({ callSid, answeredBy, outcome }, 'the carrier says who answered');
    return reply.code(204).send();
  });

  app.post('/twilio/recording', async (request, reply) => {
    const { callSid, recordingSid, recordingStatus } = required(context, parseRecording(request.body));
    logger.info({ callSid, recordingSid, recordingStatus }, 'the carrier tells of a recording');
    return reply.code(204).send();
  });
}

/** TwiML for a call that has come in, or that somebody has answered. */
async function answerCall(
  context: ServerContext,
  form: VoiceWebhook,
  request: FastifyRequest,
): Promise<string> {
  const hops = hopsOf(request.query);
  const once = onceOf(context, request);
  const { admission, options } = context;
  const { callSid, direction } = form;
  refuseBegun(context, once);
  const announced = direction === 'outbound' ? await findPlaced(context, callSid) : admission.find(callSid);
  const beganBefore = announced === undefined && (await hasBegunBefore(context, form, once));
  // From here on nothing is waited for: what is free now is so when the call is announced.
  const placed = announced ?? admission.find(callSid) ?? options.calls.find(callSid)?.info;
  const [refusal] = placed === undefined ? admission.refusals : [];
  if (refusal !== undefined) {
    options.metrics.rejected('overload');
    options.logger.warn({ callSid, refusal, tooSlow: options.overloaded?.(), hops }, 'turned a call away');
    return turnAway(context, refusal, hops);
  }
  if (placed === undefined && context.rates.tooManyCalls(form.from)) {
    options.logger.warn({ callSid }, 'turned a call away: its number calls too often');
    return sayAndHangUp(options.lines.busy, options.lines.language);
  }
  const info = placed ?? infoOf(form);
  const token = admission.announce(info, beganBefore ? 'resumed' : 'new', once);
  options.calls.prepare(info);
  if (form.answeredBy !== undefined) options.calls.answeredBy(callSid, form.answeredBy);
  options.logger.info({ callSid, direction }, 'a call asks for its stream');
  return connect(context, token);
}

/**
 * What tells this very request from every other of the account's: its signature is made over all that it says. The carrier
 * repeats one when it did not get the answer, but not once the stream of that answer has begun.
 */
function onceOf({ options }: ServerContext, request: FastifyRequest): string | undefined {
  const signature = request.headers['x-twilio-signature'];
  return options.twilio.authToken === undefined || typeof signature !== 'string' ? undefined : signature;
}

function refuseBegun(context: ServerContext, once: string | undefined): void {
  if (once !== undefined && context.admission.hasBegun(once)) throw replayed(context);
}

/**
 * A webhook that nobody here expects is the first of its call, or is played again; after a restart the store alone knows, as
 * it does of a call that was over for us and is sent to us again. That one does not ring any more. Where nothing is signed,
 * nothing is told from a replay.
 */
async function hasBegunBefore(
  context: ServerContext,
  { callSid, callStatus }: VoiceWebhook,
  once: string | undefined,
): Promise<boolean> {
  const { admission, options } = context;
  // Nobody is let in anyway, or it is under way here.
  if (admission.refusals.length > 0 || options.calls.find(callSid) !== undefined) return false;
  const over = await isOver(context, callSid);
  if (over && once !== undefined && callStatus !== 'in-progress') {
    admission.noteBegun(once);
    throw replayed(context);
  }
  // Its stream may have begun meanwhile.
  refuseBegun(context, once);
  return over;
}

/** A store that is away or slow keeps no caller out. */
async function isOver({ options, limits }: ServerContext, callSid: string): Promise<boolean> {
  const { reader, clock, logger } = options;
  try {
    return await within(clock, Math.min(OVER_MS_MAX, limits.storeTimeoutMs), reader.isOver(callSid));
  } catch (error) {
    logger.warn({ callSid, failure: errorText(error) }, 'takes a call without the store');
    return false;
  }
}

function replayed({ options }: ServerContext): ApiError {
  options.metrics.rejected('replay');
  return new ApiError(403, 'replayed', 'what was asked for has begun already');
}

/** What is to be said in a call that we had placed, or another instance: the carrier asks any of them. */
async function findPlaced(context: ServerContext, callSid: string): Promise<CallInfo | undefined> {
  const { streams, clock, logger, calls } = context.options;
  const here = await context.admission.findPlaced(callSid);
  if (here !== undefined || streams === undefined || calls.find(callSid) !== undefined) return here;
  try {
    const info = await within(clock, PLACED_MS_MAX, streams.find(callSid));
    if (info !== undefined) streams.taken(callSid);
    return info;
  } catch (error) {
    logger.warn({ callSid, failure: errorText(error) }, 'nobody could be asked what a placed call is about');
    return undefined;
  }
}

/** TwiML for a call whose stream is over: it ends, goes to somebody else, or comes back. */
async function answerStreamEnded(context: ServerContext, form: VoiceWebhook, hops: number): Promise<string> {
  const { admission, options } = context;
  const { callSid } = form;
  // Twilio asks also when the caller has hung up; then nothing it is told matters.
  if (form.callStatus === 'completed') {
    options.calls.hungUp(infoOf(form));
    return hangUp();
  }
  const step = await nextStep(context, callSid, infoOf(form), hops);
  options.logger.info({ callSid, next: step.kind }, 'a stream is over');
  switch (step.kind) {
    case 'hangup':
      return hangUp();
    case 'dial':
      return dial(step.to);
    case 'elsewhere':
      return askElsewhere(context, hops);
    case 'apologize':
      return sayAndHangUp(options.lines.apology, options.lines.language);
    case 'connect': {
      const token = admission.announce(step.info, 'resumed');
      options.calls.prepare(step.info);
      return connect(context, token);
    }
    default:
      return step satisfies never;
  }
}

function connect(context: ServerContext, token: string): string {
  const { mediaUrl, streamEndedPath } = context.addresses();
  return connectStream({ url: mediaUrl, token, action: streamEndedPath });
}

function infoOf(form: VoiceWebhook): CallInfo {
  const { callSid, accountSid, direction, from, to } = form;
  return { callSid, accountSid, direction, from, to, leadId: undefined, variables: {} };
}

/** Before the body is read: a stranger's is not worth reading. */
function checkPeer(context: ServerContext, request: FastifyRequest): void {
  const { twilio } = context.options;
  if (twilio.authToken === undefined) {
    if (isLocalRequest(request.raw, context.addresses().publicUrl)) return;
    const error = new ApiError(403, 'forbidden', 'only local peers are served');
    throw refusalOf(context, request.raw, 'auth', error);
  }
  if (request.headers['x-twilio-signature'] === undefined) throw badSignature(context, request);
}

function checkSignature(context: ServerContext, request: FastifyRequest): void {
  const { authToken } = context.options.twilio;
  if (authToken === undefined) return;
  const url = context.addresses().publicUrl + request.raw.url;
  const signature = request.headers['x-twilio-signature'];
  if (!isSigned(authToken, signature, url, formFields(request.body))) {
    throw badSignature(context, request);
  }
}

function formFields(body: unknown): SignedParameters {
  return typeof body === 'object' && body !== null ? { ...body } : {};
}

/** Whatever is signed is verified, whoever else has the same address: only what turns out not to be is counted by it. */
function badSignature(context: ServerContext, request: FastifyRequest): ApiError {
  const error = new ApiError(403, 'bad_signature', "the request does not bear the carrier's signature");
  return refusalOf(context, request.raw, 'signature', error);
}

function required<T>(context: ServerContext, form: T | undefined): T {
  if (form !== undefined) return form;
  context.options.metrics.rejected('webhook');
  throw new ApiError(400, 'bad_webhook', 'the form lacks what it must have');
}

/** A refusal stays a refusal; a failure of ours becomes a sentence that the caller hears. */
function apologize(
  context: ServerContext,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  if (answerRefusal(error, reply, context.options.metrics)) return reply;
  const { url: route } = request.routeOptions;
  const { logger, lines } = context.options;
  logger.error({ route, error: errorText(error) }, 'a webhook failed');
  return sendTwiml(reply.code(200), sayAndHangUp(lines.apology, lines.language));
}

function sendTwiml(reply: FastifyReply, twiml: string): FastifyReply {
  return reply.type('text/xml; charset=utf-8').send(twiml);
}
