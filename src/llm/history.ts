// What was said in a call, as data, and as the messages of the next completion.
import type { ChatMessage, ToolCall } from './port.ts';

/**
 * Stands where the caller began to talk over the agent. In brackets and in words, so that a model takes
 * it for a stage direction; the agent's own text is never cut in any other way, so that it knows the
 * rest was not heard.
 */
export const INTERRUPTED_NOTE = '\u2014 [the caller interrupted here]';

/** Stands behind the words of a caller who talked for so long that the agent cut in. */
export const CUT_IN_NOTE = '\u2014 [the caller was still talking; you cut in here, politely]';

/** The answer to a tool call that was never carried out: each needs one before the next completion. */
export const CANCELLED_RESULT = 'Cancelled: the caller interrupted before this was done.';

/** The answer to one that was begun and then broken off: a request that went out may have been carried out. */
export const UNFINISHED_RESULT =
  'Unknown: the caller interrupted while this was being done. It may have been done.';

export type HistoryItem =
  | { readonly kind: 'caller'; readonly text: string }
  /** What was heard. Cut: the caller talked over it, and `text` may then be empty: nothing was heard. */
  | { readonly kind: 'agent'; readonly text: string; readonly cut: boolean }
  /** `text` is what the agent said before it called (a filler, or nothing). */
  | { readonly kind: 'toolCalls'; readonly text: string; readonly calls: readonly ToolCall[] }
  | { readonly kind: 'toolResult'; readonly callId: string; readonly text: string };

export interface History {
  readonly items: readonly HistoryItem[];
  /** Items left out since the call began, all from its front. */
  readonly omittedItems: number;
}

export interface HistoryBounds {
  readonly itemsMax: number;
  readonly charsMax: number;
}

/** Some 6,000 tokens: an hour of talk, and far from any model's window. */
export const HISTORY_BOUNDS: HistoryBounds = { itemsMax: 200, charsMax: 24_000 };

/** What is kept when a bound is passed. Half, so that the front changes seldom and the prompt cache holds. */
const KEPT_SHARE = 0.5;

export const emptyHistory: History = { items: [], omittedItems: 0 };

/** Empty caller text is left out: an empty message says nothing, and some servers refuse it. */
export function append(history: History, item: HistoryItem, bounds: HistoryBounds = HISTORY_BOUNDS): History {
  if (item.kind === 'caller' && item.text === '') return history;
  if (item.kind === 'agent' && item.text === '' && !item.cut) return history;
  return withinBounds({ ...history, items: [...history.items, item] }, bounds);
}

/** The system prompt first, unchanged, then what was said; every tool call with its answer right behind it. */
export function toMessages(history: History, systemPrompt: string): readonly ChatMessage[] {
  const messages: ChatMessage[] = [{ role: 'system', content: systemPrompt }];
  for (const [at, item] of history.items.entries()) {
    switch (item.kind) {
      case 'caller':
        messages.push({ role: 'user', content: item.text });
        break;
      case 'agent':
        messages.push({
          role: 'assistant',
          content: item.cut ? `${item.text}${INTERRUPTED_NOTE}` : item.text,
        });
        break;
      case 'toolCalls':
        messages.push({ role: 'assistant', content: item.text, toolCalls: item.calls });
        messages.push(...resultsOf(item.calls, history.items, at));
        break;
      case 'toolResult':
        break; // said behind its call
      default:
        item satisfies never;
    }
  }
  return messages;
}

/** One for each call made at `at`, out of the results behind it; some servers number the calls of each answer from 0 again. */
function resultsOf(
  calls: readonly ToolCall[],
  items: readonly HistoryItem[],
  at: number,
): readonly ChatMessage[] {
  const ids = new Set(calls.map(({ id }) => id));
  const again = items.findIndex(
    (item, index) => index > at && item.kind === 'toolCalls' && item.calls.some(({ id }) => ids.has(id)),
  );
  const results = items
    .slice(at + 1, again < 0 ? items.length : again)
    .filter((item) => item.kind === 'toolResult');
  return calls.map(({ id }) => {
    const place = results.findIndex(({ callId }) => callId === id);
    // Taken out: were there two calls of one id, the next result is the next one's.
    const content = place < 0 ? CANCELLED_RESULT : (results.splice(place, 1)[0]?.text ?? CANCELLED_RESULT);
    return { role: 'tool', toolCallId: id, content };
  });
}

/** Leaves out the oldest exchanges, whole, so that a tool call stays with its answer and its question. */
function withinBounds(history: History, bounds: HistoryBounds): History {
  const { items } = history;
  let chars = charsOf(items);
  if (items.length <= bounds.itemsMax && chars <= bounds.charsMax) return history;

  const itemsKept = bounds.itemsMax * KEPT_SHARE;
  const charsKept = bounds.charsMax * KEPT_SHARE;
  let from = 0;
  for (let at = 1; at < items.length && (items.length - from > itemsKept || chars > charsKept); at += 1) {
    // The last exchange is not followed by another, so it stays, however long: it is to be answered.
    if (!startsExchange(items, at)) continue;
    chars -= charsOf(items.slice(from, at));
    from = at;
  }
  return { items: items.slice(from), omittedItems: history.omittedItems + from };
}

/** An exchange begins with the caller, or with an agent that spoke again unasked. */
function startsExchange(items: readonly HistoryItem[], at: number): boolean {
  const kind = items[at]?.kind;
  return kind === 'caller' || (kind === 'agent' && items[at - 1]?.kind === 'agent');
}

function charsOf(items: readonly HistoryItem[]): number {
  let chars = 0;
  for (const item of items) {
    chars += item.text.length;
    if (item.kind === 'toolCalls')
      for (const call of item.calls) chars += call.name.length + call.argumentsText.length;
  }
  return chars;
}
