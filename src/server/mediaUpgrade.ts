// Media streams: from the upgrade to the moment when a call takes its stream over.
import type { IncomingMessage } from 'node:http';
import type { WebSocket } from 'ws';
import { errorText } from '../base/errors.ts';
import { MediaStream, type StreamOpening } from '../twilio/mediaStream.ts';
import { isSigned } from '../twilio/signature.ts';
import { isLocalRequest, isOwnOrigin } from './auth.ts';
import type { ServerContext } from './context.ts';
import { ticketedCall } from './softphone.ts';
import { claimCall } from './streamClaim.ts';
import type { UpgradeRefusal } from './upgrades.ts';

const POLICY_VIOLATION = 1008;
const INTERNAL_ERROR = 1011;

/** Why this upgrade to a media stream is refused, if it is. */
export async function mediaRefusal(
  context: ServerContext,
  request: IncomingMessage,
): Promise<UpgradeRefusal | undefined> {
  const ticketed = ticketedCall(request);
  if (ticketed !== undefined) return browserRefusal(context, request, ticketed);
  const { authToken } = context.options.twilio;
  if (authToken === undefined) {
    if (!isLocalRequest(request, context.addresses().publicUrl)) {
      return { status: 403, what: 'auth', message: 'only local peers are served' };
    }
  } else if (!isSigned(authToken, request.headers['x-twilio-signature'], context.addresses().mediaUrl, {})) {
    return { status: 403, what: 'signature', message: "the request does not bear the carrier's signature" };
  }
  return context.admission.streamsFull ? FULL : undefined;
}

const FULL = { status: 503, what: 'overload', message: 'no more streams are taken now' } as const;

/** A page cannot sign: it is ours, and its ticket is good for this one upgrade. */
async function browserRefusal(
  context: ServerContext,
  request: IncomingMessage,
  callSid: string,
): Promise<UpgradeRefusal | undefined> {
  if (!isOwnOrigin(request, context.addresses().publicUrl)) {
    return { status: 403, what: 'auth', message: 'only pages of this gateway are served' };
  }
  if (context.admission.streamsFull) return FULL;
  if (!(await context.tickets.admits(request, `media-${callSid}`))) {
    return { status: 403, what: 'token', message: 'the ticket is not for this, spent or out of time' };
  }
  // Others may have come while it was asked about.
  return context.admission.streamsFull ? FULL : undefined;
}

/** Waits for the start, checks whose it is, and hands the stream to the calls. */
export function serveMedia(context: ServerContext, socket: WebSocket, request: IncomingMessage): void {
  const { limits, options } = context;
  const stream = new MediaStream(
    socket,
    { startWithinMs: limits.startWithinMs, bufferedBytesMax: limits.streamBufferedBytesMax },
    options.clock,
  );
  const noLongerWaits = context.admission.streamWaits();
  // `started` never rejects, and what follows catches its own errors.
  void stream.started
    .then((opening) => onOpening(context, stream, opening, ticketedCall(request)))
    .finally(noLongerWaits);
}

/** `ticketed`: the call that its upgrade was for, when a browser opened it. */
async function onOpening(
  context: ServerContext,
  stream: MediaStream,
  opening: StreamOpening,
  ticketed: string | undefined,
): Promise<void> {
  const { options } = context;
  if (opening.kind === 'ended') {
    countRefused(context, stream);
    if (opening.reason === 'start_timeout') options.metrics.rejected('start_timeout');
    options.logger.info({ reason: opening.reason }, 'a media socket ended before its stream started');
    return;
  }
  const { callSid, streamSid } = opening.start;
  const claim = await claimCall(context, opening.start, ticketed);
  if (claim.kind === 'refused') {
    const { what, why } = claim;
    options.metrics.rejected(what);
    countRefused(context, stream);
    options.logger.warn({ callSid, streamSid, what, why }, 'refused a media stream');
    stream.close(POLICY_VIOLATION, what);
    return;
  }
  try {
    options.calls.open(claim.info, stream, claim.resumed);
  } catch (error) {
    options.logger.error({ callSid, streamSid, error: errorText(error) }, 'a call could not be opened');
    stream.close(INTERNAL_ERROR, 'internal error');
  }
}

/** Bad messages of a stream that no call has taken over; a call counts its own. */
function countRefused(context: ServerContext, stream: MediaStream): void {
  for (let i = 0; i < stream.refusedMessages; i += 1) context.options.metrics.rejected('message');
}
