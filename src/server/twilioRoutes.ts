// What Twilio asks over HTTP. A caller is waiting behind every question, so whatever goes wrong
// here is still answered with TwiML that Twilio can carry out, never with a 5xx.
import formbody from '@fastify/formbody';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { errorText } from '../base/errors.ts';
import type { CallInfo } from '../call/port.ts';
import { isSigned, type SignedParameters } from '../twilio/signature.ts';
import { connectStream, dial, hangUp, sayAndHangUp } from '../twilio/twiml.ts';
import { parseAmd, parseRecording, parseStatus, parseVoice, type VoiceWebhook } from '../twilio/webhook.ts';
import { nextStep } from './afterStream.ts';
import { answerRefusal, ApiError } from './apiError.ts';
import { isLocalPeer } from './auth.ts';
import type { ServerContext } from './context.ts';
import { askElsewhere, hopsOf, turnAway } from './turnAway.ts';

/** The call was not answered, or was over before its stream came. */
const OVER_STATUSES: ReadonlySet<string> = new Set(['busy', 'no-answer', 'failed', 'canceled', 'completed']);

export function twilioRoutes(app: FastifyInstance, context: ServerContext): void {
  const { calls, logger } = context.options;
  void app.register(formbody);
  app.addHook('onRequest', async (request) => checkPeer(context, request));
  app.addHook('preHandler', async (request) => checkSignature(context, request));
  app.setErrorHandler((error, request, reply) => apologize(context, error, request, reply));

  app.post('/twilio/voice', async (request, reply) => {
    const form = required(context, parseVoice(request.body));
    return sendTwiml(reply, await answerCall(context, form, hopsOf(request.query)));
  });

  app.post('/twilio/stream-ended', async (request, reply) => {
    const form = required(context, parseVoice(request.body));
    return sendTwiml(reply, await answerStreamEnded(context, form, hopsOf(request.query)));
  });

  app.post('/twilio/status', async (request, reply) => {
    const { callSid, callStatus } = required(context, parseStatus(request.body));
    if (OVER_STATUSES.has(callStatus)) {
      await context.admission.findPlaced(callSid);
      const info = context.admission.take(callSid);
      if (info !== undefined) {
        logger.info({ callSid, callStatus }, 'a call ended before its stream came');
        calls.neverStarted(info, callStatus);
      }
    }
    return reply.code(204).send();
  });

  app.post('/twilio/amd', async (request, reply) => {
    const { callSid, answeredBy } = required(context, parseAmd(request.body));
    logger.info({ callSid, answeredBy }, 'the carrier says who answered');
    calls.answeredBy(callSid, answeredBy);
    return reply.code(204).send();
  });

  app.post('/twilio/recording', async (request, reply) => {
    const { callSid, recordingSid, recordingStatus } = required(context, parseRecording(request.body));
    logger.info({ callSid, recordingSid, recordingStatus }, 'the carrier tells of a recording');
    return reply.code(204).send();
  });
}

/** TwiML for a call that has come in, or that somebody has answered. */
async function answerCall(context: ServerContext, form: VoiceWebhook, hops: number): Promise<string> {
  const { admission, options } = context;
  const { callSid, direction } = form;
  const announced = direction === 'outbound' ? await admission.findPlaced(callSid) : admission.find(callSid);
  const placed = announced ?? options.calls.find(callSid)?.info;
  const [refusal] = placed === undefined ? admission.refusals : [];
  if (refusal !== undefined) {
    options.metrics.rejected('overload');
    options.logger.warn({ callSid, refusal, tooSlow: options.overloaded?.(), hops }, 'turned a call away');
    return turnAway(context, refusal, hops);
  }
  const info = placed ?? infoOf(form);
  const token = admission.announce(info, 'new');
  options.calls.prepare(info);
  if (form.answeredBy !== undefined) options.calls.answeredBy(callSid, form.answeredBy);
  options.logger.info({ callSid, direction }, 'a call asks for its stream');
  return connect(context, token);
}

/** TwiML for a call whose stream is over: it ends, goes to somebody else, or comes back. */
async function answerStreamEnded(context: ServerContext, form: VoiceWebhook, hops: number): Promise<string> {
  const { admission, options } = context;
  const { callSid } = form;
  // Twilio asks also when the caller has hung up; then nothing it is told matters.
  if (form.callStatus === 'completed') return hangUp();
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
  const { twilio, metrics } = context.options;
  if (twilio.authToken === undefined) {
    if (isLocalPeer(request.raw)) return;
    metrics.rejected('auth');
    throw new ApiError(403, 'forbidden', 'only local peers are served');
  }
  if (request.headers['x-twilio-signature'] === undefined) throw badSignature(context);
}

function checkSignature(context: ServerContext, request: FastifyRequest): void {
  const { authToken } = context.options.twilio;
  if (authToken === undefined) return;
  const url = context.addresses().publicUrl + request.raw.url;
  const signature = request.headers['x-twilio-signature'];
  if (!isSigned(authToken, signature, url, formFields(request.body))) throw badSignature(context);
}

function formFields(body: unknown): SignedParameters {
  return typeof body === 'object' && body !== null ? { ...body } : {};
}

function badSignature(context: ServerContext): ApiError {
  context.options.metrics.rejected('signature');
  return new ApiError(403, 'bad_signature', "the request does not bear the carrier's signature");
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
