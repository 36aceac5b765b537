// What a chat server says, one JSON object at a time: a chunk of a stream, or a whole completion.
// Compatible servers leave out, repeat and rename; what can be understood is, and nothing here throws.
import { codeOfStatus, type ProviderErrorCode } from '../base/errors.ts';
import { isRecord, parseJson, type JsonRecord } from '../base/json.ts';
import type { LlmUsage } from './port.ts';

export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter';

/** A tool call or a piece of one; what the server left out is undefined. */
export interface ToolCallPart {
  readonly index: number | undefined;
  readonly id: string | undefined;
  readonly name: string | undefined;
  readonly argumentsText: string;
}

export interface CompletionChunk {
  readonly kind: 'chunk';
  /** To be spoken. Thoughts (`reasoning`, `reasoning_content`) are never in it. */
  readonly text: string;
  readonly toolCallParts: readonly ToolCallPart[];
  readonly finish: FinishReason | undefined;
  readonly usage: LlmUsage | undefined;
}

export type CompletionNews =
  | CompletionChunk
  /** `[DONE]` */
  | { readonly kind: 'done' }
  | {
      readonly kind: 'error';
      readonly code: ProviderErrorCode;
      readonly message: string;
      readonly status: number | undefined;
    }
  /** Not JSON, or JSON that is no object. */
  | { readonly kind: 'bad' };

/** Takes an event's data, or the body of a completion that was not streamed. */
export function parseCompletion(text: string): CompletionNews {
  if (text.startsWith('[DONE]')) return { kind: 'done' };
  const said = parseJson(text);
  if (!isRecord(said)) return { kind: 'bad' };
  const failure = said.object === 'error' ? said : said.error;
  if (failure !== undefined && failure !== null) return parseFailure(failure);

  // The chunk with the usage has no choices at all.
  const choice: unknown = Array.isArray(said.choices) ? said.choices[0] : undefined;
  const usage = parseUsage(said.usage);
  if (!isRecord(choice)) return { kind: 'chunk', text: '', toolCallParts: [], finish: undefined, usage };

  const delta = isRecord(choice.delta) ? choice.delta : isRecord(choice.message) ? choice.message : {};
  const finish = choice.finish_reason;
  if (finish === 'error') {
    return { kind: 'error', code: 'server', message: 'the model ended with an error', status: undefined };
  }
  return {
    kind: 'chunk',
    text: contentText(delta.content) + contentText(delta.refusal),
    toolCallParts: Array.isArray(delta.tool_calls)
      ? delta.tool_calls.filter(isRecord).map(parseToolCall)
      : [],
    finish: typeof finish === 'string' && finish !== '' ? finishReason(finish) : undefined,
    usage,
  };
}

/** Text, or a list of parts of which only the text ones are to be spoken. */
function contentText(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .filter(isRecord)
    .map((part) => (part.type === 'text' && typeof part.text === 'string' ? part.text : ''))
    .join('');
}

function finishReason(reason: string): FinishReason {
  switch (reason) {
    case 'length':
    case 'max_tokens':
      return 'length';
    case 'tool_calls':
    case 'function_call':
      return 'tool_calls';
    case 'content_filter':
      return 'content_filter';
    default:
      // `eos`, `end_turn`, `STOP`: other servers' words for a model that came to its end.
      return 'stop';
  }
}

function parseToolCall(call: JsonRecord): ToolCallPart {
  const called: JsonRecord = isRecord(call.function) ? call.function : {};
  const given = called.arguments;
  return {
    index: typeof call.index === 'number' ? call.index : undefined,
    id: nonEmpty(call.id),
    name: nonEmpty(called.name),
    // Some servers send the object itself instead of its text.
    argumentsText: typeof given === 'string' ? given : isRecord(given) ? JSON.stringify(given) : '',
  };
}

function parseUsage(usage: unknown): LlmUsage | undefined {
  if (!isRecord(usage)) return undefined;
  const details = isRecord(usage.prompt_tokens_details) ? usage.prompt_tokens_details : {};
  return {
    promptTokens: count(usage.prompt_tokens),
    completionTokens: count(usage.completion_tokens),
    cachedTokens: count(details.cached_tokens),
  };
}

function parseFailure(failure: unknown): CompletionNews {
  const told = isRecord(failure) ? failure : { message: failure };
  const status = [told.status, told.code].find(
    (value) => typeof value === 'number' && value >= 400 && value < 600,
  );
  const words = `${wordOf(told.type)} ${wordOf(told.code)}`;
  const named = /rate_limit|quota/.test(words)
    ? 'rate_limit'
    : /invalid_request/.test(words)
      ? 'bad_request'
      : 'server';
  return {
    kind: 'error',
    code: typeof status === 'number' ? codeOfStatus(status) : named,
    message: typeof told.message === 'string' ? told.message : 'the server reported an error',
    status: typeof status === 'number' ? status : undefined,
  };
}

/** Anything else has no text, and may throw when it is asked for one. */
function wordOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function nonEmpty(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function count(value: unknown): number {
  return typeof value === 'number' && value >= 0 ? value : 0;
}
