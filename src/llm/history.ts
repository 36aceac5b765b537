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
  const results = new Map<string, string>();
  for (const item of history.items) if (item.kind === 'toolResult') results.set(item.callId, item.text);

  for (const item of history.items) {
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
        for (const call of item.calls) {
          const content = results.get(call.id) ?? CANCELLED_RESULT;
          messages.push({ role: 'tool', toolCallId: call.id, content });
        }
        break;
      case 'toolResult':
        break; // said behind its call
      default:
        item satisfies never;
    }
  }
  return messages;
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
