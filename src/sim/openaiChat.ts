// A chat server in OpenAI's words: `POST /v1/chat/completions` and `GET /v1/models`.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../base/clock.ts';
import { isRecord, parseJson, type JsonRecord } from '../base/json.ts';
import type { Random } from '../base/random.ts';
import {
  drawnFirstTokenMs,
  jittered,
  noFaults,
  type FaultSource,
  type SimFault,
  type SimTimings,
} from './behaviour.ts';
import type { Brain, SimMessage, SimReply } from './brain.ts';
import * as wire from './chatWire.ts';
import type { SimServer } from './server.ts';

const MODELS = JSON.stringify({
  object: 'list',
  data: [{ id: 'sim', object: 'model', created: 1_700_000_000, owned_by: 'sim' }],
});
const KEY_REFUSED = wire.errorBody('Incorrect API key provided.', 'invalid_api_key');

/** The oldest are forgotten: a bench asks for hours. */
const REQUESTS_KEPT_MAX = 1_000;

export interface SimulatedChatOptions {
  readonly brain: Brain;
  /** Read at each request, so that a running server can be slowed down. */
  readonly timings: () => SimTimings;
  readonly random: Random;
  readonly clock: Clock;
  readonly faults?: FaultSource;
  /** Read at each request. */
  readonly quirks?: () => wire.ChatQuirks;
  /** `atMs` is the clock's time at which the request's last byte was read. */
  readonly onRequest?: (atMs: number, body: JsonRecord) => void;
  /** A token of a streamed answer's text is being sent; `body` is the request's, the same object each time. */
  readonly onToken?: (atMs: number, body: JsonRecord, text: string) => void;
}

export interface ChatRequestRecord {
  readonly atMs: number;
  readonly body: JsonRecord;
  /** Cancelled: the client left before the end. Failed: a fault that was asked for. */
  outcome: 'answering' | 'answered' | 'cancelled' | 'refused' | 'failed';
  tokensSent: number;
}

export interface SimulatedChat {
  /** The last ones, oldest first. */
  readonly requests: readonly Readonly<ChatRequestRecord>[];
}

export function simulatedChat(server: SimServer, options: SimulatedChatOptions): SimulatedChat {
  const requests: ChatRequestRecord[] = [];
  const quirksOf = options.quirks ?? ((): wire.ChatQuirks => ({}));
  let completions = 0;

  server.http('GET /v1/models', (request, response) => {
    const quirks = quirksOf();
    if (quirks.noModels === true) sendJson(response, 404, wire.errorBody('Not found'));
    else if (!isAuthorized(request, quirks)) sendJson(response, 401, KEY_REFUSED);
    else sendJson(response, 200, MODELS);
  });

  server.http('POST /v1/chat/completions', (request, response, bodyBytes) => {
    const body = parseJson(bodyBytes.toString('utf8'));
    const record: ChatRequestRecord = {
      atMs: options.clock.nowMs(),
      body: isRecord(body) ? body : {},
      outcome: 'answering',
      tokensSent: 0,
    };
    requests.push(record);
    if (requests.length > REQUESTS_KEPT_MAX) requests.shift();
    options.onRequest?.(record.atMs, record.body);
    response.on('close', () => {
      if (record.outcome === 'answering') record.outcome = 'cancelled';
    });

    const quirks = quirksOf();
    const fault = (options.faults ?? noFaults)();
    const refusal = refusalOf(body, quirks);
    if (fault?.kind === 'hang') return;
    if (fault?.kind === 'status' || fault?.kind === 'garbage' || fault?.kind === 'wrongType') {
      record.outcome = 'failed';
      sendFault(response, fault);
    } else if (!isAuthorized(request, quirks)) {
      record.outcome = 'refused';
      sendJson(response, 401, KEY_REFUSED);
    } else if (refusal !== undefined) {
      record.outcome = 'refused';
      sendJson(response, 400, refusal);
    } else {
      completions += 1;
      const cold = completions === 1;
      const answering = { id: `chatcmpl-${completions}`, cold, record, response, quirks, fault, options };
      // A brain that throws is a mistake of whoever wrote it: the client sees a server that failed.
      answer(answering).catch(() => response.destroy());
    }
  });

  return { requests };
}

interface Answering {
  readonly id: string;
  /** Nobody has asked before. */
  readonly cold: boolean;
  readonly record: ChatRequestRecord;
  readonly response: ServerResponse;
  readonly quirks: wire.ChatQuirks;
  readonly fault: SimFault | undefined;
  readonly options: SimulatedChatOptions;
}

interface Said {
  readonly tokens: readonly string[];
  readonly calls: readonly wire.SimToolCall[];
  readonly finish: wire.SimFinish;
  readonly usage: wire.SimUsage;
  readonly model: string;
  readonly atSeconds: number;
}

async function answer(answering: Answering): Promise<void> {
  const { id, record, response, quirks, options } = answering;
  const { body } = record;
  const reply = await options.brain(messagesOf(body), toolNamesOf(body));
  const calls = callsOf(reply, id);
  const { tokens, finish } = limited(wire.tokensOf(reply.text ?? ''), calls, body);
  const callTokens = calls.reduce((sum, call) => sum + wire.tokensOf(call.argumentsText).length, 0);
  const said: Said = {
    tokens,
    calls: finish === 'length' ? [] : calls,
    finish: quirks.saysStop === true ? 'stop' : finish,
    usage: {
      promptTokens: Math.ceil(JSON.stringify(body.messages).length / 4),
      completionTokens: tokens.length + callTokens,
    },
    model: String(body.model),
    atSeconds: Math.floor(options.clock.wallMs() / 1_000),
  };
  if (body.stream === true) {
    await answerStreamed(answering, said);
    return;
  }
  const dues = dueTimes(answering);
  let dueMs = dues();
  for (const _token of tokens) dueMs = dues();
  await until(dueMs, options.clock, response);
  if (response.destroyed) return;
  record.outcome = 'answered';
  record.tokensSent = tokens.length;
  sendJson(response, 200, wire.wholeCompletion(id, said));
}

async function answerStreamed(answering: Answering, said: Said): Promise<void> {
  const { id, record, response, quirks, fault, options } = answering;
  const writer = wire.chunkWriter(id, said, quirks);
  const write = (text: string): void => writeText(response, text, quirks);
  const deltas: readonly Record<string, unknown>[] = [
    ...said.tokens.map((content) => ({ content })),
    ...said.calls.flatMap((call, index) => wire.toolCallDeltas(call, index, quirks)),
  ];
  const dues = dueTimes(answering);
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache',
  });
  response.flushHeaders();
  for (const reasoning of wire.tokensOf(quirks.reasoning ?? '')) write(writer.chunk({ reasoning }, null));

  const itemsMax = itemsOf(fault);
  for (const [place, delta] of deltas.slice(0, itemsMax).entries()) {
    await until(dues(), options.clock, response);
    if (response.destroyed) return;
    if (place === quirks.errorAfterTokens) {
      record.outcome = 'failed';
      response.end(writer.error('The server had an error while processing your request'));
      return;
    }
    // The role comes with nothing, a moment before the first token.
    if (place === 0) write(writer.chunk({ role: 'assistant', content: '', refusal: null }, null));
    if (typeof delta['content'] === 'string')
      options.onToken?.(options.clock.nowMs(), record.body, delta['content']);
    write(writer.chunk(delta, null));
    record.tokensSent += 1;
  }
  if (fault?.kind === 'stall') return;
  if (fault?.kind === 'cut') {
    record.outcome = 'failed';
    // What is still to be sent is sent: the cut comes after so many items, not before them.
    response.write('', () => response.destroy());
    return;
  }
  if (deltas.length === 0) await until(dues(), options.clock, response);
  if (response.destroyed) return;
  if (fault?.kind === 'half') {
    record.outcome = 'failed';
    response.end();
    return;
  }
  record.outcome = 'answered';
  if (quirks.noFinish !== true) write(writer.chunk({}, said.finish));
  if (quirks.cutsAfterFinish === true) {
    response.write('', () => response.destroy());
    return;
  }
  if (wantsUsage(record.body) && quirks.noUsage !== true) write(writer.usage(said.usage));
  if (quirks.noDone !== true) write(writer.done());
  if (quirks.keepsOpen !== true) response.end();
}

/** How many items of the answer are sent. */
function itemsOf(fault: SimFault | undefined): number {
  if (fault?.kind === 'empty') return 0;
  return fault !== undefined && 'afterItems' in fault ? fault.afterItems : Infinity;
}

/** Answers when the next token is due: counted from the request on, so that pauses of ours do not add up. */
function dueTimes({ cold, record, fault, options }: Answering): () => number {
  const timings = options.timings();
  const coldMs = cold ? (timings.llmColdMs ?? 0) : 0;
  const lateMs = fault?.kind === 'late' ? fault.delayMs : 0;
  let dueMs: number | undefined;
  return () => {
    dueMs =
      dueMs === undefined
        ? record.atMs + coldMs + lateMs + drawnFirstTokenMs(timings, options.random)
        : dueMs + jittered(timings.llmTokenMs, timings, options.random);
    return dueMs;
  };
}

/** Resolves at `dueMs`, or as soon as the client has left. Due already: at once, so that nothing drifts. */
function until(dueMs: number, clock: Clock, response: ServerResponse): Promise<void> {
  const delayMs = dueMs - clock.nowMs();
  if (delayMs <= 0 || response.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = clock.after(delayMs, () => {
      response.off('close', onClose);
      resolve();
    });
    const onClose = (): void => {
      timer.cancel();
      resolve();
    };
    response.once('close', onClose);
  });
}

function writeText(response: ServerResponse, text: string, quirks: wire.ChatQuirks): void {
  if (quirks.oneByteWrites !== true) {
    response.write(text);
    return;
  }
  for (const byte of Buffer.from(text)) response.write(Uint8Array.of(byte));
}

function limited(
  tokens: readonly string[],
  calls: readonly wire.SimToolCall[],
  body: JsonRecord,
): { readonly tokens: readonly string[]; readonly finish: wire.SimFinish } {
  const asked = body.max_completion_tokens ?? body.max_tokens;
  const tokensMax = typeof asked === 'number' ? asked : Infinity;
  if (tokens.length > tokensMax) return { tokens: tokens.slice(0, tokensMax), finish: 'length' };
  return { tokens, finish: calls.length > 0 ? 'tool_calls' : 'stop' };
}

function callsOf(reply: SimReply, id: string): readonly wire.SimToolCall[] {
  return (reply.toolCalls ?? []).map((call, place) => ({
    id: `call_${id}_${place}`,
    name: call.name,
    argumentsText: call.arguments,
  }));
}

function isAuthorized(request: IncomingMessage, quirks: wire.ChatQuirks): boolean {
  return quirks.noAuth === true || /^Bearer \S+$/.test(request.headers.authorization ?? '');
}

/** The body of the 400 that OpenAI would answer, or undefined when it would take the request. */
function refusalOf(body: unknown, quirks: wire.ChatQuirks): string | undefined {
  if (!isRecord(body)) return wire.errorBody('We could not parse the JSON body of your request.');
  const refused = quirks.refuses?.find((field) => field in body);
  if (refused !== undefined) {
    return wire.errorBody(
      `Unsupported parameter: '${refused}' is not supported.`,
      'unsupported_parameter',
      refused,
    );
  }
  if (typeof body.model !== 'string') return wire.errorBody('you must provide a model parameter');
  if (!Array.isArray(body.messages) || body.messages.length === 0) {
    return wire.errorBody("'messages' must not be empty", null, 'messages');
  }
  return hasOpenToolCall(messagesOf(body))
    ? wire.errorBody(
        "Each 'tool_call_id' must be answered by a tool message right behind its call",
        null,
        'messages',
      )
    : undefined;
}

/** Whether a tool call is without its answer right behind it, or an answer without its call. */
function hasOpenToolCall(messages: readonly SimMessage[]): boolean {
  let open = new Set<string>();
  for (const message of messages) {
    if (message.role === 'tool') {
      if (!open.delete(message.toolCallId)) return true;
      continue;
    }
    if (open.size > 0) return true;
    open = new Set(message.toolCallIds);
  }
  return open.size > 0;
}

function messagesOf(body: JsonRecord): readonly SimMessage[] {
  if (!Array.isArray(body.messages)) return [];
  return body.messages.filter(isRecord).map((message) => ({
    role: String(message.role),
    content: typeof message.content === 'string' ? message.content : '',
    toolCallId: typeof message.tool_call_id === 'string' ? message.tool_call_id : '',
    toolCallIds: Array.isArray(message.tool_calls)
      ? message.tool_calls.filter(isRecord).map((call) => String(call.id))
      : [],
  }));
}

function toolNamesOf(body: JsonRecord): readonly string[] {
  if (!Array.isArray(body.tools)) return [];
  return body.tools
    .filter(isRecord)
    .flatMap((tool) => (isRecord(tool.function) ? [String(tool.function.name)] : []));
}

function wantsUsage(body: JsonRecord): boolean {
  return isRecord(body.stream_options) && body.stream_options.include_usage === true;
}

function sendFault(
  response: ServerResponse,
  fault: SimFault & { kind: 'status' | 'garbage' | 'wrongType' },
): void {
  if (fault.kind === 'wrongType') {
    sendJson(response, 200, wire.errorBody('Something else was asked for.'));
    return;
  }
  if (fault.kind === 'garbage') {
    response.writeHead(200, { 'content-type': 'text/html' });
    response.end('<html>\n<body>502 Bad Gateway</body>\n</html>\n');
    return;
  }
  response.writeHead(fault.status, { 'content-type': 'application/json', ...fault.headers });
  response.end(wire.errorBody(`simulated ${fault.status}`));
}

function sendJson(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}
