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

test('a server that numbers its calls from 0 in every answer gets each result with its own call', () => {
  const calls = [{ ...call, id: 'call_0' }];
  const history = historyOf([
    { kind: 'caller', text: 'Book it' },
    { kind: 'toolCalls', text: '', calls },
    { kind: 'toolResult', callId: 'call_0', text: 'booked' },
    { kind: 'agent', text: 'Done.', cut: false },
    { kind: 'caller', text: 'Cancel it' },
    { kind: 'toolCalls', text: '', calls },
    { kind: 'caller', text: 'Hello?' },
    { kind: 'toolCalls', text: '', calls: [...calls, ...calls] },
    { kind: 'toolResult', callId: 'call_0', text: 'first' },
    { kind: 'toolResult', callId: 'call_0', text: 'second' },
  ]);
  const results = toMessages(history, 's').flatMap((one) => (one.role === 'tool' ? [one.content] : []));
  assert.deepEqual(results, ['booked', CANCELLED_RESULT, 'first', 'second']);
});

/** What can happen in a call, in any order: `id`s come again, results are missing, come late or belong to nobody. */
const happening: fc.Arbitrary<readonly HistoryItem[]> = fc.oneof(
  fc.string({ minLength: 1, maxLength: 80 }).map((text) => [{ kind: 'caller', text } as const]),
  fc
    .record({ text: fc.string({ maxLength: 80 }), cut: fc.boolean() })
    .map(({ text, cut }) => [{ kind: 'agent', text, cut } as const]),
  fc
    .record({
      ids: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 3 }),
      done: fc.nat(3),
    })
    .map(({ ids, done }): readonly HistoryItem[] => [
      {
        kind: 'toolCalls',
        text: '',
        calls: ids.map((id) => ({ id: `call_${id}`, name: 'n', argumentsText: '{}' })),
      },
      ...ids.slice(0, done).map((id, place): HistoryItem => ({
        kind: 'toolResult',
        callId: `call_${id}`,
        text: `done ${place}`,
      })),
    ]),
  fc
    .integer({ min: 0, max: 5 })
    .map((id) => [{ kind: 'toolResult', callId: `call_${id}`, text: 'late' } as const]),
);

test('whatever was said, called, cut and left out, a server finds each call answered and the model what was heard', () => {
  const bounds = { itemsMax: 16, charsMax: 500 };
  fc.assert(
    fc.property(fc.array(happening, { minLength: 1, maxLength: 60 }), (happenings) => {
      let history = emptyHistory;
      const kept: HistoryItem[] = [];
      for (const item of happenings.flat()) {
        const before = history;
        history = append(history, item, bounds);
        if (history !== before) kept.push(item);
        const messages = toMessages(history, 's');
        assertAnswered(messages);
        assert.notEqual(messages[1]?.role, 'tool', 'begins with an orphan');
      }
      // What is left are the last items, unchanged: nothing is shortened in the middle.
      assert.deepEqual(history.items, kept.slice(history.omittedItems));
      const heard = history.items.flatMap((item) =>
        item.kind === 'agent'
          ? [item.cut ? `${item.text}\u2014 [the caller interrupted here]` : item.text]
          : [],
      );
      const told = toMessages(history, 's').flatMap((message) =>
        message.role === 'assistant' && message.toolCalls === undefined ? [message.content] : [],
      );
      assert.deepEqual(told, heard);
    }),
    { numRuns: 300 },
  );
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
      open.splice(open.indexOf(message.toolCallId), 1);
      continue;
    }
    assert.deepEqual(open, []);
    open = message.role === 'assistant' ? (message.toolCalls ?? []).map(({ id }) => id) : [];
  }
  assert.deepEqual(open, []);
}
