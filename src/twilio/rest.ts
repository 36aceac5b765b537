// The account's REST interface, as little of it as the gateway needs, through Twilio's package.
// https://www.twilio.com/docs/voice/api/call-resource
import twilio from 'twilio';

const TWILIO_ORIGIN = 'https://api.twilio.com';
/** A call is placed while somebody waits for the answer to an HTTP request of ours. */
const REQUEST_TIMEOUT_MS = 10_000;
const SOCKETS_MAX = 20;

export interface TwilioRestOptions {
  /** `AC...` */
  readonly accountSid: string;
  readonly authToken: string;
  /** Another origin than Twilio's, for tests. */
  readonly baseUrl?: string;
  readonly requestTimeoutMs?: number;
}

export interface NewCall {
  /** E.164, or a `sip:` address. */
  readonly to: string;
  readonly from: string;
  /** Asked for TwiML when the call is answered. */
  readonly url: string;
  readonly statusCallback: string;
  /** Told who answered, while the call goes on; without it nobody finds out. */
  readonly answeredByCallback?: string;
  /** How long it may ring. */
  readonly ringTimeoutMs: number;
}

export interface TwilioRest {
  /** Places a call and answers its sid. Throws a `TwilioRestError`. */
  createCall(call: NewCall): Promise<string>;
  /** Hangs up, whether it rings or talks. Throws a `TwilioRestError`; `not_found` when it is over already. */
  completeCall(callSid: string): Promise<void>;
}

export type TwilioRestErrorCode =
  /** No answer in time, or no connection. */
  | 'unreachable'
  | 'auth'
  | 'not_found'
  | 'rate_limit'
  /** Any other 4xx: Twilio would refuse it again. */
  | 'bad_request'
  | 'server';

/** Carries no cause: the HTTP client's errors hold the request, and with it the account's secret. */
export class TwilioRestError extends Error {
  override readonly name = 'TwilioRestError';
  readonly code: TwilioRestErrorCode;
  /** Of the answer, when there was one. */
  readonly status: number | undefined;
  /** Twilio's own number for what went wrong, such as 21211. */
  readonly twilioCode: number | undefined;

  constructor(code: TwilioRestErrorCode, message: string, status?: number, twilioCode?: number) {
    super(message);
    this.code = code;
    this.status = status;
    this.twilioCode = twilioCode;
  }
}

export function twilioRest(options: TwilioRestOptions): TwilioRest {
  const origin = (options.baseUrl ?? TWILIO_ORIGIN).replace(/\/+$/, '');
  const timeoutMs = options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS;
  const client = twilio(options.accountSid, options.authToken, {
    httpClient: redirected(origin, timeoutMs),
  });
  return {
    async createCall(call) {
      const detection =
        call.answeredByCallback === undefined
          ? {}
          : {
              machineDetection: 'DetectMessageEnd',
              // Asynchronous: the conversation starts at once, and the verdict comes while it goes on.
              asyncAmd: 'true',
              asyncAmdStatusCallback: call.answeredByCallback,
            };
      const created = await answered(
        client.calls.create({
          to: call.to,
          from: call.from,
          url: call.url,
          statusCallback: call.statusCallback,
          statusCallbackEvent: ['ringing', 'answered', 'completed'],
          timeout: Math.ceil(call.ringTimeoutMs / 1_000),
          ...detection,
        }),
      );
      if (typeof created.sid !== 'string' || created.sid === '') {
        throw new TwilioRestError('server', 'the answer names no call');
      }
      return created.sid;
    },
    async completeCall(callSid) {
      await answered(client.calls(callSid).update({ status: 'completed' }));
    },
  };
}

/** Sends what is meant for Twilio to `origin`: the package has no setting for its address. */
function redirected(origin: string, timeoutMs: number): InstanceType<typeof twilio.RequestClient> {
  const client = new twilio.RequestClient({ timeout: timeoutMs, keepAlive: true, maxSockets: SOCKETS_MAX });
  const send = client.request.bind(client);
  client.request = (options) => send({ ...options, uri: options.uri.replace(TWILIO_ORIGIN, origin) });
  return client;
}

async function answered<T>(request: Promise<T>): Promise<T> {
  try {
    return await request;
  } catch (error) {
    if (!(error instanceof twilio.RestException)) {
      throw new TwilioRestError('unreachable', 'no answer from the carrier');
    }
    const { status, code } = error;
    throw new TwilioRestError(codeOf(status), error.message ?? `status ${status}`, status, code);
  }
}

function codeOf(status: number): TwilioRestErrorCode {
  if (status === 401 || status === 403) return 'auth';
  if (status === 404) return 'not_found';
  if (status === 429) return 'rate_limit';
  return status >= 400 && status < 500 ? 'bad_request' : 'server';
}
