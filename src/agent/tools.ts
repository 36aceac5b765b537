// What the agent can do besides talking: the part of its file that declares tools.
import { z } from 'zod';
import { environmentName, tryUrl } from './providers.ts';

/** Names that a tool over HTTP may not take: built-ins, and what comes with states. */
export const RESERVED_TOOL_NAMES = [
  'end_call',
  'transfer',
  'play_digits',
  'go_to_state',
  'note_field',
] as const;

const text = z.string().trim().min(1);
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/u;

export const phoneNumber = z
  .string({ error: 'expected a number in quotes, such as "+12025550100"' })
  .regex(
    /^(?:\+[1-9]\d{4,14}|sips?:[^\s@]+@[^\s@]+)$/u,
    'expected a number such as "+12025550100", or a sip: address',
  );

const endCall = z.strictObject({ builtin: z.literal('end_call'), description: text.optional() });

const transfer = z.strictObject({
  builtin: z.literal('transfer'),
  description: text.optional(),
  /** Names that the model may choose from, and the numbers it never sees. */
  to: z
    .record(z.string().regex(/^[a-z][a-z0-9_ -]{0,39}$/u, 'expected a name such as reception'), phoneNumber)
    .refine((numbers) => Object.keys(numbers).length > 0, 'expected at least one name with its number'),
  say: text.optional(),
});

const playDigits = z.strictObject({ builtin: z.literal('play_digits'), description: text.optional() });

const parameters = z
  .looseObject({
    type: z.literal('object', { error: 'expected a JSON schema of type object' }),
    properties: z.record(z.string(), z.looseObject({})).default({}),
    required: z.array(z.string()).optional(),
  })
  .default({ type: 'object', properties: {} });

const http = z.strictObject({
  builtin: z.undefined().optional(),
  name: z.string().regex(/^[a-z][a-z0-9_]{0,63}$/u, 'expected a name such as find_appointments'),
  description: text,
  parameters,
  url: text,
  allowHttp: z.boolean().default(false),
  method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']).default('POST'),
  headersEnv: z
    .record(z.string().regex(/^[A-Za-z0-9-]+$/u, "expected a header's name"), environmentName)
    .default({}),
  timeoutMs: z.int().min(100).max(60_000).default(8_000),
  filler: text.optional(),
});

/** What is wrong with a tool's address, if anything: keys and callers' words go over it. */
export function wrongWithUrl(text: string, allowHttp: boolean): string | undefined {
  const url = tryUrl(text);
  if (url === undefined) return 'expected an address such as https://example.com/visits';
  if (url.username !== '' || url.password !== '')
    return 'expected no password in the address; headersEnv is for keys';
  if (url.protocol === 'https:') return undefined;
  if (url.protocol === 'http:' && (allowHttp || LOOPBACK.test(url.hostname))) return undefined;
  return 'expected https (http only to this machine, or with allowHttp: true)';
}

export const tool = z.discriminatedUnion('builtin', [endCall, transfer, playDigits, http], {
  error: (issue) =>
    issue.code === 'invalid_union'
      ? 'expected one of end_call, transfer, play_digits'
      : 'expected a tool: builtin, or name, description and url',
});
