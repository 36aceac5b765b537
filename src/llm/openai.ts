// Chat completions of OpenAI and of every server that speaks like it.
//
// The `openai` package makes the request (address, key, errors by status). We read the stream ourselves,
// because its reader hides what we must know: it ends silently on an abort and on a cut, swallows
// `[DONE]` and then waits for the server to close, so that a server which keeps the stream open holds
// the reply's end back, closes the connection when we stop earlier, and prints a chunk that is no JSON,
// the caller's words included, on the console.
import { APIError } from 'openai';
import type { Clock } from '../base/clock.ts';
import { withDeadlines } from '../base/deadline.ts';
import { ProviderError } from '../base/errors.ts';
import type { HttpPool } from '../base/httpPool.ts';
import type { HttpAnswer } from '../base/httpRequest.ts';
import { openaiClient, OpenaiPost, type OpenaiAddress } from '../base/openaiClient.ts';
import { secretText } from '../base/random.ts';
import { serverReason } from '../base/serverReason.ts';
import { traceHeaders, type Span } from '../base/span.ts';
import { completionChunks, type MakeFailure } from './chunks.ts';
import type { CompletionChunk, FinishReason } from './completion.ts';
import { requestFailure } from './failure.ts';
import type { LanguageModel, LlmEvent, LlmRequest, LlmUsage } from './port.ts';
import { dialectAfterRefusal, dialectOf, requestBody, type RequestOptions } from './request.ts';
import { toolCallAssembly } from './toolCalls.ts';

/** A reply that takes longer than this to speak (half an hour) is a model that does not stop. */
const REPLY_CHARS_MAX = 32_768;
/** The whole completion first: there is no first token to wait for. */
const WHOLE_COMPLETION_MS_MAX = 30_000;
const WARM_UP_MS_MAX = 10_000;
/** Each refusal teaches one thing about the server, and there are three to learn. */
const REQUESTS_MAX = 4;

export interface OpenaiLlmOptions extends RequestOptions, OpenaiAddress {
  /** Label for metrics, from a closed set; default `openai`. */
  readonly provider?: string;
  /** From the request to the first word or tool call; thoughts are none. */
  readonly firstTokenMs: number;
  /** Between two chunks of the stream after that. */
  readonly idleMs: number;
  /** Laid over the request's own fields: `verbosity`, `stream_options`, ... */
  readonly extra?: Readonly<Record<string, unknown>>;
  /** False asks for the whole completion and passes it on in one piece. */
  readonly streaming: boolean;
}

export interface OpenaiLlmDeps {
  readonly clock: Clock;
  /** Not closed here: it is shared, and its owner closes it. */
  readonly http: HttpPool;
}

export function openaiLanguageModel(
  options: OpenaiLlmOptions,
  { clock, http }: OpenaiLlmDeps,
): LanguageModel {
  const provider = options.provider ?? 'openai';
  const client = openaiClient(options, http);
  const completions = new OpenaiPost(client, '/chat/completions', 'application/json', http);
  let dialect = dialectOf(options.baseUrl);
  const failure: MakeFailure = (code, message, details = {}) =>
    new ProviderError(code, message, { stage: 'llm', provider, ...details });
  const timedOut = (which: 'first_output_timeout' | 'idle_timeout'): ProviderError =>
    failure(which, which === 'idle_timeout' ? 'the model fell silent' : 'the model did not begin to answer');
  const { streaming, firstTokenMs, idleMs } = options;
  const firstMs = streaming ? firstTokenMs : Math.max(firstTokenMs, WHOLE_COMPLETION_MS_MAX);

  /** Answers with a status of 2xx or throws a `ProviderError`. */
  async function respond(
    request: LlmRequest,
    signal: AbortSignal,
    span: Span | undefined,
  ): Promise<HttpAnswer> {
    const headers = traceHeaders(span);
    for (let requests = 1; ; requests += 1) {
      const body = requestBody(options, request, dialect);
      try {
        return await completions.send(body, headers, signal);
      } catch (error) {
        const next = dialectAfterRefusal(dialect, refusalText(error));
        if (next === undefined || requests === REQUESTS_MAX)
          throw requestFailure(error, provider, clock, () => textsOf(request));
        dialect = next;
      }
    }
  }

  async function* listModels(signal: AbortSignal): AsyncGenerator<'answered', void, undefined> {
    try {
      const response = await client.get('/models', { signal }).asResponse();
      // Read to its end, or the connection would not be kept.
      await response.arrayBuffer();
    } catch (error) {
      // A server need not have this route: its answer shows that the connection stands.
      const hasNoRoute = error instanceof APIError && (error.status === 404 || error.status === 405);
      if (!hasNoRoute) throw requestFailure(error, provider, clock, () => []);
    }
    yield 'answered';
  }

  return {
    provider,
    model: options.model,
    complete(request, signal, span) {
      const told: MakeFailure = (code, message, details) =>
        failure(
          code,
          serverReason(message, () => textsOf(request)),
          details,
        );
      const chunks = (stop: AbortSignal): AsyncIterable<CompletionChunk> =>
        completionChunks((cut) => respond(request, cut, span), { clock, failure: told }, stop);
      return llmEvents(withDeadlines(chunks, { firstMs, idleMs, timedOut }, clock, signal), failure, signal);
    },
    async warmUp(signal) {
      const limits = { firstMs: WARM_UP_MS_MAX, idleMs: WARM_UP_MS_MAX, timedOut };
      for await (const _answered of withDeadlines(listModels, limits, clock, signal)) return;
    },
  };
}

async function* llmEvents(
  chunks: AsyncIterable<CompletionChunk>,
  failure: MakeFailure,
  signal: AbortSignal,
): AsyncGenerator<LlmEvent, void, undefined> {
  const assembly = toolCallAssembly(() => `call_${secretText(12)}`);
  let replyChars = 0;
  let reason: FinishReason | undefined;
  let usage: LlmUsage | undefined;
  try {
    for await (const chunk of chunks) {
      usage = chunk.usage ?? usage;
      if (reason !== undefined) continue;
      replyChars += chunk.text.length;
      if (chunk.text !== '') yield { kind: 'text', text: chunk.text };
      if (!chunk.toolCallParts.every((part) => assembly.add(part))) {
        throw failure('bad_answer', 'tool calls without end');
      }
      reason = replyChars > REPLY_CHARS_MAX ? 'length' : chunk.finish;
      if (reason === undefined) continue;
      for (const call of assembly.calls) yield { kind: 'toolCall', call };
      if (replyChars > REPLY_CHARS_MAX) break;
    }
  } catch (error) {
    signal.throwIfAborted();
    // What fails after the finish reason has taken nothing but the usage with it.
    if (reason === undefined) throw error;
  }
  if (reason === undefined) throw failure('truncated', 'the stream ended without a finish reason');
  // Many compatible servers say `stop` after a tool call.
  if (reason === 'stop' && assembly.calls.length > 0) reason = 'tool_calls';
  yield { kind: 'finished', reason, ...(usage !== undefined && { usage }) };
}

/** What of a request is the call's own. */
function textsOf({ messages }: LlmRequest): readonly string[] {
  return messages.flatMap((message) => [
    ...(message.role === 'system' ? [] : [message.content]),
    ...(message.role === 'assistant' ? (message.toolCalls ?? []).map((call) => call.argumentsText) : []),
  ]);
}

/** What a server says to a request that it cannot take; empty when it was something else. */
function refusalText(error: unknown): string {
  if (!(error instanceof APIError) || (error.status !== 400 && error.status !== 422)) return '';
  return `${error.message} ${JSON.stringify(error.error)}`;
}
