// What the agent does when it is clear what a caller means: the part of its file that needs no model.
import { z } from 'zod';

const text = z.string().trim().min(1);

export const stateName = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,39}$/u, 'expected a name such as not_interested');
const intentName = z.string().regex(/^[a-z][a-z0-9_]{0,39}$/u, 'expected a name such as no_time');

const response = {
  say: text.optional(),
  goto: stateName.optional(),
  end: z.literal(true, { error: 'expected true' }).optional(),
  transfer: text.optional(),
  steer: text.optional(),
  note: z
    .record(z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,39}$/u, 'expected a name such as doNotCall'), text)
    .optional(),
};

/** Of a state: they go before those of the whole file. */
export const intentResponses = z.record(intentName, z.strictObject(response));

/** Of the file. `phrases` make an intent of the author's own, or add to one of the language's. */
export const intents = z.record(
  intentName,
  z.strictObject({ ...response, phrases: z.array(text).max(200).default([]) }),
);
