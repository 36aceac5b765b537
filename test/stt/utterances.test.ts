import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { SttEvent } from '../../src/stt/port.ts';
import { Utterances } from '../../src/stt/utterances.ts';

function ledger(): { utterances: Utterances; events: SttEvent[]; finals: () => unknown[] } {
  const events: SttEvent[] = [];
  return {
    utterances: new Utterances((event) => events.push(event)),
    events,
    finals: () => events.flatMap((event) => (event.kind === 'final' ? [[event.utterance, event.text]] : [])),
  };
}

test('completions out of order each find their utterance', () => {
  const { utterances, finals } = ledger();
  assert.deepEqual([utterances.end(), utterances.end()], [0, 1]);
  utterances.committed('a');
  utterances.committed('b');
  utterances.completed('b', 'second');
  utterances.completed('a', 'first');
  assert.deepEqual(finals(), [
    [1, 'second'],
    [0, 'first'],
  ]);
});

test('items that the server made by itself are joined in the order of their speech, not of their completion', () => {
  const { utterances, events, finals } = ledger();
  for (const item of ['a', 'b']) {
    utterances.speechStarted(item);
    utterances.speechStopped(item);
    utterances.committed(item);
  }
  utterances.completed('b', 'two');
  utterances.completed('a', 'one');
  assert.deepEqual(events.at(-1), { kind: 'words', utterance: 0, text: 'one two' });
  assert.ok(utterances.closedBySilence(utterances.end()));
  utterances.settle(0);
  assert.deepEqual(finals(), [[0, 'one two']]);
});

test('an utterance in the middle of speech is not closed by silence', () => {
  const { utterances } = ledger();
  assert.equal(utterances.closedBySilence(0), false);
  utterances.speechStarted('a');
  utterances.speechStopped('a');
  utterances.committed('a');
  utterances.speechStarted('b');
  assert.equal(utterances.closedBySilence(0), false);
  assert.equal(utterances.closedBySilence(7), false);
});

test('late news of a finished item is not taken for a new one', () => {
  const { utterances, events, finals } = ledger();
  utterances.end();
  utterances.committed('a');
  utterances.completed('a', 'done');
  const told = events.length;
  utterances.delta('a', ' more');
  utterances.completed('a', 'done twice');
  utterances.committed('a');
  utterances.speechStarted('a');
  assert.equal(events.length, told);
  assert.deepEqual(finals(), [[0, 'done']]);
});

test('what the server has not closed when a commit is settled goes on in the next utterance', () => {
  const { utterances, finals } = ledger();
  utterances.delta('a', 'hel');
  utterances.end();
  utterances.refused(undefined);
  utterances.delta('a', 'lo');
  utterances.end();
  utterances.committed('a');
  utterances.completed('a', undefined);
  assert.deepEqual(finals(), [
    [0, ''],
    [1, 'hello'],
  ]);
});

test('a refusal that nobody asked for changes nothing', () => {
  const { utterances, events } = ledger();
  utterances.refused(undefined);
  utterances.refused(9);
  utterances.settle(0);
  assert.deepEqual(events.length, 1, 'only what is settled is final');
});

test('whatever order the news comes in, each commit that is answered and complete has one final', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('end' as const) }),
    fc.record({
      kind: fc.constantFrom('delta', 'started', 'stopped', 'committed', 'completed', 'failed', 'refused'),
      item: fc.integer({ min: 0, max: 30 }),
    }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const { utterances, events } = ledger();
      let ended = 0;
      for (const each of steps) {
        if (each.kind === 'end') {
          assert.equal(utterances.end(), ended);
          ended += 1;
          continue;
        }
        const itemId = `item-${each.item}`;
        if (each.kind === 'delta') utterances.delta(itemId, ' word');
        else if (each.kind === 'started') utterances.speechStarted(itemId);
        else if (each.kind === 'stopped') utterances.speechStopped(itemId);
        else if (each.kind === 'committed') utterances.committed(itemId);
        else if (each.kind === 'completed') utterances.completed(itemId, itemId);
        else if (each.kind === 'failed') utterances.completed(itemId, undefined);
        else utterances.refused(undefined);
      }
      // The server answers everything in the end.
      for (let number = 0; number < ended; number += 1) utterances.settle(number);
      for (let item = 0; item <= 30; item += 1) utterances.completed(`item-${item}`, '');
      const finals = events.flatMap((event) => (event.kind === 'final' ? [event.utterance] : []));
      assert.deepEqual(
        finals.toSorted((a, b) => a - b),
        Array.from({ length: ended }, (_unused, number) => number),
      );
      const done = new Set<number>();
      for (const event of events) {
        if (event.kind === 'words') assert.ok(!done.has(event.utterance), 'words after the final');
        if (event.kind === 'final') done.add(event.utterance);
      }
    }),
  );
});
