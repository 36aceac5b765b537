// Who listens, thinks and speaks: the part of the agent's file that names providers. A provider is one
// more member of the three unions.
import { z } from 'zod';

export const environmentName = z
  .string()
  .regex(
    /^[A-Z_][A-Z0-9_]*$/u,
    'expected the name of an environment variable such as OPENAI_API_KEY; a key never stands in this file',
  );

const httpUrl = z.string().refine((text) => {
  const url = tryUrl(text);
  return url !== undefined && /^https?:$/u.test(url.protocol) && url.username === '' && url.password === '';
}, 'expected an http or https address without a password in it');

export function tryUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

const text = z.string().trim().min(1);
const milliseconds = (max: number) => z.int().min(50).max(max);
const speed = z.number().min(0.25).max(4);

const openai = {
  provider: z.literal('openai'),
  /** Of the API, such as `https://api.openai.com/v1`; left out: the process's own. */
  baseUrl: httpUrl.optional(),
  apiKeyEnv: environmentName.optional(),
  model: text,
};
const knownProviders = (names: string) => ({ error: () => `expected one of the known providers: ${names}` });
const oneOfProviders = knownProviders('openai');

const deepgramStt = z
  .strictObject({
    ...openai,
    provider: z.literal('deepgram'),
    endThreshold: z.number().min(0.5).max(1).optional(),
    eagerThreshold: z.number().min(0.3).max(0.9).optional(),
    endTimeoutMs: z.int().min(500).max(60_000).optional(),
    query: z.record(z.string(), z.string()).default({}),
    keywords: z.array(text).max(100).default([]),
  })
  .refine(
    ({ eagerThreshold, endThreshold = 0.7 }) =>
      eagerThreshold === undefined || eagerThreshold <= endThreshold,
    { path: ['eagerThreshold'], error: 'expected at most endThreshold (0.7 unless told)' },
  )
  .refine(
    ({ model, endThreshold, eagerThreshold, endTimeoutMs }) =>
      model.startsWith('flux-') || (endThreshold ?? eagerThreshold ?? endTimeoutMs) === undefined,
    { path: ['model'], error: 'expected a flux- model: no other judges turns' },
  );

export const sttProvider = z.discriminatedUnion(
  'provider',
  [
    z.strictObject({
      ...openai,
      audioFormat: z.enum(['pcmu', 'pcm24']).default('pcmu'),
      serverVad: z.boolean().default(false),
      query: z.record(z.string(), z.string()).default({}),
      keywords: z.array(text).max(200).default([]),
    }),
    deepgramStt,
  ],
  knownProviders('openai, deepgram'),
);

export const llmProvider = z.discriminatedUnion(
  'provider',
  [
    z.strictObject({
      ...openai,
      temperature: z.number().min(0).max(2).optional(),
      replyTokensMax: z.int().min(16).max(8_192).default(300),
      reasoningEffort: z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']).optional(),
      serviceTier: z.enum(['auto', 'default', 'flex', 'scale', 'priority', 'fast']).optional(),
      extra: z.record(z.string(), z.unknown()).default({}),
      firstTokenMs: milliseconds(60_000).default(4_000),
      switchMs: milliseconds(60_000).optional(),
      idleMs: milliseconds(60_000).default(5_000),
    }),
  ],
  oneOfProviders,
);

export const ttsProvider = z.discriminatedUnion(
  'provider',
  [
    z.strictObject({
      ...openai,
      voice: text,
      instructions: text.optional(),
      speed: speed.optional(),
      firstAudioMs: milliseconds(60_000).default(3_000),
      switchMs: milliseconds(60_000).optional(),
      idleMs: milliseconds(60_000).default(3_000),
    }),
  ],
  oneOfProviders,
);

/** What goes for every voice that says nothing else. */
export const voice = z.strictObject({ instructions: text.optional(), speed: speed.optional() });
