import assert from 'node:assert/strict';
import test from 'node:test';
import { withDeadlines } from '../../src/base/deadline.ts';
import { Channel } from '../../src/base/channel.ts';
import { VirtualClock, settle } from '../helpers/virtualClock.ts';

class Late extends Error {
  readonly which: string;
  constructor(which: string) {
    super(which);
    this.which = which;
  }
}

const deadlines = { firstMs: 500, idleMs: 100, timedOut: (which: string) => new Late(which) };

/** A source that is fed by hand, and remembers the signal it was given. */
function handFed(): {
  channel: Channel<number>;
  source: (s: AbortSignal) => AsyncIterable<number>;
  seen: AbortSignal[];
} {
  const channel = new Channel<number>(10);
  const seen: AbortSignal[] = [];
  return {
    channel,
    seen,
    source: (signal) => {
      seen.push(signal);
      return channel;
    },
  };
}

/** Answers an abort with an error of its own. */
async function* grumpy(signal: AbortSignal): AsyncGenerator<number> {
  yield 1;
  await new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('own words')), { once: true });
  });
}

test('passes the items on and ends when the source ends, leaving no timer', async () => {
  const clock = new VirtualClock();
  const { channel, source } = handFed();
  channel.push(1);
  channel.push(2);
  channel.end();
  const got: number[] = [];
  for await (const item of withDeadlines(source, deadlines, clock, new AbortController().signal))
    got.push(item);
  assert.deepEqual(got, [1, 2]);
  assert.equal(clock.pendingTimers, 0);
});

test('throws when the first item is late, and stops the source with that error', async () => {
  const clock = new VirtualClock();
  const { source, seen } = handFed();
  const iterator = withDeadlines(source, deadlines, clock, new AbortController().signal);
  const next = assert.rejects(iterator.next(), (error: Late) => error.which === 'first_output_timeout');
  await clock.advance(499);
  assert.equal(seen[0]?.aborted, false);
  await clock.advance(1);
  await next;
  assert.ok(seen[0]?.reason instanceof Late);
  assert.equal(clock.pendingTimers, 0);
});

test('throws when the next item is late, counted from the pull', async () => {
  const clock = new VirtualClock();
  const { channel, source } = handFed();
  channel.push(1);
  const iterator = withDeadlines(source, deadlines, clock, new AbortController().signal);
  assert.deepEqual(await iterator.next(), { done: false, value: 1 });
  await clock.advance(10_000); // the consumer's own time
  const next = assert.rejects(iterator.next(), (error: Late) => error.which === 'idle_timeout');
  await clock.advance(100);
  await next;
});

test('an item just in time resets the deadline', async () => {
  const clock = new VirtualClock();
  const { channel, source } = handFed();
  const iterator = withDeadlines(source, deadlines, clock, new AbortController().signal);
  for (const item of [1, 2, 3]) {
    const next = iterator.next();
    await clock.advance(99);
    channel.push(item);
    assert.deepEqual(await next, { done: false, value: item });
  }
});

test('an abort throws its reason at once and stops the source', async () => {
  const clock = new VirtualClock();
  const { source, seen } = handFed();
  const abort = new AbortController();
  const iterator = withDeadlines(source, deadlines, clock, abort.signal);
  const next = iterator.next();
  await settle();
  const reason = new Error('barge-in');
  abort.abort(reason);
  await assert.rejects(next, reason);
  assert.equal(seen[0]?.reason, reason);
  assert.equal(clock.pendingTimers, 0);
});

test('an abort while the consumer is busy stops the source before the next pull', async () => {
  const clock = new VirtualClock();
  const { channel, source, seen } = handFed();
  channel.push(1);
  channel.push(2);
  const abort = new AbortController();
  const iterator = withDeadlines(source, deadlines, clock, abort.signal);
  await iterator.next();
  const reason = new Error('barge-in');
  abort.abort(reason);
  assert.equal(seen[0]?.reason, reason);
  assert.equal(channel.queuedItems, 1);
  await assert.rejects(iterator.next(), reason);
  assert.equal(channel.queuedItems, 0, 'the source is told that nobody pulls any more');
});

test("an abort's reason wins over the error the source makes of it", async () => {
  const abort = new AbortController();
  const iterator = withDeadlines(grumpy, deadlines, new VirtualClock(), abort.signal);
  await iterator.next();
  const next = iterator.next();
  const reason = new Error('barge-in');
  abort.abort(reason);
  await assert.rejects(next, reason);
});

test('an abort before the first pull starts nothing', async () => {
  const { source, seen } = handFed();
  const reason = new Error('too late');
  const iterator = withDeadlines(source, deadlines, new VirtualClock(), AbortSignal.abort(reason));
  await assert.rejects(iterator.next(), reason);
  assert.equal(seen.length, 0);
});

test('a consumer that stops pulling stops the source, without waiting for it', async () => {
  const clock = new VirtualClock();
  const seen: AbortSignal[] = [];
  let closed = false;
  async function* stuck(signal: AbortSignal): AsyncGenerator<number> {
    seen.push(signal);
    try {
      yield 1;
      await new Promise(() => undefined);
    } finally {
      closed = true;
    }
  }
  for await (const item of withDeadlines(stuck, deadlines, clock, new AbortController().signal)) {
    assert.equal(item, 1);
    break;
  }
  assert.equal(seen[0]?.aborted, true);
  await settle();
  assert.equal(closed, true);
  assert.equal(clock.pendingTimers, 0);
});

test("the source's own error goes through, and is not an unhandled one when the race was lost", async () => {
  const clock = new VirtualClock();
  const { channel, source } = handFed();
  const iterator = withDeadlines(source, deadlines, clock, new AbortController().signal);
  const own = new Error('own');
  const next = iterator.next();
  channel.fail(own);
  await assert.rejects(next, own);

  const late = handFed();
  const lateIterator = withDeadlines(late.source, deadlines, clock, new AbortController().signal);
  const lateNext = assert.rejects(lateIterator.next(), Late);
  await clock.advance(500);
  await lateNext;
  late.channel.fail(own);
  await settle();
});

test('a source whose pull throws at once leaves no timer and no listener', async () => {
  const clock = new VirtualClock();
  const own = new Error('own');
  const broken: AsyncIterable<number> = {
    [Symbol.asyncIterator]: () => ({
      next: () => {
        throw own;
      },
    }),
  };
  await assert.rejects(
    withDeadlines(() => broken, deadlines, clock, new AbortController().signal).next(),
    own,
  );
  assert.equal(clock.pendingTimers, 0);
});
