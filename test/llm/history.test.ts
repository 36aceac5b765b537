import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import {
  append,
  CANCELLED_RESULT,
  emptyHistory,
  toMessages,
  type History,
  type HistoryItem,
} from '../../src/llm/history.ts';
import type { ChatMessage } from '../../src/llm/port.ts';

function historyOf(items: readonly HistoryItem[]): History {
  return items.reduce((history, item) => append(history, item), emptyHistory);
}

const call = { id: 'call_1', name: 'book', argumentsText: '{}' };

test('is the system prompt, then what was said', () => {
  const history = historyOf([
    { kind: 'agent', text: 'Hello, this is Robin.', cut: false },
    { kind: 'caller', text: 'Hi' },
    { kind: 'agent', text: 'I can offer Tuesday at', cut: true },
    { kind: 'caller', text: 'Wednesday please' },
  ]);
  assert.deepEqual(toMessages(history, 'Be brief.'), [
    { role: 'system', content: 'Be brief.' },
    { role: 'assistant', content: 'Hello, this is Robin.' },
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: 'I can offer Tuesday at\u2014 [the caller interrupted here]' },
    { role: 'user', content: 'Wednesday please' },
  ]);
});

test('what nobody said is left out, but not an answer that was cut before its first word', () => {
  const history = historyOf([
    { kind: 'caller', text: '' },
    { kind: 'agent', text: '', cut: false },
    { kind: 'agent', text: '', cut: true },
  ]);
  assert.deepEqual(toMessages(history, 's').slice(1), [
    { role: 'assistant', content: '\u2014 [the caller interrupted here]' },
  ]);
});

test('a tool call is followed by its result, however late that came', () => {
  const history = historyOf([
    { kind: 'caller', text: 'Book it' },
    { kind: 'toolCalls', text: 'One moment.', calls: [call, { ...call, id: 'call_2' }] },
    { kind: 'caller', text: 'Hello?' },
    { kind: 'toolResult', callId: 'call_1', text: 'booked' },
  ]);
  assert.deepEqual(toMessages(history, 's').slice(2), [
    { role: 'assistant', content: 'One moment.', toolCalls: [call, { ...call, id: 'call_2' }] },
    { role: 'tool', toolCallId: 'call_1', content: 'booked' },
    { role: 'tool', toolCallId: 'call_2', content: CANCELLED_RESULT },
    { role: 'user', content: 'Hello?' },
  ]);
});

const words = fc.string({ minLength: 1, maxLength: 60 });
const exchange: fc.Arbitrary<(at: number) => readonly HistoryItem[]> = fc
  .record({ asked: words, answered: words, cut: fc.boolean(), tool: fc.boolean(), unanswered: fc.boolean() })
  .map(({ asked, answered, cut, tool, unanswered }) => (at: number) => [
    { kind: 'caller', text: asked },
    ...(tool
      ? [{ kind: 'toolCalls', text: '', calls: [{ id: `c${at}`, name: 'n', argumentsText: '{}' }] } as const]
      : []),
    ...(tool && !unanswered ? [{ kind: 'toolResult', callId: `c${at}`, text: answered } as const] : []),
    { kind: 'agent', text: answered, cut },
  ]);

test('stays within its bounds, begins with an exchange, keeps every call with its answer, and moves its front seldom', () => {
  const bounds = { itemsMax: 20, charsMax: 600 };
  fc.assert(
    fc.property(fc.array(exchange, { minLength: 1, maxLength: 60 }), (exchanges) => {
      let history: History = { items: [{ kind: 'agent', text: 'Hello.', cut: false }], omittedItems: 0 };
      let said = 1;
      let fronts = 0;
      for (const item of exchanges.flatMap((make, at) => make(at))) {
        const omittedBefore = history.omittedItems;
        history = append(history, item, bounds);
        said += 1;
        if (history.omittedItems !== omittedBefore) {
          fronts += 1;
          assert.ok(
            history.items.length <= bounds.itemsMax / 2 ||
              history.items.findLastIndex((one) => one.kind === 'caller') === 0,
          );
        }
        assert.ok(history.items.length <= bounds.itemsMax);
        assert.equal(history.items.length + history.omittedItems, said);
        assert.equal(history.items.at(-1), item);
        if (history.omittedItems > 0) assert.equal(history.items[0]?.kind, 'caller');
        assertAnswered(toMessages(history, 's'));
      }
      assert.ok(fronts <= 1 + said / 4, `${fronts} times for ${said} items`);
    }),
  );
});

test('an exchange longer than the bound is kept whole: it is to be answered', () => {
  const long: HistoryItem = { kind: 'caller', text: 'x'.repeat(1_000) };
  const history = append(append(emptyHistory, { kind: 'caller', text: 'a' }), long, {
    itemsMax: 4,
    charsMax: 100,
  });
  assert.deepEqual(history, { items: [long], omittedItems: 1 });
});

test('an agent that speaks on unasked does not grow the history for ever', () => {
  let history = emptyHistory;
  for (let said = 0; said < 50; said += 1) {
    history = append(
      history,
      { kind: 'agent', text: `${said}`, cut: false },
      { itemsMax: 10, charsMax: 1_000 },
    );
  }
  assert.ok(history.items.length <= 10);
});

/** As a chat server checks it. */
function assertAnswered(messages: readonly ChatMessage[]): void {
  let open: string[] = [];
  for (const message of messages) {
    if (message.role === 'tool') {
      assert.ok(open.includes(message.toolCallId));
      open = open.filter((id) => id !== message.toolCallId);
      continue;
    }
    assert.deepEqual(open, []);
    open = message.role === 'assistant' ? (message.toolCalls ?? []).map(({ id }) => id) : [];
  }
  assert.deepEqual(open, []);
}
