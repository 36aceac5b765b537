// The admin API's inputs and outputs: checked by these, described by these.
import { z } from 'zod';
import { ApiError } from './apiError.ts';

const phone = z
  .string()
  .regex(/^\+[1-9]\d{6,14}$/)
  .describe('E.164, such as +15005550006');
const shortText = z.string().min(1).max(200);
const fields = z
  .record(z.string().min(1).max(64), z.string().max(1_000))
  .refine((record) => Object.keys(record).length <= 50, 'at most 50 fields');
const leadId = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);
const time = z.iso.datetime({ offset: true });

export const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  before: time.optional().describe('Only what is older; from `next` of the page before'),
});

const outcome = z.enum(['completed', 'transferred', 'failed', 'no_answer', 'busy', 'voicemail', 'abandoned']);

export const callsQuery = pageQuery.extend({
  q: z.string().max(200).optional().describe("A call's sid, digits of a number, or words that were said"),
  outcome: outcome.optional(),
  live: z.literal('true').optional().describe('Only calls that go on'),
});

export const latencyQuery = z.object({
  minutes: z.coerce.number().int().min(1).max(1_440).default(60),
});

export const newCall = z.strictObject({
  to: phone,
  from: phone.optional(),
  agent: shortText.optional().describe('Name of the agent that is loaded'),
  leadId: leadId.optional(),
  variables: fields.optional().describe("For the agent's prompt and lines"),
});

export const newSoftphoneCall = newCall.omit({ to: true, from: true });

export const transferTo = z.strictObject({
  to: z.union([phone, z.string().regex(/^sip:[^\s<>"]{1,250}$/)]),
});

export const sayText = z.strictObject({ text: z.string().trim().min(1).max(1_000) });

export const newLead = z.strictObject({ name: shortText, phone, fields: fields.default({}) });
export const leadChange = z.strictObject({
  name: shortText.optional(),
  phone: phone.optional(),
  fields: fields.optional(),
});

export const callRef = z.object({ callSid: z.string() });

const callSummary = z.object({
  callSid: z.string(),
  direction: z.enum(['inbound', 'outbound']),
  agent: z.string(),
  from: z.string(),
  to: z.string(),
  leadId: z.string().nullable(),
  startedAt: time,
  endedAt: time.nullable(),
  outcome: outcome.nullable(),
  recording: z.string().nullable().describe('Set when there is a recording to fetch'),
  turnCount: z.number().int(),
});

const milliseconds = z.number().optional();

const turn = z.object({
  callSid: z.string(),
  index: z.number().int(),
  callerText: z.string(),
  agentText: z.string().describe('All that was generated'),
  heardText: z.string().describe('What was played before the turn ended or was cut'),
  interrupted: z.boolean(),
  source: z.enum(['generated', 'cached', 'intent', 'fallback']),
  speculated: z.boolean(),
  startedAt: time,
  timings: z
    .object({
      endpoint: milliseconds,
      sttFinal: milliseconds,
      llmFirstToken: milliseconds,
      llmFirstSentence: milliseconds,
      ttsFirstAudio: milliseconds,
      firstFrame: milliseconds,
      response: milliseconds,
      heard: milliseconds,
    })
    .describe('Milliseconds; a stage that did not take place is absent'),
});

export const recordingMarkers = z.object({
  markers: z.array(
    z.object({
      startMs: z.number().describe('Of the recording'),
      endMs: z.number(),
      side: z.enum(['caller', 'agent']).describe('Which of the two is silent there'),
      kind: z.enum(['card', 'ssn']),
    }),
  ),
});

export const socketTicket = z.object({
  ticket: z
    .string()
    .describe(
      'For one socket: offer the subprotocols `turnpike.events` and `turnpike.ticket.` with this behind it',
    ),
  expiresInMs: z.number().int(),
});

const lead = z.object({
  id: z.string(),
  name: z.string(),
  phone: z.string(),
  fields: z.record(z.string(), z.string()),
  createdAt: time,
  updatedAt: time,
});

const next = time.nullable().describe('`before` of the next page; null on the last one');

const stageLatency = z.object({ count: z.number().int(), p50: z.number(), p95: z.number() }).optional();
const stages = z
  .object({
    endpoint: stageLatency,
    sttFinal: stageLatency,
    llmFirstToken: stageLatency,
    llmFirstSentence: stageLatency,
    ttsFirstAudio: stageLatency,
    firstFrame: stageLatency,
    response: stageLatency,
    heard: stageLatency,
  })
  .describe('Milliseconds; a stage that took place in no turn is absent');

export const latencyAnswer = z.object({
  since: time,
  until: time,
  slotMs: z.number().int(),
  turns: z.number().int(),
  complete: z.boolean().describe('False: there were more turns than are looked at, and these are the newest'),
  stages,
  slots: z
    .array(z.object({ at: time, turns: z.number().int(), stages }))
    .describe('Without those in which there was no turn'),
});

export const callPage = z.object({ calls: z.array(callSummary), next });
export const callWithTurns = callSummary.extend({
  turns: z.array(turn),
  transcript: z.string().describe('a line for each who spoke, as far as known by now'),
});
/** What a page needs to open the stream of its call. */
export const softphoneStream = z.object({
  callSid: z.string(),
  accountSid: z.string(),
  streamSid: z.string(),
  token: z.string().describe('For `customParameters` of the start'),
  protocols: z.array(z.string()).readonly().describe('For the upgrade: the last is a ticket of one use'),
  url: z.string().describe('Of the stream; a path is on the host that was asked'),
});

export const softphoneNext = z.discriminatedUnion('next', [
  z.object({ next: z.literal('hangup') }),
  z.object({ next: z.literal('dial'), to: z.string() }),
  z.object({ next: z.literal('connect'), stream: softphoneStream }),
  z.object({ next: z.literal('ask'), path: z.string().describe('Another instance knows') }),
  z.object({ next: z.literal('apologize') }),
]);
export type SoftphoneNext = z.infer<typeof softphoneNext>;

export const leadPage = z.object({ leads: z.array(lead), next });
export const leadAnswer = lead;
export const health = z.object({ status: z.literal('ok') });
export const readiness = z.object({
  ready: z.boolean(),
  reasons: z.array(z.string()),
  without: z
    .array(z.string())
    .optional()
    .describe('What is away and keeps no call from here: `database`, `spool`, `redis`'),
});
export const errorAnswer = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

/** The checked value, or a 422 that names each wrong field (and never what stood in it). */
export function checked<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value ?? {});
  if (result.success) return result.data;
  const message = result.error.issues
    .slice(0, 10)
    .map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`)
    .join('; ');
  throw new ApiError(422, 'invalid', message);
}
