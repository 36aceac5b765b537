// What a page asks that calls the agent: to be let in, and what comes next when its stream is over.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { nextStep } from './afterStream.ts';
import { ApiError } from './apiError.ts';
import { checked, newSoftphoneCall, type SoftphoneNext } from './apiSchemas.ts';
import { actAnywhere } from './callActions.ts';
import { refuseIfFull, variablesOf } from './callRoutes.ts';
import { MEDIA_PATH, type ServerContext } from './context.ts';
import { isSoftphoneCall, type SoftphoneStream } from './softphone.ts';
import { hopsOf, onceMore } from './turnAway.ts';

interface CallParams {
  readonly Params: { readonly callSid: string };
}

export function softphoneRoutes(app: FastifyInstance, context: ServerContext): void {
  const { options, softphone } = context;

  app.post('/v1/softphone/calls', async (request, reply) => {
    const { agent, leadId, variables } = checked(newSoftphoneCall, request.body);
    const known = await variablesOf(context, { agent, leadId, variables });
    refuseIfFull(context);
    const stream = softphone.announce({ leadId, variables: known });
    options.logger.info({ callSid: stream.callSid }, 'a browser calls');
    return reply.code(201).send(withUrl(context, request, stream));
  });

  app.post<CallParams>(
    '/v1/softphone/calls/:callSid/stream-ended',
    async (request): Promise<SoftphoneNext> => {
      const { callSid } = request.params;
      refuseOthers(callSid);
      const hops = hopsOf(request.query);
      const step = await nextStep(context, callSid, softphone.infoOf(callSid), hops);
      options.logger.info({ callSid, next: step.kind }, 'the stream of a browser is over');
      switch (step.kind) {
        case 'connect':
          return {
            next: 'connect',
            stream: withUrl(context, request, softphone.connect(step.info, 'resumed')),
          };
        case 'elsewhere':
          return { next: 'ask', path: `/v1/softphone/calls/${callSid}/stream-ended?${onceMore(hops)}` };
        case 'dial':
          return { next: 'dial', to: step.to };
        case 'hangup':
        case 'apologize':
          return { next: step.kind };
        default:
          return step satisfies never;
      }
    },
  );

  // Whether or not its stream could say so. A call that is over already stays as it is.
  app.post<CallParams>('/v1/softphone/calls/:callSid/hung-up', async (request, reply) => {
    const { callSid } = request.params;
    refuseOthers(callSid);
    const { kind } = await actAnywhere(context, callSid, { kind: 'hangup' });
    options.logger.info({ callSid, hangup: kind }, 'a browser has hung up');
    // Its stream may have been lost a moment ago: then it waits for another one that does not come.
    options.calls.hungUp(softphone.infoOf(callSid));
    return reply.code(204).send();
  });
}

function refuseOthers(callSid: string): void {
  if (!isSoftphoneCall(callSid)) throw new ApiError(404, 'not_found', 'no such call from a browser');
}

/**
 * With the address of the stream: a page that was loaded from the public address is sent to this very instance, as Twilio
 * is; one that came here directly stays where it is.
 */
function withUrl(context: ServerContext, request: FastifyRequest, stream: SoftphoneStream) {
  const { publicUrl, mediaUrl } = context.addresses();
  const isPublic = request.headers.host === new URL(publicUrl).host;
  return { ...stream, url: isPublic ? mediaUrl : MEDIA_PATH };
}
