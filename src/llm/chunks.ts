// The body of a chat server's answer, chunk by chunk, up to its end and not beyond.
import type { AnswerBody } from '../base/answerBody.ts';
import type { Clock } from '../base/clock.ts';
import { errorText, type ProviderError, type ProviderErrorCode } from '../base/errors.ts';
import type { HttpAnswer } from '../base/httpRequest.ts';
import { parseCompletion, type CompletionChunk } from './completion.ts';
import { sseParser, type SseParser } from './sse.ts';
import { thoughtFilter } from './thoughts.ts';

/** One event holds a token, and at most a whole tool call; a completion in one piece holds a reply. */
const EVENT_CHARS_MAX = 1024 * 1024;
/** The usage follows the finish reason at once or not at all. */
const USAGE_MS_MAX = 150;
/** How long the last bytes of the body may take, for the sake of a connection that can serve again. */
const DRAIN_MS_MAX = 100;

export interface ChunkDeps {
  readonly clock: Clock;
  readonly failure: MakeFailure;
}

export type MakeFailure = (
  code: ProviderErrorCode,
  message: string,
  details?: { readonly status?: number; readonly cause?: unknown },
) => ProviderError;

/**
 * Asks with `respond` and yields what can be spoken or acted on. Chunks that hold nothing (a role, a
 * thought) are passed over before the first of it, and yielded afterwards as a sign of life. Ends at
 * `[DONE]`, at the end of the body, or after the finish reason when no usage follows. Throws a
 * `ProviderError`, or whatever `respond` does; after an abort anything, since nobody asks any more.
 */
export async function* completionChunks(
  respond: (signal: AbortSignal) => Promise<HttpAnswer>,
  deps: ChunkDeps,
  signal: AbortSignal,
): AsyncGenerator<CompletionChunk, void, undefined> {
  // Our own, because the end of the reply must not cut what is left of the body.
  const connection = new AbortController();
  const onStop = (): void => connection.abort(signal.reason);
  signal.addEventListener('abort', onStop, { once: true });
  let body: AnswerBody | undefined;
  let ended = false;
  try {
    const answer = await respond(connection.signal);
    body = answer.body;
    const isJson = /\bjson\b/i.test(String(answer.headers['content-type']));
    const parser = isJson ? wholeParser() : sseParser();
    const thoughts = thoughtFilter();
    let begun = false;
    let finished = false;
    for await (const data of eventsOf(body, parser, deps, () => finished)) {
      const news = parseCompletion(data);
      if (news.kind === 'done') break;
      if (news.kind === 'bad') throw deps.failure('bad_answer', 'a chunk that is no JSON object');
      if (news.kind === 'error') {
        throw deps.failure(news.code, news.message, news.status === undefined ? {} : { status: news.status });
      }
      const text = thoughts.push(news.text) + (news.finish === undefined ? '' : thoughts.end());
      begun ||= text !== '' || news.toolCallParts.length > 0 || news.finish !== undefined;
      if (begun) yield { ...news, text };
      finished ||= news.finish !== undefined;
      if (finished && news.usage !== undefined) break;
    }
    ended = true;
  } finally {
    signal.removeEventListener('abort', onStop);
    // Not awaited: the reply is over. It never rejects and is over within DRAIN_MS_MAX.
    if (ended && body !== undefined) void drain(body, connection, deps.clock);
    else connection.abort();
  }
}

/** The data of the events in the body; ends early when `finished` and nothing more comes. */
async function* eventsOf(
  body: AnswerBody,
  parser: SseParser,
  { clock, failure }: ChunkDeps,
  finished: () => boolean,
): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let events = 0;
  for (;;) {
    const bytes = await nextBytes();
    for (const data of bytes === undefined ? [] : parser.push(decoder.decode(bytes, { stream: true }))) {
      events += 1;
      yield data;
    }
    if (bytes === undefined) break;
    if (parser.heldChars > EVENT_CHARS_MAX) throw failure('bad_answer', 'an event without end');
  }
  for (const data of parser.end()) {
    events += 1;
    yield data;
  }
  if (events === 0 && parser.strangeLines > 0) throw failure('bad_answer', 'the answer is no event stream');

  async function nextBytes(): Promise<Uint8Array | undefined> {
    try {
      const read = body.read();
      return finished() ? await within(read, USAGE_MS_MAX, clock) : await read;
    } catch (error) {
      throw failure('truncated', `the answer was cut: ${errorText(error)}`, { cause: error });
    }
  }
}

/** Reads on to the end of the body, which frees the connection; what takes too long is cut. */
async function drain(body: AnswerBody, connection: AbortController, clock: Clock): Promise<void> {
  const timer = clock.after(DRAIN_MS_MAX, () => connection.abort());
  try {
    while ((await body.read()) !== undefined);
  } catch {
    // Cut, by us or by the server: there is nothing left to lose.
  } finally {
    timer.cancel();
  }
}

function within<T>(work: Promise<T>, delayMs: number, clock: Clock): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(delayMs, () => resolve(undefined));
    work.then(resolve, reject).finally(() => timer.cancel());
  });
}

/** A completion that was not streamed: one event, the whole body. */
function wholeParser(): SseParser {
  let held = '';
  return {
    push(text) {
      held += text;
      return [];
    },
    end: () => [held],
    get heldChars() {
      return held.length;
    },
    strangeLines: 0,
  };
}
