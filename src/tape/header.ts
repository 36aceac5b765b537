// The first line of a tape: who called whom, and with what the call was held.
import { z } from 'zod';
import { parseAgentFile } from '../agent/file.ts';
import type { AgentFile } from '../agent/schema.ts';
import type { CallInfo } from '../call/port.ts';
import type { CallWorld } from '../call/world.ts';
import { TAPE_VERSION } from './records.ts';

const ears = z.object({
  provider: z.string(),
  liveWords: z.boolean(),
  commitsItself: z.boolean(),
  judgesTurns: z.boolean(),
});

const schema = z.object({
  tape: z.literal(TAPE_VERSION),
  startMs: z.number(),
  startWallMs: z.number(),
  info: z.object({
    callSid: z.string(),
    accountSid: z.string(),
    direction: z.enum(['inbound', 'outbound']),
    from: z.string(),
    to: z.string(),
    leadId: z.string().nullable(),
    variables: z.record(z.string(), z.string()),
  }),
  agentVersion: z.string(),
  agent: z.unknown(),
  ears: z.array(ears).min(1).max(16),
  /** How many of the ears have somebody who watches whether they can be trusted. */
  trusted: z.number().int().min(0).max(16),
  model: z.string(),
  voice: z.string(),
  detector: z.enum(['silero', 'energy']),
  /** What was there, and what was switched off. */
  with: z.object({
    speculation: z.boolean(),
    firstSentence: z.boolean(),
    intents: z.boolean(),
    turnModel: z.boolean(),
    responses: z.boolean(),
    adaptive: z.enum(['no', 'yes', 'fasterModel']),
    waiting: z.boolean(),
  }),
});

export type TapeHeader = z.infer<typeof schema>;

export function headerOf(
  info: CallInfo,
  world: CallWorld,
  start: { readonly startMs: number; readonly startWallMs: number },
): TapeHeader {
  const { version, ...agent } = world.agent;
  return {
    tape: TAPE_VERSION,
    startMs: start.startMs,
    startWallMs: start.startWallMs,
    info: { ...info, leadId: info.leadId ?? null, variables: { ...info.variables } },
    agentVersion: version,
    agent,
    ears: world.ears.map(({ provider, capabilities: { liveWords, commitsItself, judgesTurns = false } }) => ({
      provider,
      liveWords,
      commitsItself,
      judgesTurns,
    })),
    trusted: world.earBreakers?.length ?? 0,
    model: world.providers.llm,
    voice: world.providers.tts,
    detector: world.detector.kind,
    with: {
      speculation: world.turnSettings.speculate,
      firstSentence: world.firstSentence,
      intents: world.intents !== undefined,
      turnModel: world.turnModel !== undefined,
      responses: world.responses !== undefined,
      adaptive: adaptiveOf(world),
      waiting: world.beforeAnswer !== undefined,
    },
  };
}

function adaptiveOf({ adaptive }: CallWorld): TapeHeader['with']['adaptive'] {
  if (adaptive === undefined) return 'no';
  return adaptive.fasterModel === undefined ? 'yes' : 'fasterModel';
}

/** Undefined when it is none. Never throws. */
export function parseHeader(json: unknown): TapeHeader | undefined {
  const parsed = schema.safeParse(json);
  return parsed.success ? parsed.data : undefined;
}

/** The agent that had the call; throws an `AgentFileError`-like list of mistakes when today's code would not take it. */
export function agentOf({ agent, agentVersion }: TapeHeader): AgentFile {
  const parsed = parseAgentFile(JSON.stringify(agent), 'the agent on the tape');
  if (!parsed.ok) throw new Error(parsed.mistakes.join('\n'));
  return { ...parsed.agent, version: agentVersion };
}

export function infoOf({ info }: TapeHeader): CallInfo {
  return { ...info, leadId: info.leadId ?? undefined };
}
