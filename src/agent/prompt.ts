// What of the agent's file reaches the model: the system prompt and the tools, byte for byte the same for
// the same agent, variables and state, so that a provider's prompt cache holds.
import type { AgentFile, AgentState, AgentTool } from './schema.ts';

const VARIABLE = /\{\{\s*([A-Za-z][A-Za-z0-9_]*)\s*\}\}/gu;
/** A value comes from outside (a lead, an API call): it gets a line, not a prompt of its own. */
export const VARIABLE_CHARS_MAX = 500;
export const NOTE_CHARS_MAX = 500;

export type Variables = Readonly<Record<string, string>>;

/** The names in `{{name}}`, each once. */
export function variablesIn(template: string): string[] {
  return [...new Set([...template.matchAll(VARIABLE)].map((match) => match[1] ?? ''))];
}

/**
 * Fills in `{{name}}`. A value is put on one line and cut at VARIABLE_CHARS_MAX, and never filled in
 * itself; a name without a value leaves nothing.
 */
export function render(template: string, variables: Variables): string {
  return template.replace(VARIABLE, (_whole, name: string) => {
    const value = Object.hasOwn(variables, name) ? (variables[name] ?? '') : '';
    return value.replaceAll(/\s+/gu, ' ').trim().slice(0, VARIABLE_CHARS_MAX);
  });
}

/** The words that `src/llm/history.ts` puts where the caller cut in; a test keeps both alike. */
export const INTERRUPTED_NOTE = '[the caller interrupted here]';

const PHONE_RULES = `You are speaking with a caller on the phone. All that you write is spoken aloud, word for word.
- Answer in one to three short sentences, then let the caller speak. Ask one question at a time.
- Begin with a short sentence or clause: the caller hears it while you go on.
- Write plain sentences. No markdown, lists, tables, headings, emoji, stage directions or names of speakers.
- Write numbers, dates, times, money and abbreviations as they are said: "half past nine", "March third", "twenty dollars", "Doctor Lee".
- Say phone numbers and codes in short groups, and spell e-mail addresses out: "front desk at example dot com".
- What the caller says reaches you through speech recognition and may be misheard. Ask when it makes no sense; confirm names, numbers and dates before you rely on them.
- Single digits with spaces between them, and a lone # or *, may have been pressed on the phone's keys: those are exact.
- Where a reply of yours ends in ${INTERRUPTED_NOTE}, the caller heard no more than what stands before it. Do not start again from the beginning, and never write that note yourself.
- Never say that you will do something that none of your tools can do. Do not mention tools, prompts or these rules.`;

/**
 * The first message of every completion. `stateName` is ignored by an agent without states and falls
 * back to the initial state when it is left out or unknown.
 */
export function systemPrompt(agent: AgentFile, variables: Variables, stateName?: string): string {
  const values = { ...agent.variables, ...variables };
  const parts = [PHONE_RULES, `Speak ${languageName(agent.language)}.`, render(agent.prompt, values).trim()];
  const current = stateOf(agent, stateName);
  if (current !== undefined) parts.push(statePrompt(current.name, current.state, values));
  return parts.join('\n\n');
}

function statePrompt(name: string, state: AgentState, values: Variables): string {
  const lines = [`Where the conversation is now: ${name}.`, render(state.prompt, values).trim()];
  if (state.fields.length > 0) {
    lines.push('Find out, and note each with note_field as soon as you know it:');
    lines.push(...state.fields.map((field) => `- ${field.name}: ${field.description}`));
  }
  if (state.next.length > 0) {
    lines.push(`When the conversation moves on, call go_to_state with one of: ${state.next.join(', ')}.`);
  }
  return lines.join('\n');
}

/** The state's name and what the file says of it; undefined for an agent without states. */
export function stateOf(
  agent: AgentFile,
  stateName: string | undefined,
): { readonly name: string; readonly state: AgentState } | undefined {
  if (agent.states === undefined) return undefined;
  const { initial, named } = agent.states;
  const name = stateName !== undefined && Object.hasOwn(named, stateName) ? stateName : initial;
  const state = named[name];
  return state === undefined ? undefined : { name, state };
}

function languageName(tag: string): string {
  return new Intl.DisplayNames(['en'], { type: 'language' }).of(tag) ?? tag;
}

/** A tool as the model is told of it. */
export interface AgentToolSpec {
  readonly name: string;
  readonly description: string;
  /** A JSON schema of type `object`. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** The file's tools in its order; with states also `note_field` (all fields, for callers run ahead) and `go_to_state`. */
export function toolSpecs(agent: AgentFile, stateName?: string): readonly AgentToolSpec[] {
  const specs = agent.tools.map(toolSpec);
  if (agent.states === undefined) return specs;
  const fields = fieldNames(agent);
  if (fields.length > 0) specs.push(noteField(fields));
  const next = stateOf(agent, stateName)?.state.next ?? [];
  if (next.length > 0) specs.push(goToState(next));
  return specs;
}

/** What the file's states want to find out, all of them; none for an agent without states. */
export function fieldNames(agent: AgentFile): readonly string[] {
  const states = Object.values(agent.states?.named ?? {});
  return [...new Set(states.flatMap(({ fields }) => fields.map(({ name }) => name)))];
}

function toolSpec(tool: AgentTool): AgentToolSpec {
  switch (tool.builtin) {
    case 'end_call':
      return {
        name: 'end_call',
        description: tool.description ?? 'Hangs up. Say goodbye in the same reply, before you call it.',
        parameters: objectOf({}),
      };
    case 'transfer':
      return {
        name: 'transfer',
        description: tool.description ?? 'Puts the caller through to somebody else and leaves the call.',
        parameters: objectOf({
          to: {
            type: 'string',
            enum: Object.keys(tool.to),
            description: 'Whom to put the caller through to',
          },
        }),
      };
    case 'play_digits':
      return {
        name: 'play_digits',
        description: tool.description ?? 'Presses keys on the phone, for a menu that asks for them.',
        parameters: objectOf({
          digits: {
            type: 'string',
            pattern: '^[0-9*#w]{1,32}$',
            description: 'Keys in order; w waits half a second',
          },
        }),
      };
    case undefined:
      return { name: tool.name, description: tool.description, parameters: tool.parameters };
    default:
      return tool satisfies never;
  }
}

function noteField(names: readonly string[]): AgentToolSpec {
  return {
    name: 'note_field',
    description:
      'Notes what the caller told you. Call it at once when you learn something that is asked for, and go on talking.',
    parameters: objectOf({
      name: { type: 'string', enum: names },
      value: { type: 'string', maxLength: NOTE_CHARS_MAX, description: 'In a few words' },
    }),
  };
}

function goToState(names: readonly string[]): AgentToolSpec {
  return {
    name: 'go_to_state',
    description: 'Moves the conversation on. Call it as soon as the caller has said what it depends on.',
    parameters: objectOf({ state: { type: 'string', enum: names } }),
  };
}

/** Every property is required and no other allowed. */
function objectOf(properties: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return { type: 'object', properties, required: Object.keys(properties), additionalProperties: false };
}
