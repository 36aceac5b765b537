// Where a call stands, as plain JSON for another instance: who calls, what was said and heard, and how it is to go on.
import { z } from 'zod';
import { HISTORY_BOUNDS, type HistoryItem } from '../llm/history.ts';
import type { Ending } from './connection.ts';
import type { CallInfo } from './port.ts';

/** Of what is below. Another one is no history: the caller is better served without than by a misunderstanding. */
const VERSION = 1;
const TEXT_CHARS_MAX = HISTORY_BOUNDS.charsMax;

const text = z.string().max(TEXT_CHARS_MAX);
const name = z.string().max(1_000);

const item = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('caller'), text }),
  z.strictObject({ kind: z.literal('agent'), text, cut: z.boolean() }),
  z.strictObject({
    kind: z.literal('toolCalls'),
    text,
    calls: z.array(z.strictObject({ id: name, name, argumentsText: text })).max(64),
  }),
  z.strictObject({ kind: z.literal('toolResult'), callId: name, text }),
]);

const ending = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('hangup'),
    outcome: z.enum(['completed', 'transferred', 'failed', 'no_answer', 'busy', 'voicemail', 'abandoned']),
    forced: z.boolean(),
  }),
  z.strictObject({ kind: z.literal('dial'), to: name, forced: z.boolean() }),
]);

const schema = z.strictObject({
  version: z.literal(VERSION),
  info: z.strictObject({
    callSid: name,
    accountSid: name,
    direction: z.enum(['inbound', 'outbound']),
    from: name,
    to: name,
    leadId: name.nullable(),
    variables: z.record(name, text),
  }),
  agent: name,
  startedAtMs: z.number(),
  turn: z.number().int().nonnegative(),
  parts: z.number().int().nonnegative(),
  state: name.nullable(),
  omittedItems: z.number().int().nonnegative(),
  items: z.array(item).max(HISTORY_BOUNDS.itemsMax + 8),
  ending: ending.nullable(),
  handedOver: z.boolean(),
  traceparent: name.optional(),
});

export interface CallSnapshot {
  readonly info: CallInfo;
  /** The agent's name: with another one the history says nothing. */
  readonly agent: string;
  /** Ms since 1970. */
  readonly startedAtMs: number;
  /** The last exchange, and the streams that there have been. */
  readonly turn: number;
  readonly parts: number;
  /** In the agent's file. */
  readonly state: string | undefined;
  readonly omittedItems: number;
  /** What was said, as far as it was heard, without what is nobody's business. */
  readonly items: readonly HistoryItem[];
  /** It was decided how the call ends: nobody goes on with it. */
  readonly ending: Ending | undefined;
  /** Its instance has left it on purpose. */
  readonly handedOver: boolean;
  /** Of the call's trace, when it has one. */
  readonly traceparent: string | undefined;
}

/** As it is stored: JSON has no undefined. */
export function snapshotJson({ info, state, ending: end, ...rest }: CallSnapshot): unknown {
  return {
    version: VERSION,
    ...rest,
    info: { ...info, leadId: info.leadId ?? null },
    state: state ?? null,
    ending: end ?? null,
  };
}

/** Undefined when it is not what we write. Never throws. */
export function parseSnapshot(value: unknown): CallSnapshot | undefined {
  const parsed = schema.safeParse(value);
  if (!parsed.success) return undefined;
  const { version: _version, info, state, ending: end, traceparent, ...rest } = parsed.data;
  return {
    ...rest,
    info: { ...info, leadId: info.leadId ?? undefined },
    state: state ?? undefined,
    ending: end ?? undefined,
    traceparent,
  };
}
