// The carrier's REST interface, as much of it as a gateway uses: create a call, look at it, change it.
// https://www.twilio.com/docs/voice/api/call-resource
import type { IncomingMessage, ServerResponse } from 'node:http';
import { sameText } from '../base/sameText.ts';
import type { Carrier } from './carrier.ts';
import { API_VERSION, formatRfc2822 } from './carrierAccount.ts';
import type { CarrierCall } from './carrierCall.ts';
import type { CallRequest, Detection } from './carrierOutgoing.ts';
import type { TwimlSource } from './carrierProgram.ts';
import type { HttpMethod } from './carrierTwiml.ts';
import type { SimServer } from './server.ts';

type Answered = { readonly status: number; readonly body: Readonly<Record<string, unknown>> };

/** Twilio's limit for TwiML in a request. */
const TWIML_CHARS_MAX = 4_000;
const RING_TIMEOUT_S = 60;
const RING_TIMEOUT_S_MAX = 600;

const AUTHENTICATE = 20_003;
const NOT_FOUND = 20_404;
const BAD_REQUEST = 20_001;
const URL_INVALID = 21_205;
const TO_INVALID = 21_211;
const FROM_REQUIRED = 21_213;
const CALL_NOT_IN_PROGRESS = 21_220;

const CALLS = new RegExp(`^/${API_VERSION}/Accounts/([^/]+)/Calls(?:/([^/]+))?\\.json$`);

/** Adds the routes to `server`; its origin is then what takes the place of `https://api.twilio.com`. */
export function serveCarrierRest(server: SimServer, carrier: Carrier): void {
  const handle = (request: IncomingMessage, response: ServerResponse, body: Buffer): void => {
    const { status, body: answer } = answerOf(carrier, request, new URLSearchParams(body.toString('utf8')));
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  };
  server.httpMatching('GET', CALLS, handle).httpMatching('POST', CALLS, handle);
}

function answerOf(carrier: Carrier, request: IncomingMessage, form: URLSearchParams): Answered {
  const { pathname } = new URL(request.url ?? '/', 'http://carrier');
  const [, accountSid, callSid] = CALLS.exec(pathname) ?? [];
  if (!isAuthorised(carrier, request.headers.authorization)) {
    return refused(401, AUTHENTICATE, 'Authenticate');
  }
  if (accountSid !== carrier.accountSid) return notFound(pathname);
  const posted = request.method === 'POST';
  if (callSid === undefined) return posted ? create(carrier, form) : notFound(pathname);
  const call = carrier.find(callSid);
  if (call === undefined) return notFound(pathname);
  return posted ? update(carrier, call, form, pathname) : { status: 200, body: resourceOf(call) };
}

function create(carrier: Carrier, form: URLSearchParams): Answered {
  const to = form.get('To') ?? '';
  const from = form.get('From') ?? '';
  const source = sourceOf(form);
  if (!/^(?:\+\d{5,15}|sip:.+|client:.+)$/.test(to)) {
    return refused(400, TO_INVALID, `The phone number you are attempting to call, ${to}, is not valid.`);
  }
  if (from === '') return refused(400, FROM_REQUIRED, 'Caller phone number is required');
  if (source === undefined) return refused(400, URL_INVALID, 'Url or Twiml is missing, or not valid');
  const call = carrier.createCall(requestOf(to, from, source, form));
  return { status: 201, body: resourceOf(call) };
}

function requestOf(to: string, from: string, source: TwimlSource, form: URLSearchParams): CallRequest {
  const statusUrl = form.get('StatusCallback');
  const events = form.getAll('StatusCallbackEvent');
  const timeoutS = Math.min(RING_TIMEOUT_S_MAX, Number(form.get('Timeout') ?? RING_TIMEOUT_S));
  return {
    to,
    from,
    source,
    statusCallback:
      statusUrl === null
        ? undefined
        : {
            url: statusUrl,
            method: methodOf(form.get('StatusCallbackMethod')),
            events: events.length === 0 ? ['completed'] : events,
          },
    timeoutMs: (Number.isFinite(timeoutS) ? timeoutS : RING_TIMEOUT_S) * 1_000,
    detection: detectionOf(form),
  };
}

function detectionOf(form: URLSearchParams): Detection | undefined {
  // Keys to press after the answer and listening for a machine exclude one another.
  if (!form.has('MachineDetection') || form.has('SendDigits')) return undefined;
  if (form.get('AsyncAmd') !== 'true') return { kind: 'sync' };
  const callbackUrl = form.get('AsyncAmdStatusCallback');
  if (callbackUrl === null) return undefined;
  return { kind: 'async', callbackUrl, method: methodOf(form.get('AsyncAmdStatusCallbackMethod')) };
}

function update(carrier: Carrier, call: CarrierCall, form: URLSearchParams, path: string): Answered {
  // Twilio no longer knows a call that is over.
  if (call.end !== undefined) return notFound(path);
  const status = form.get('Status');
  if (status === 'completed' || (status === 'canceled' && call.answeredAtMs === undefined)) {
    call.finish({ by: 'rest' });
    return { status: 200, body: resourceOf(call) };
  }
  if (status !== null) return refused(400, BAD_REQUEST, `Status '${status}' is not possible now`);
  const source = sourceOf(form);
  if (source === undefined || (form.has('Url') && form.has('Twiml'))) {
    return refused(400, URL_INVALID, 'one of Url and Twiml, valid, is needed');
  }
  if (call.answeredAtMs === undefined) {
    return refused(400, CALL_NOT_IN_PROGRESS, 'Call is not in-progress. Cannot redirect.');
  }
  carrier.run(call, source);
  return { status: 200, body: resourceOf(call) };
}

/** With both, Url is taken. */
function sourceOf(form: URLSearchParams): TwimlSource | undefined {
  const url = form.get('Url');
  const text = form.get('Twiml');
  if (url !== null) {
    return URL.canParse(url) ? { kind: 'url', url, method: methodOf(form.get('Method')) } : undefined;
  }
  return text === null || text.length > TWIML_CHARS_MAX ? undefined : { kind: 'text', text };
}

function methodOf(value: string | null): HttpMethod {
  return value?.toUpperCase() === 'GET' ? 'GET' : 'POST';
}

function isAuthorised({ accountSid, authToken }: Carrier, header: string | undefined): boolean {
  return sameText(header ?? '', `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`);
}

function resourceOf(call: CarrierCall): Record<string, unknown> {
  const { accountSid, callSid, from, to, direction } = call.identity;
  return {
    sid: callSid,
    account_sid: accountSid,
    api_version: API_VERSION,
    from,
    to,
    direction,
    status: call.status,
    duration: call.end === undefined ? null : String(Math.round(call.durationMs / 1_000)),
    date_created: formatRfc2822(call.createdAtWallMs),
    uri: `/${API_VERSION}/Accounts/${accountSid}/Calls/${callSid}.json`,
  };
}

function notFound(path: string): Answered {
  return refused(404, NOT_FOUND, `The requested resource ${path} was not found`);
}

function refused(status: number, code: number, message: string): Answered {
  const body = { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status };
  return { status, body };
}
