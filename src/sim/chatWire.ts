// What a chat server writes, to the byte: tokens, chunks, completions, errors.

export interface SimToolCall {
  readonly id: string;
  readonly name: string;
  readonly argumentsText: string;
}

export interface SimUsage {
  readonly promptTokens: number;
  readonly completionTokens: number;
}

export type SimFinish = 'stop' | 'length' | 'tool_calls';

/** How other servers than OpenAI's differ; each is off unless set. */
export interface ChatQuirks {
  /** Every byte in a write of its own: characters of several bytes are split. */
  readonly oneByteWrites?: boolean;
  /** Ends without `[DONE]`. */
  readonly noDone?: boolean;
  /** Never closes the body after its last chunk. */
  readonly keepsOpen?: boolean;
  /** Usage is never sent. */
  readonly noUsage?: boolean;
  /** No `id` and no other field around the choices. */
  readonly bare?: boolean;
  /** Lines end with `\r\n`. */
  readonly crlf?: boolean;
  /** A comment line before each chunk. */
  readonly comments?: boolean;
  /** The role in every chunk, and fields with nothing in them as null. */
  readonly nulls?: boolean;
  /** Tool calls: whole in one chunk; without an index; without an id; the id again in each piece. */
  readonly wholeToolCalls?: boolean;
  readonly noToolIndex?: boolean;
  readonly noToolId?: boolean;
  readonly repeatsToolId?: boolean;
  /** `stop` also after a tool call. */
  readonly saysStop?: boolean;
  /** Thoughts before the reply, in `delta.reasoning`. */
  readonly reasoning?: string;
  /** An error object in the stream after so many tokens. */
  readonly errorAfterTokens?: number;
  /** Ends, and says [DONE], without a finish reason. */
  readonly noFinish?: boolean;
  /** The connection is cut right behind the finish reason. */
  readonly cutsAfterFinish?: boolean;
  /** Fields of the request that are refused with 400. */
  readonly refuses?: readonly string[];
  /** `GET /v1/models` is not there. */
  readonly noModels?: boolean;
  /** No key is asked for. */
  readonly noAuth?: boolean;
}

/**
 * Pieces as a model writes them: some four characters, a word with the space before it when it is short.
 * Together they are the text.
 */
export function tokensOf(text: string): readonly string[] {
  return text.match(/\s*(?:\S{1,7}(?!\S)|\S{4})|\s+$/gu) ?? [];
}

export interface ChunkWriter {
  /** The lines of one chunk with this delta. */
  chunk(delta: Record<string, unknown>, finish: SimFinish | null): string;
  usage(usage: SimUsage): string;
  error(message: string): string;
  done(): string;
}

/** What stands around every chunk and completion. */
export interface SimHead {
  readonly model: string;
  readonly atSeconds: number;
}

export function chunkWriter(id: string, { model, atSeconds }: SimHead, quirks: ChatQuirks): ChunkWriter {
  const head = quirks.bare === true ? {} : { id, object: 'chat.completion.chunk', created: atSeconds, model };
  const newline = quirks.crlf === true ? '\r\n' : '\n';
  const comment = quirks.comments === true ? `: still here${newline}` : '';
  const event = (data: string): string => `${comment}data: ${data}${newline}${newline}`;
  const padding =
    quirks.nulls === true ? { role: 'assistant', content: null, refusal: null, tool_calls: null } : {};
  return {
    chunk(delta, finish) {
      const choice = { index: 0, delta: { ...padding, ...delta }, finish_reason: finish, logprobs: null };
      return event(JSON.stringify({ ...head, choices: [choice] }));
    },
    usage: (usage) => event(JSON.stringify({ ...head, choices: [], usage: usageOnWire(usage) })),
    error: (message) => event(JSON.stringify({ error: { message, type: 'server_error', code: null } })),
    done: () => event('[DONE]'),
  };
}

/** The deltas of a tool call at place `index`, as many as the server would send. */
export function toolCallDeltas(
  call: SimToolCall,
  index: number,
  quirks: ChatQuirks,
): readonly Record<string, unknown>[] {
  const place = quirks.noToolIndex === true ? {} : { index };
  const id = quirks.noToolId === true ? {} : { id: call.id };
  const begin = { ...place, ...id, type: 'function' };
  if (quirks.wholeToolCalls === true) {
    return [{ tool_calls: [{ ...begin, function: { name: call.name, arguments: call.argumentsText } }] }];
  }
  const again = quirks.repeatsToolId === true ? { ...place, ...id } : place;
  return [
    { tool_calls: [{ ...begin, function: { name: call.name, arguments: '' } }] },
    ...tokensOf(call.argumentsText).map((text) => ({
      tool_calls: [{ ...again, function: { arguments: text } }],
    })),
  ];
}

export function wholeCompletion(
  id: string,
  said: SimHead & {
    readonly tokens: readonly string[];
    readonly calls: readonly SimToolCall[];
    readonly finish: SimFinish;
    readonly usage: SimUsage;
  },
): string {
  const tool_calls = said.calls.map((call) => ({
    id: call.id,
    type: 'function',
    function: { name: call.name, arguments: call.argumentsText },
  }));
  const message = {
    role: 'assistant',
    content: said.tokens.length === 0 ? null : said.tokens.join(''),
    refusal: null,
    ...(tool_calls.length > 0 && { tool_calls }),
  };
  return JSON.stringify({
    id,
    object: 'chat.completion',
    created: said.atSeconds,
    model: said.model,
    choices: [{ index: 0, message, finish_reason: said.finish, logprobs: null }],
    usage: usageOnWire(said.usage),
  });
}

export function errorBody(message: string, code: string | null = null, param: string | null = null): string {
  return JSON.stringify({ error: { message, type: 'invalid_request_error', param, code } });
}

function usageOnWire(usage: SimUsage): Record<string, unknown> {
  return {
    prompt_tokens: usage.promptTokens,
    completion_tokens: usage.completionTokens,
    total_tokens: usage.promptTokens + usage.completionTokens,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0 },
  };
}
