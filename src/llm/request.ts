// Our request in the words of `POST /chat/completions`.
import type OpenAI from 'openai';
import type { ChatMessage, LlmRequest, ToolSpec } from './port.ts';

type Message = OpenAI.ChatCompletionMessageParam;

export interface RequestOptions {
  readonly model: string;
  readonly temperature?: number;
  readonly replyTokensMax?: number;
  readonly reasoningEffort?: string;
  readonly serviceTier?: string;
  /** Requests with the same one begin alike, and are best sent to whoever has read that beginning. At most 64 characters. */
  readonly promptCacheKey?: string;
  readonly extra?: Readonly<Record<string, unknown>>;
  readonly streaming: boolean;
}

/** What a server was found to take; learnt from its refusals and kept for the next request. */
export interface Dialect {
  /** New models of OpenAI refuse `max_tokens`, older servers ignore the other one. */
  readonly tokensField: 'max_completion_tokens' | 'max_tokens';
  readonly takesStreamOptions: boolean;
  /** The padding that hides the length of tokens: of no use to us, and only OpenAI knows the field. */
  readonly padsStream: boolean;
  /** `prompt_cache_key`: others keep what they have read without one, and may refuse it. */
  readonly takesCacheKey: boolean;
}

/** The vendor's own server is known; anything else is taken for an older one. */
export function dialectOf(baseUrl: string): Dialect {
  const isOpenai = URL.canParse(baseUrl) && new URL(baseUrl).hostname === 'api.openai.com';
  return {
    tokensField: isOpenai ? 'max_completion_tokens' : 'max_tokens',
    takesStreamOptions: true,
    padsStream: isOpenai,
    takesCacheKey: isOpenai,
  };
}

/**
 * What to ask differently after a refusal (400 or 422) that names a field of ours: the same question in
 * another dialect, or undefined when the refusal is about something else.
 */
export function dialectAfterRefusal(dialect: Dialect, refusal: string): Dialect | undefined {
  if (dialect.takesStreamOptions && /stream_options|include_usage|include_obfuscation/.test(refusal)) {
    return { ...dialect, takesStreamOptions: false };
  }
  if (dialect.takesCacheKey && refusal.includes('prompt_cache_key')) {
    return { ...dialect, takesCacheKey: false };
  }
  if (refusal.includes(dialect.tokensField)) {
    const other = dialect.tokensField === 'max_tokens' ? 'max_completion_tokens' : 'max_tokens';
    return { ...dialect, tokensField: other };
  }
  return undefined;
}

/** A field that nobody set is not sent: compatible servers may refuse what they do not know. */
export function requestBody(
  options: RequestOptions,
  request: LlmRequest,
  dialect: Dialect,
): Record<string, unknown> {
  const temperature = request.temperature ?? options.temperature;
  const replyTokensMax = request.replyTokensMax ?? options.replyTokensMax;
  return {
    model: options.model,
    messages: request.messages.map(message),
    ...(request.tools.length > 0 && { tools: request.tools.map(tool) }),
    ...(temperature !== undefined && { temperature }),
    ...(replyTokensMax !== undefined && { [dialect.tokensField]: replyTokensMax }),
    ...(options.reasoningEffort !== undefined && { reasoning_effort: options.reasoningEffort }),
    ...(options.serviceTier !== undefined && { service_tier: options.serviceTier }),
    ...(options.promptCacheKey !== undefined &&
      dialect.takesCacheKey && { prompt_cache_key: options.promptCacheKey }),
    ...(options.streaming && dialect.takesStreamOptions && { stream_options: streamOptions(dialect) }),
    ...options.extra,
    stream: options.streaming,
  };
}

function streamOptions(dialect: Dialect): Record<string, boolean> {
  return dialect.padsStream ? { include_usage: true, include_obfuscation: false } : { include_usage: true };
}

function message(from: ChatMessage): Message {
  switch (from.role) {
    case 'system':
    case 'user':
      return { role: from.role, content: from.content };
    case 'assistant': {
      if (from.toolCalls === undefined || from.toolCalls.length === 0) {
        return { role: 'assistant', content: from.content };
      }
      return {
        role: 'assistant',
        content: from.content === '' ? null : from.content,
        tool_calls: from.toolCalls.map((call) => ({
          id: call.id,
          type: 'function',
          function: { name: call.name, arguments: call.argumentsText },
        })),
      };
    }
    case 'tool':
      return { role: 'tool', tool_call_id: from.toolCallId, content: from.content };
    default:
      return from satisfies never;
  }
}

function tool(spec: ToolSpec): OpenAI.ChatCompletionTool {
  return {
    type: 'function',
    function: { name: spec.name, description: spec.description, parameters: spec.parameters },
  };
}
