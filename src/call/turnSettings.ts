// How turns are taken with an agent: its file, in the words of the turn machine.
import type { AgentFile } from '../agent/schema.ts';
import type { TurnSettings } from '../turn/state.ts';

/** After the last step of the ladder the call is given up as long after as that step came. */
export function turnSettingsOf(agent: AgentFile, speculate: boolean): TurnSettings {
  const { cutInAfterSeconds } = agent.turnTaking;
  return {
    minWaitMs: agent.turnTaking.minWaitMs,
    maxWaitMs: agent.turnTaking.maxWaitMs,
    interruption: agent.interruption,
    keys: agent.dtmf,
    idleAfterMs: agent.limits.idle.map((step) => step.afterSeconds * 1_000),
    giveUpAfterMs: (agent.limits.idle.at(-1)?.afterSeconds ?? 0) * 1_000,
    speculate,
    language: agent.language,
    ...(cutInAfterSeconds === undefined ? {} : { cutInAfterMs: cutInAfterSeconds * 1_000 }),
  };
}
