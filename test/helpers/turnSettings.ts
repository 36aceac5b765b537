// Settings of the turn machine in which a test changes what it is about.
import type { TurnSettings } from '../../src/turn/state.ts';

export const plainTurnSettings: TurnSettings = {
  minWaitMs: 300,
  maxWaitMs: 1_500,
  interruption: {
    enabled: true,
    minVoiceMs: 500,
    faintDb: 9,
    minWords: 1,
    always: ['stop'],
    backchannels: ['mhm'],
  },
  keys: { endKey: '#', clearKey: '*', timeoutMs: 2_000, digitsMax: 32, interrupts: true },
  idleAfterMs: [8_000],
  giveUpAfterMs: 8_000,
  speculate: true,
  language: 'en-US',
};

/** With these words over the agent. */
export function overAgent(
  always: readonly string[],
  backchannels: readonly string[],
): Pick<TurnSettings, 'interruption'> {
  return { interruption: { ...plainTurnSettings.interruption, always, backchannels } };
}
