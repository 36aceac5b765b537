// Lines of a tape: from what happened to JSON, and back.
import { z } from 'zod';
import { ProviderError, errorText, type ProviderErrorCode, type ProviderStage } from '../base/errors.ts';
import { AddressRefusedError } from '../base/publicAddress.ts';
import type { Happening, OpenedStream } from './records.ts';

/** One line, without its end. `sinceUs` is the time since the happening before. */
export function happeningLine(sinceUs: number, happening: Happening): string {
  // Two hundred a second while the agent speaks.
  if (happening[0] === 'tick') return `[${sinceUs},"tick"]`;
  return JSON.stringify([sinceUs, ...plain(happening)]);
}

/** As JSON can say it. */
function plain(happening: Happening): readonly unknown[] {
  switch (happening[0]) {
    case 'spoke': {
      const [kind, number, { mulaw, wordTimes }] = happening;
      return wordTimes === undefined
        ? [kind, number, base64(mulaw)]
        : [kind, number, base64(mulaw), wordTimes];
    }
    case 'heard': {
      const [kind, number, event] = happening;
      return [kind, number, event.kind === 'failed' ? { ...event, error: plainError(event.error) } : event];
    }
    case 'over': {
      const [kind, what, number, ...failure] = happening;
      return [kind, what, number, ...failure.map(plainError)];
    }
    case 'fetched': {
      const [kind, number, { status, body }] = happening;
      return [kind, number, status, base64(body)];
    }
    case 'unfetched':
      return [happening[0], happening[1], plainError(happening[2])];
    default:
      return happening;
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

function plainError(error: unknown): unknown {
  const refused =
    error instanceof Error && [error, error.cause].some((one) => one instanceof AddressRefusedError);
  if (refused) return { name: 'AddressRefusedError' };
  if (!(error instanceof ProviderError)) return { name: 'Error', message: errorText(error) };
  const { name, code, message, stage, provider, status, retryAfterMs } = error;
  return { name, code, message, stage, provider, status, retryAfterMs };
}

// --- and back ---

const number = z.number().int().nonnegative();
const text = z.string();
const failure = z
  .object({
    name: text,
    message: text.optional(),
    code: z.custom<ProviderErrorCode>((code) => typeof code === 'string').optional(),
    stage: z.custom<ProviderStage>((stage) => typeof stage === 'string').optional(),
    provider: text.optional(),
    status: z.number().optional(),
    retryAfterMs: z.number().optional(),
  })
  .transform(({ name, message = '', code, stage, provider = '', status, retryAfterMs }): Error => {
    if (name === 'AddressRefusedError') return new AddressRefusedError();
    if (code === undefined || stage === undefined) return new Error(message);
    return new ProviderError(code, message, {
      stage,
      provider,
      ...(status === undefined ? {} : { status }),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    });
  });
const providerFailure = failure.refine((error): error is ProviderError => error instanceof ProviderError);
const bytes = text.transform((encoded) => new Uint8Array(Buffer.from(encoded, 'base64')));

const voice = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('voiceStarted'), voiceAtMs: z.number(), levelDbfs: z.number() }),
  z.object({ kind: z.literal('voiceLouder'), levelDbfs: z.number() }),
  z
    .object({ kind: z.literal('voiceStopped'), silenceAtMs: z.number(), speechMs: z.number().optional() })
    .transform((event) => ({ ...event, speechMs: event.speechMs })),
]);
const heard = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready') }),
  z.object({ kind: z.literal('words'), utterance: number, text }),
  z.object({ kind: z.literal('final'), utterance: number, text }),
  z
    .object({
      kind: z.literal('turnJudged'),
      utterance: number,
      judgement: z.enum(['started', 'eager', 'resumed', 'ended']),
      confidence: z.number().optional(),
    })
    .transform((event) => ({ ...event, confidence: event.confidence })),
  z.object({ kind: z.literal('dropped'), audioBytes: z.number() }),
  z.object({ kind: z.literal('failed'), error: providerFailure }),
]);
const usage = z.object({ promptTokens: z.number(), completionTokens: z.number(), cachedTokens: z.number() });
const wrote = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('text'), text }),
  z.object({ kind: z.literal('toolCall'), call: z.object({ id: text, name: text, argumentsText: text }) }),
  z
    .object({
      kind: z.literal('finished'),
      reason: z.enum(['stop', 'length', 'tool_calls', 'content_filter']),
      usage: usage.optional(),
    })
    .transform(({ kind, reason, usage }) =>
      usage === undefined ? { kind, reason } : { kind, reason, usage },
    ),
]);
const wordTimes = z.array(z.object({ word: text, startMs: z.number(), endMs: z.number() }));
const opened = z.object({
  streamSid: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
  waiting: z.array(text.nullable()),
  ended: text.nullable(),
  snapshot: z.unknown(),
}) satisfies z.ZodType<OpenedStream>;

/** What each kind of happening has behind its name. */
const shapes: Readonly<Record<Happening[0], z.ZodType<unknown[]>>> = {
  rang: z.tuple([z.boolean()]),
  opened: z.tuple([opened]),
  message: z.tuple([text.nullable()]),
  closed: z.tuple([]),
  failed: z.tuple([text]),
  timer: z.tuple([number]),
  tick: z.tuple([]),
  voice: z.tuple([number, voice]),
  heard: z.tuple([number, heard]),
  wrote: z.tuple([number, wrote]),
  spoke: z
    .tuple([number, bytes], wordTimes)
    .transform(([request, mulaw, times]) => [
      request,
      times === undefined ? { mulaw } : { mulaw, wordTimes: times },
    ]),
  over: z.tuple([z.enum(['model', 'speech']), number], failure),
  fetched: z
    .tuple([number, number, bytes])
    .transform(([request, status, body]) => [request, { status, body }]),
  unfetched: z.tuple([number, failure]),
  judged: z.tuple([number, z.object({ probability: z.number(), silenceAtMs: z.number() })]),
  answerable: z.tuple([number]),
  say: z.tuple([text]),
  transfer: z.tuple([text]),
  hangUp: z.tuple([]),
  answeredBy: z.tuple([text]),
};

const someHappening = z.tuple(
  [number, z.enum(Object.keys(shapes) as [Happening[0], ...Happening[0][]])],
  z.unknown(),
);

/** Undefined when it is none. Never throws. */
export function parseHappening(
  json: unknown,
): { readonly sinceUs: number; readonly happening: Happening } | undefined {
  const some = someHappening.safeParse(json);
  if (!some.success) return undefined;
  const [sinceUs, kind, ...rest] = some.data;
  const parsed = shapes[kind].safeParse(rest);
  // Each shape is what its kind has in `Happening`.
  return parsed.success ? { sinceUs, happening: [kind, ...parsed.data] as unknown as Happening } : undefined;
}
