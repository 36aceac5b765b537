// The shape of an agent's file. docs/agent-file.md says the same to those who write one.
import { z } from 'zod';
import { defaultAlways, defaultBackchannels, defaultIdle, defaultLines } from './defaults.ts';
import { llmProvider, sttProvider, ttsProvider, voice } from './providers.ts';
import { TONES } from './adapt.ts';
import { intentResponses, intents, stateName } from './intentSchema.ts';
import { isLanguageTag } from './languageTag.ts';
import { phoneNumber, tool } from './tools.ts';

const text = z.string().trim().min(1);
const words = text.regex(/[\p{L}\p{N}]/u, 'expected words');
const variableName = z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,39}$/u, 'expected a name such as callerName');

const language = z.string().refine(isLanguageTag, 'expected a language tag such as en-US');

const turnTaking = z.strictObject({
  minWaitMs: z.int().min(100).max(5_000).default(300),
  maxWaitMs: z.int().min(200).max(10_000).default(1_500),
  by: z.enum(['words', 'stt']).default('stt'),
  model: text.optional(),
  cutInAfterSeconds: z.number().min(10).max(3_600).optional(),
});

const interruption = z.strictObject({
  enabled: z.boolean().default(true),
  minVoiceMs: z.int().min(0).max(5_000).default(500),
  faintDb: z.number().min(0).max(40).default(9),
  minWords: z.int().min(1).max(10).default(1),
  always: z.array(text).max(100).default(defaultAlways),
  backchannels: z.array(text).max(100).default(defaultBackchannels),
  protected: z.array(words).max(50).default([]),
});

const dtmf = z.strictObject({
  endKey: z.enum(['#', '*', 'none']).default('#'),
  clearKey: z.enum(['*', '#', 'none']).default('*'),
  timeoutMs: z.int().min(500).max(30_000).default(2_000),
  digitsMax: z.int().min(1).max(64).default(32),
  interrupts: z.boolean().default(true),
  sensitive: z.array(text).max(50).default([]),
});

const limits = z.strictObject({
  callMinutesMax: z.number().min(0.5).max(240).default(30),
  idle: z
    .array(z.strictObject({ afterSeconds: z.number().min(2).max(600), say: text }))
    .max(10)
    .default(defaultIdle),
  deadAirMs: z.int().min(500).max(60_000).default(2_500),
  apologiesMax: z.int().min(1).max(20).default(3),
  troubleTransferTo: phoneNumber.optional(),
});

const adaptive = z.strictObject({
  enabled: z.boolean().default(true),
  tones: z
    .array(z.enum(TONES))
    .max(TONES.length)
    .default([...TONES]),
  slowMs: z.int().min(200).max(20_000).default(1_500),
  fasterModel: text.optional(),
});

const lines = z.strictObject({
  sorry: text.default(defaultLines.sorry),
  fillers: z.array(text).max(20).default(defaultLines.fillers),
  goodbye: text.default(defaultLines.goodbye),
  reconnected: text.default(defaultLines.reconnected),
  noWords: text.default(defaultLines.noWords),
  stillWorking: text.default(defaultLines.stillWorking),
});

const state = z.strictObject({
  prompt: text,
  line: text.optional(),
  lineInterruptible: z.boolean().default(true),
  next: z.array(stateName).default([]),
  fields: z
    .array(z.strictObject({ name: variableName, description: text }))
    .max(30)
    .default([]),
  repeatable: z.boolean().default(false),
  sensitive: z.boolean().default(false),
  intents: intentResponses.default({}),
});

export const agentSchema = z.strictObject({
  name: z
    .string()
    .max(64)
    .regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/u, 'expected a name such as front-desk'),
  language: language.default('en-US'),
  callerNumber: phoneNumber.optional(),
  greeting: text.optional(),
  greetingInterruptible: z.boolean().default(true),
  prompt: text,
  variables: z.record(variableName, z.string({ error: 'expected text; put numbers in quotes' })).default({}),
  voice: voice.default({}),
  providers: z.strictObject({
    stt: z.array(sttProvider).min(1),
    llm: z.array(llmProvider).min(1),
    tts: z.array(ttsProvider).min(1),
  }),
  turnTaking: turnTaking.prefault({}),
  interruption: interruption.prefault({}),
  dtmf: dtmf.prefault({}),
  limits: limits.prefault({}),
  adaptive: adaptive.prefault({}),
  lines: lines.prefault({}),
  tools: z.array(tool).max(32).default([]),
  recording: z.boolean().default(false),
  redaction: z
    .strictObject({ cards: z.boolean().default(true), ssn: z.boolean().default(true) })
    .prefault({}),
  repeatable: z.boolean().default(false),
  voicemail: z.strictObject({ say: text }).optional(),
  intents: intents.default({}),
  states: z
    .strictObject({
      initial: stateName,
      named: z.record(stateName, state),
    })
    .optional(),
});

type DeepReadonly<T> = T extends (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T;

/** An agent, checked, with every default filled in. `version` is eight hex digits of BLAKE2b of the file's text. */
export type AgentFile = DeepReadonly<z.output<typeof agentSchema>> & { readonly version: string };
export type AgentTool = AgentFile['tools'][number];
export type AgentIntent = AgentFile['intents'][string];
export type AgentState = NonNullable<AgentFile['states']>['named'][string];
export type SttEntry = AgentFile['providers']['stt'][number];
export type LlmEntry = AgentFile['providers']['llm'][number];
export type TtsEntry = AgentFile['providers']['tts'][number];
