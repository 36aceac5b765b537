// The forms that Twilio posts, made into types. Only the fields that are used are looked at: new
// ones may appear any day. https://www.twilio.com/docs/voice/twiml#twilios-request-to-your-application
import { z } from 'zod';

/** A copy: V8 makes the value of a field a view of the form, and whoever keeps the sid of a call would keep all of that. */
function apart(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}

const sid = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/)
  .transform(apart);
/** A number, a `sip:` or `client:` address, or words such as `anonymous`. */
const party = z.string().max(256).transform(apart).default('');
const word = z
  .string()
  .regex(/^[a-z][a-z_-]{0,31}$/)
  .transform(apart);

const voiceForm = z
  .object({
    CallSid: sid,
    AccountSid: sid,
    From: party,
    To: party,
    Direction: word.default('inbound'),
    CallStatus: word.default('ringing'),
    AnsweredBy: word.optional(),
  })
  .transform((form) => ({
    callSid: form.CallSid,
    accountSid: form.AccountSid,
    from: form.From,
    to: form.To,
    direction: form.Direction.startsWith('outbound') ? ('outbound' as const) : ('inbound' as const),
    callStatus: form.CallStatus,
    /** With synchronous machine detection alone. */
    answeredBy: form.AnsweredBy,
  }));

const statusForm = z
  .object({ CallSid: sid, AccountSid: sid, CallStatus: word })
  .transform((form) => ({ callSid: form.CallSid, accountSid: form.AccountSid, callStatus: form.CallStatus }));

const amdForm = z
  .object({ CallSid: sid, AccountSid: sid, AnsweredBy: word })
  .transform((form) => ({ callSid: form.CallSid, accountSid: form.AccountSid, answeredBy: form.AnsweredBy }));

const recordingForm = z
  .object({ CallSid: sid, AccountSid: sid, RecordingSid: sid, RecordingStatus: word })
  .transform((form) => ({
    callSid: form.CallSid,
    accountSid: form.AccountSid,
    recordingSid: form.RecordingSid,
    recordingStatus: form.RecordingStatus,
  }));

/** Of an incoming call, and of a stream that is over: the same fields. */
export type VoiceWebhook = z.output<typeof voiceForm>;
/** `queued initiated ringing in-progress completed busy failed no-answer canceled`, or newer. */
export type StatusWebhook = z.output<typeof statusForm>;
/** `human machine_start machine_end_beep machine_end_silence machine_end_other fax unknown`, or newer. */
export type AmdWebhook = z.output<typeof amdForm>;
export type RecordingWebhook = z.output<typeof recordingForm>;

/** Each answers undefined for a form that lacks a field or has it twice or in a wrong shape. None throws. */
export function parseVoice(form: unknown): VoiceWebhook | undefined {
  return voiceForm.safeParse(form).data;
}

export function parseStatus(form: unknown): StatusWebhook | undefined {
  return statusForm.safeParse(form).data;
}

export function parseAmd(form: unknown): AmdWebhook | undefined {
  return amdForm.safeParse(form).data;
}

export function parseRecording(form: unknown): RecordingWebhook | undefined {
  return recordingForm.safeParse(form).data;
}
