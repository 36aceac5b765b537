// Every line an agent can say without asking a model.
import { render, type Variables } from './prompt.ts';
import type { AgentFile } from './schema.ts';

/**
 * The lines to synthesise before they are needed, each once: the greeting first, then what a call is
 * likeliest to want. `variables` go before the file's own values.
 */
export function fixedLines(agent: AgentFile, variables: Variables = {}): string[] {
  const { greeting, lines, limits, tools, states, voicemail, intents } = agent;
  const toolLines = tools.map((tool) =>
    tool.builtin === undefined ? tool.filler : tool.builtin === 'transfer' ? tool.say : undefined,
  );
  const stateLines = Object.values(states?.named ?? {}).map((state) => state.line);
  const intentLines = [intents, ...Object.values(states?.named ?? {}).map((state) => state.intents)].flatMap(
    (responses) => Object.values(responses).map((response) => response.say),
  );
  const all = [
    greeting,
    ...lines.fillers,
    lines.sorry,
    lines.noWords,
    lines.stillWorking,
    ...toolLines,
    ...stateLines,
    ...intentLines,
    lines.goodbye,
    ...limits.idle.map((step) => step.say),
    lines.reconnected,
    voicemail?.say,
  ];
  const values = { ...agent.variables, ...variables };
  const said = all.filter((line) => line !== undefined).map((line) => render(line, values).trim());
  return [...new Set(said)].filter((line) => line !== '');
}
