// Tools that are somebody's web address: a call of the model in, a text for the model out.
import type { Clock } from '../base/clock.ts';
import { errorText } from '../base/errors.ts';
import { AddressRefusedError } from '../base/publicAddress.ts';
import type { HttpFetch } from '../base/httpPool.ts';
import { isRecord, parseJson, type JsonRecord } from '../base/json.ts';
import { mistakesIn } from './schema.ts';

export interface HttpTool {
  readonly name: string;
  /** `{{argument}}` in the path or the query is replaced by that argument, encoded. */
  readonly url: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly headers: Readonly<Record<string, string>>;
  /** From the request to the last byte of the answer. */
  readonly timeoutMs: number;
  /** A JSON schema of type `object`, in the part of it that schema.ts knows. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

export interface ToolResult {
  /** For metrics and logs. */
  readonly outcome: 'ok' | 'bad_arguments' | 'refused' | 'forbidden' | 'timeout' | 'unreachable';
  /** For the model. Bounded, and never empty. */
  readonly text: string;
  /** When there was an answer. */
  readonly status: number | undefined;
  /** For the log alone, when it was unreachable: it may name hosts, which no caller should hear. */
  readonly error?: string;
}

export interface ToolDeps {
  /** One that sends once: a tool may book, pay or call, and must not do so twice. */
  readonly fetch: HttpFetch;
  readonly clock: Clock;
}

/** A model reads all of it aloud in its head before the caller hears a word. */
export const TOOL_ANSWER_BYTES_MAX = 16 * 1024;
/** What is worth reading of an error page. */
const REFUSAL_CHARS_MAX = 500;

/**
 * Calls the tool once. Whatever goes wrong is told to the model as a result, so that it can say so or
 * try again with better arguments; only an abort throws, the signal's reason. Arguments that the URL
 * does not take are its query (GET, DELETE) or its JSON body. Redirects are not followed: they would
 * take the headers, keys included, to an address that nobody wrote down.
 */
export async function callHttpTool(
  tool: HttpTool,
  argumentsText: string,
  deps: ToolDeps,
  signal: AbortSignal,
): Promise<ToolResult> {
  signal.throwIfAborted();
  const given = argumentsText.trim() === '' ? {} : parseJson(argumentsText);
  if (!isRecord(given)) return badArguments('They are no JSON object.');
  const mistakes = mistakesIn(given, tool.parameters);
  if (mistakes.length > 0) return badArguments(`${mistakes.join('; ')}.`);
  const address = addressOf(tool.url, given);
  if (address === undefined) return badArguments('One of them cannot be part of the address.');

  const stop = new AbortController();
  const timer = deps.clock.after(tool.timeoutMs, () => stop.abort());
  const onAbort = (): void => stop.abort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await exchange(tool, address, deps.fetch, stop.signal);
  } catch (error) {
    signal.throwIfAborted();
    if (stop.signal.aborted) {
      return failed('timeout', `The tool did not answer within ${tool.timeoutMs / 1_000} seconds.`);
    }
    if (isForbidden(error))
      return failed('forbidden', 'The tool cannot be used: its address is not allowed.');
    return { ...failed('unreachable', 'The tool could not be reached.'), error: causeText(error) };
  } finally {
    timer.cancel();
    signal.removeEventListener('abort', onAbort);
    stop.abort();
  }
}

interface Address {
  readonly url: URL;
  /** The arguments that are not in the URL yet. */
  readonly rest: JsonRecord;
}

async function exchange(
  tool: HttpTool,
  { url, rest }: Address,
  fetch: HttpFetch,
  signal: AbortSignal,
): Promise<ToolResult> {
  const init: RequestInit = { method: tool.method, redirect: 'manual', signal };
  const headers: Record<string, string> = { accept: 'application/json, text/plain;q=0.9', ...tool.headers };
  if (tool.method === 'GET' || tool.method === 'DELETE') {
    for (const [name, value] of Object.entries(rest)) url.searchParams.append(name, plainText(value));
  } else {
    init.body = JSON.stringify(rest);
    headers['content-type'] = 'application/json';
  }
  const response = await fetch(url, { ...init, headers });
  const { status } = response;
  const text = await boundedText(response);
  if (status >= 300 && status < 400) {
    return { outcome: 'refused', text: `The tool has moved (status ${status}) and cannot be used.`, status };
  }
  if (!response.ok) {
    const said = text === '' ? '.' : `: ${text.slice(0, REFUSAL_CHARS_MAX)}`;
    return { outcome: 'refused', text: `The tool failed with status ${status}${said}`, status };
  }
  return { outcome: 'ok', text: text === '' ? 'Done.' : text, status };
}

/** The first bytes of the body as text; what is above the bound is neither read nor kept. */
async function boundedText(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (reader === undefined) return '';
  const decoder = new TextDecoder();
  let text = '';
  let roomBytes = TOOL_ANSWER_BYTES_MAX;
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return (text + decoder.decode()).trim();
    text += decoder.decode(value.subarray(0, roomBytes), { stream: true });
    roomBytes -= value.length;
    if (roomBytes < 0) {
      await reader.cancel();
      return `${text.trim()} [the rest was too long]`;
    }
  }
}

/** Undefined when an argument is missing or would lead elsewhere than the template says (`..`, another host). */
function addressOf(template: string, given: JsonRecord): Address | undefined {
  const rest: Record<string, unknown> = { ...given };
  let complete = true;
  const filled = template.replaceAll(/\{\{\s*([\w.-]+)\s*\}\}/g, (_whole, name: string) => {
    complete &&= Object.hasOwn(given, name);
    Reflect.deleteProperty(rest, name);
    return encodeURIComponent(plainText(given[name]));
  });
  const meant = template.replaceAll(/\{\{.*?\}\}/g, 'x');
  if (!complete || !URL.canParse(filled) || !URL.canParse(meant)) return undefined;
  const url = new URL(filled);
  const shape = new URL(meant);
  const same =
    url.origin === shape.origin && url.pathname.split('/').length === shape.pathname.split('/').length;
  return same ? { url, rest } : undefined;
}

function plainText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function badArguments(why: string): ToolResult {
  return failed('bad_arguments', `The arguments are wrong, nothing was done. ${why}`);
}

function failed(outcome: ToolResult['outcome'], text: string): ToolResult {
  return { outcome, text, status: undefined };
}

function isForbidden(error: unknown): boolean {
  if (error instanceof AddressRefusedError) return true;
  return error instanceof Error && error.cause instanceof AddressRefusedError;
}

/** `fetch` says only "fetch failed"; its cause says why. */
function causeText(error: unknown): string {
  return errorText(error instanceof Error && error.cause !== undefined ? error.cause : error);
}
