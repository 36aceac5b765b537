import assert from 'node:assert/strict';
import test from 'node:test';
import { Feed } from '../../src/tape/feed.ts';

function feed(signal = new AbortController().signal) {
  const log: string[] = [];
  const one = new Feed<string>(
    signal,
    () => {
      log.push('open');
      return { pull: () => void log.push('pull'), stop: () => void log.push('stop') };
    },
    () => void log.push('over'),
  );
  return { feed: one, log, iterator: one[Symbol.asyncIterator]() };
}

test('a feed opens its source on the first pull and gives one piece for each', async () => {
  const { feed: one, log, iterator } = feed();
  assert.deepEqual([log, one.isWanted], [[], false]);
  const first = iterator.next();
  assert.deepEqual([log, one.isWanted], [['open', 'pull'], true]);
  one.take('a');
  assert.equal(one.isWanted, false);
  assert.deepEqual(await first, { done: false, value: 'a' });
  const second = iterator.next();
  one.finish();
  assert.deepEqual(await second, { done: true, value: undefined });
  assert.deepEqual(await iterator.next(), { done: true, value: undefined });
  assert.deepEqual(log, ['open', 'pull', 'pull', 'over', 'stop']);
});

test('it throws what its source failed with, and the reason of its signal at once', async () => {
  const failing = feed();
  const failed = failing.iterator.next();
  failing.feed.fail(new Error('broken'));
  await assert.rejects(failed, /broken/);

  const stop = new AbortController();
  const stopped = feed(stop.signal);
  const waiting = stopped.iterator.next();
  stop.abort(new Error('not wanted'));
  await assert.rejects(waiting, /not wanted/);
  await assert.rejects(stopped.iterator.next(), /not wanted/);
  assert.deepEqual(stopped.log, ['open', 'pull', 'over', 'stop']);
});

test('a feed that is stopped before it is pulled asks nobody', async () => {
  const { log, iterator } = feed(AbortSignal.abort(new Error('too late')));
  await assert.rejects(iterator.next(), /too late/);
  assert.deepEqual(log, ['over']);
});

test('a consumer that leaves stops the source', async () => {
  const { feed: one, log } = feed();
  const heard: string[] = [];
  const reading = (async () => {
    for await (const piece of one) {
      heard.push(piece);
      break;
    }
  })();
  one.take('a');
  await reading;
  assert.deepEqual([heard, log], [['a'], ['open', 'pull', 'over', 'stop']]);
});
