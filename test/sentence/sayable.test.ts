import assert from 'node:assert/strict';
import test from 'node:test';
import { sayable, splitAll } from '../../src/sentence/sayable.ts';

const options = { language: 'en-US', earlyClause: true };

async function collect(deltas: readonly string[]): Promise<string[]> {
  async function* tokens(): AsyncGenerator<string> {
    for (const delta of deltas) yield await Promise.resolve(delta);
  }
  const pieces: string[] = [];
  for await (const piece of sayable(tokens(), options)) pieces.push(piece);
  return pieces;
}

test('markup is gone before the text is split, whatever the deltas', async () => {
  const text =
    'Agent: **Sure!** 😊 I can do that, let me look.\n\n1. Monday 9 a.m.\n2. *Tuesday* 3.30 p.m.\n\nWhich one?';
  const expected = [
    'Sure!',
    'I can do that, let me look.',
    '1. Monday 9 a.m.',
    '2. Tuesday 3.30 p.m.',
    'Which one?',
  ];
  assert.deepEqual(await collect([text]), expected);
  assert.deepEqual(await collect(text.split('')), expected);
  assert.deepEqual(splitAll(text, options), expected);
});

test('what has no words is not said', async () => {
  assert.deepEqual(await collect(['🎉', ' ... ', '**', '\n---\n']), []);
  assert.deepEqual(await collect(['Hi. ', '— ', '!!! ', 'Bye now.']), ['Hi.', '— !!! Bye now.']);
  assert.deepEqual(splitAll('', options), []);
});

test('a piece is answered before the next token is asked for', async () => {
  const asked: string[] = [];
  async function* tokens(): AsyncGenerator<string> {
    for (const token of ['Sure.', ' I', ' can', ' help.']) {
      asked.push(token);
      yield await Promise.resolve(token);
    }
  }
  const pieces = sayable(tokens(), options);
  assert.deepEqual(await pieces.next(), { done: false, value: 'Sure.' });
  assert.deepEqual(asked, ['Sure.', ' I']);
  await pieces.return();
});

async function* broken(): AsyncGenerator<string> {
  yield await Promise.resolve('One moment. Let me');
  throw new Error('the line is dead');
}

test('the source is closed when the consumer stops, and its error comes through', async () => {
  let closed = false;
  async function* endless(): AsyncGenerator<string> {
    try {
      for (;;) yield await Promise.resolve('Yes. ');
    } finally {
      closed = true;
    }
  }
  for await (const piece of sayable(endless(), options)) {
    assert.equal(piece, 'Yes.');
    break;
  }
  assert.equal(closed, true);

  const said: string[] = [];
  await assert.rejects(async () => {
    for await (const piece of sayable(broken(), options)) said.push(piece);
  }, /the line is dead/u);
  assert.deepEqual(said, ['One moment.']);
});
