// What the model can do besides talking: the tools of the agent's file, the built-in ones, and the moves between
// the agent's states. Each answers a text for the model; none throws, unless it is stopped.
import { fieldNames } from '../agent/prompt.ts';
import type { AgentTool } from '../agent/schema.ts';
import { digitTones } from '../audio/tone.ts';
import { isRecord, parseJson } from '../base/json.ts';
import { traceHeaders, type Span } from '../base/span.ts';
import type { ToolCall } from '../llm/port.ts';
import { callHttpTool } from '../llm/tools.ts';
import type { Ending } from './connection.ts';
import type { CallWorld } from './world.ts';

export interface ToolOutcome {
  /** For the model: what came of it. */
  readonly result: string;
  /** Whether the model has something to say to it. */
  readonly askAgain: boolean;
  /** Said when the model itself said nothing with the call. */
  readonly say?: string;
  readonly tones?: Uint8Array;
}

export type ToolNews =
  /** A tool is at work. */
  | { readonly type: 'tool.started'; readonly tool: string }
  /** It has answered, failed, or was stopped. */
  | { readonly type: 'tool.finished'; readonly tool: string; readonly durationMs: number };

export interface ToolboxListener {
  /** The call is to end this way, after the last words. */
  ending(ending: Ending): void;
  /** Whether others are told this text as it is. */
  isTold(text: string): boolean;
  /** Something was learnt about the person. */
  noteFields(fields: Readonly<Record<string, string>>): void;
  news(news: ToolNews): void;
}

type HttpTool = Extract<AgentTool, { name: string }>;

const BUILTIN: ReadonlySet<string> = new Set([
  'end_call',
  'transfer',
  'play_digits',
  'go_to_state',
  'note_field',
]);
/** One note on a lead. */
const FIELD_CHARS_MAX = 500;
/** A name that the agent's file doesn't have: the model's own words, so it must be no place for what the caller said. */
const FIELD_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/u;
const FIELD_NAME_DIGITS_MAX = 4;
/** A field of this name would stand for the lead's own in later calls. */
const LEAD_OWN: ReadonlySet<string> = new Set(['name', 'phone']);

export class Toolbox {
  readonly #world: CallWorld;
  readonly #listener: ToolboxListener;
  /** Fills the call's variables into a line of the agent's file. */
  readonly #fill: (line: string) => string;
  #state: string | undefined;

  constructor(world: CallWorld, listener: ToolboxListener, fill: (line: string) => string) {
    this.#world = world;
    this.#listener = listener;
    this.#fill = fill;
    this.#state = world.agent.states?.initial;
  }

  /** Where the conversation stands in the agent's states; undefined when it has none. */
  get state(): string | undefined {
    return this.#state;
  }

  /** The conversation goes on in this state of the agent's file. */
  moveTo(state: string): void {
    this.#state = state;
  }

  /** What the agent says while this tool runs. */
  filler(name: string): string | undefined {
    const filler = this.#httpTool(name)?.filler;
    return filler === undefined ? undefined : this.#fill(filler);
  }

  async run(call: ToolCall, signal: AbortSignal, parent: Span): Promise<ToolOutcome> {
    signal.throwIfAborted();
    const http = this.#httpTool(call.name);
    const { clock } = this.#world;
    // Not what a model has made up.
    const name = http?.name ?? (BUILTIN.has(call.name) ? call.name : 'unknown');
    const span = toolSpan(parent, name);
    const startedAtMs = clock.nowMs();
    this.#listener.news({ type: 'tool.started', tool: name });
    try {
      if (http !== undefined) return await this.#callHttp(http, call.argumentsText, signal, span);
      return this.#callBuiltin(call);
    } finally {
      if (http === undefined) span.end();
      this.#listener.news({ type: 'tool.finished', tool: name, durationMs: clock.nowMs() - startedAtMs });
    }
  }

  #callBuiltin(call: ToolCall): ToolOutcome {
    const given = textArguments(call.argumentsText);
    switch (call.name) {
      case 'end_call':
        return this.#endCall();
      case 'transfer':
        return this.#transfer(given['to'] ?? '');
      case 'play_digits':
        return playDigits(given['digits'] ?? '');
      case 'go_to_state':
        return this.#goTo(given['state'] ?? '');
      case 'note_field':
        return this.#noteField(given['name'] ?? '', given['value'] ?? '');
      default:
        return { result: `There is no tool called ${call.name}.`, askAgain: true };
    }
  }

  #httpTool(name: string): HttpTool | undefined {
    return this.#world.agent.tools.find((tool): tool is HttpTool => 'name' in tool && tool.name === name);
  }

  async #callHttp(
    tool: HttpTool,
    argumentsText: string,
    signal: AbortSignal,
    span: Span,
  ): Promise<ToolOutcome> {
    const { clock, fetch, logger, metrics, secret } = this.#world;
    const headers: Record<string, string> = { ...traceHeaders(span) };
    for (const [header, variable] of Object.entries(tool.headersEnv))
      headers[header] = secret(variable) ?? '';
    const asked = callHttpTool({ ...tool, headers }, argumentsText, { clock, fetch }, signal);
    // Stopped it has no answer.
    const answer = await asked.catch((error: unknown) => {
      span.end();
      throw error;
    });
    const { outcome, status } = answer;
    span.set({ 'http.response.status_code': status });
    span.end(outcome === 'ok' ? {} : { failure: outcome });
    if (answer.outcome === 'forbidden') metrics.dropped('tool_requests', 1);
    logger.info({ tool: tool.name, outcome: answer.outcome, status: answer.status }, 'a tool was called');
    return { result: answer.text, askAgain: true };
  }

  #endCall(): ToolOutcome {
    this.#listener.ending({ kind: 'hangup', outcome: 'completed', forced: false });
    return {
      result: 'The call ends after your last words.',
      askAgain: false,
      say: this.#fill(this.#world.agent.lines.goodbye),
    };
  }

  #transfer(name: string): ToolOutcome {
    const tool = this.#world.agent.tools.find((one) => one.builtin === 'transfer');
    const to = tool?.builtin === 'transfer' && Object.hasOwn(tool.to, name) ? tool.to[name] : undefined;
    if (to === undefined) return { result: `There is nobody called ${name} to transfer to.`, askAgain: true };
    this.#listener.ending({ kind: 'dial', to, forced: false });
    const say = tool?.builtin === 'transfer' ? tool.say : undefined;
    return {
      result: 'The caller is put through after your last words.',
      askAgain: false,
      ...(say === undefined ? {} : { say: this.#fill(say) }),
    };
  }

  #goTo(name: string): ToolOutcome {
    const { states } = this.#world.agent;
    const here = this.#state === undefined ? undefined : states?.named[this.#state];
    if (here?.next.includes(name) !== true) {
      return { result: `You cannot go from ${this.#state ?? 'here'} to ${name}.`, askAgain: true };
    }
    this.#state = name;
    const template = states?.named[name]?.line;
    const line = template === undefined ? undefined : this.#fill(template);
    // A state that opens with a line of its own needs no words of the model.
    return line === undefined
      ? { result: `You are now in ${name}.`, askAgain: true }
      : { result: `You are now in ${name} and have said: ${line}`, askAgain: false, say: line };
  }

  #noteField(name: string, value: string): ToolOutcome {
    if (name === '' || value === '') return { result: 'A name and a value are needed.', askAgain: true };
    const names = fieldNames(this.#world.agent);
    if (names.length > 0 && !names.includes(name))
      return { result: `Only these can be noted: ${names.join(', ')}.`, askAgain: true };
    if (names.length === 0 && !this.#isFieldName(name)) return { result: NO_FIELD_NAME, askAgain: true };
    this.#listener.noteFields({ [name]: value.slice(0, FIELD_CHARS_MAX) });
    return { result: 'Noted.', askAgain: true };
  }

  #isFieldName(name: string): boolean {
    const digits = name.replaceAll(/\D/gu, '').length;
    return (
      FIELD_NAME.test(name) &&
      digits <= FIELD_NAME_DIGITS_MAX &&
      !LEAD_OWN.has(name.toLowerCase()) &&
      this.#listener.isTold(name)
    );
  }
}

const NO_FIELD_NAME =
  'A name is at most 64 letters, digits, _ and -, begins with a letter, has no more than four digits, tells none that the caller gave, and is neither name nor phone.';

/** `name` is the agent's file's, never what a model made up. */
function toolSpan(parent: Span, name: string): Span {
  const attributes = {
    'gen_ai.operation.name': 'execute_tool',
    'gen_ai.tool.name': name,
    'gen_ai.tool.type': 'function',
  };
  return parent.child(`execute_tool ${name}`, { attributes });
}

function playDigits(digits: string): ToolOutcome {
  const tones = digitTones(digits);
  return tones.ok
    ? { result: 'The digits are being played.', askAgain: false, tones: tones.mulaw }
    : {
        result: `These digits cannot be played (${tones.failure}). Use 0-9, *, #, A-D, and w for a pause.`,
        askAgain: true,
      };
}

/** The arguments that are text (or a number, as text); whatever the model wrote, never throws. */
function textArguments(argumentsText: string): Readonly<Record<string, string>> {
  const parsed = parseJson(argumentsText);
  if (!isRecord(parsed)) return {};
  return Object.fromEntries(
    Object.entries(parsed)
      .filter(([, value]) => typeof value === 'string' || typeof value === 'number')
      .map(([name, value]) => [name, String(value)]),
  );
}
