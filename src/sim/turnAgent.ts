// The settings that the evaluation puts side by side, and the agent's file of each.
import { benchAgent } from './benchAgent.ts';
import type { Half } from './turnTexts.ts';
import { TURN_TEXTS } from './turnTexts.ts';

export interface TurnSetting {
  readonly name: string;
  /** Over what the gateway is started with. */
  readonly env: Readonly<Record<string, string>>;
  /** Keys of the agent's file. */
  readonly agent: Readonly<Record<string, unknown>>;
}

export const TURN_SETTINGS: readonly TurnSetting[] = [
  { name: 'default', env: {}, agent: {} },
  { name: 'DISABLE=speculation', env: { DISABLE: 'speculation' }, agent: {} },
  { name: 'silence 500 ms', env: {}, agent: plainRule(500) },
  { name: 'silence 800 ms', env: {}, agent: plainRule(800) },
];

/** So much silence ends a turn whatever was said, and any voice over the agent stops it. */
function plainRule(silenceMs: number): Record<string, unknown> {
  return {
    turnTaking: { minWaitMs: silenceMs, maxWaitMs: silenceMs },
    interruption: { minVoiceMs: 0, minWords: 1, always: [], backchannels: [] },
  };
}

/** The text of the agent's file. */
export function turnAgent(half: Half, { agent }: TurnSetting): string {
  return benchAgent({
    name: 'turn-bench',
    greeting: TURN_TEXTS[half].greeting,
    prompt: 'Answer the caller in short sentences.',
    ...agent,
  });
}
