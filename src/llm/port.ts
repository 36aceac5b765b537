// The language model as the call sees it: a history in, words and tool calls out.
import type { Span } from '../base/span.ts';

export interface LanguageModel {
  /** Label for metrics, from a closed set. */
  readonly provider: string;
  readonly model: string;
  /**
   * Streams one completion. Starts on the first pull and stops when `signal` aborts (throwing its
   * reason) or the consumer stops. The last event is always `finished`; a stream that ends without
   * a finish reason throws a `ProviderError` with code `truncated`. `span`: on whose behalf.
   */
  complete(request: LlmRequest, signal: AbortSignal, span?: Span): AsyncIterable<LlmEvent>;
  /** Opens connections and wakes the model. Throws a `ProviderError` when that fails. */
  warmUp(signal: AbortSignal): Promise<void>;
}

export interface LlmRequest {
  /** The system message first and byte-stable, so that the provider's prompt cache holds. */
  readonly messages: readonly ChatMessage[];
  readonly tools: readonly ToolSpec[];
  readonly temperature?: number;
  readonly replyTokensMax?: number;
}

export type ChatMessage =
  | { readonly role: 'system' | 'user'; readonly content: string }
  | { readonly role: 'assistant'; readonly content: string; readonly toolCalls?: readonly ToolCall[] }
  | { readonly role: 'tool'; readonly toolCallId: string; readonly content: string };

export interface ToolSpec {
  readonly name: string;
  readonly description: string;
  /** A JSON schema of type `object`. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  /** As the model wrote it: meant to be JSON, not yet checked. */
  readonly argumentsText: string;
}

export interface LlmUsage {
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly cachedTokens: number;
}

export type LlmEvent =
  | { readonly kind: 'text'; readonly text: string }
  /** Whole: emitted once its arguments are complete. */
  | { readonly kind: 'toolCall'; readonly call: ToolCall }
  | {
      readonly kind: 'finished';
      readonly reason: 'stop' | 'length' | 'tool_calls' | 'content_filter';
      readonly usage?: LlmUsage;
    };
