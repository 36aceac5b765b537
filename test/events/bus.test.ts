import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import {
  BUFFERED_BYTES_MAX,
  EventBus,
  LOST_EVENTS_MAX,
  QUEUED_EVENTS_MAX,
  WATCHERS_MAX,
  type DropReason,
  type Watcher,
} from '../../src/events/bus.ts';
import type { LiveEvent } from '../../src/events/event.ts';
import { VirtualClock } from '../helpers/virtualClock.ts';

class Recorder implements Watcher {
  readonly texts: string[] = [];
  readonly dropped: DropReason[] = [];
  buffered = 0;
  send(text: string): void {
    this.texts.push(text);
  }
  bufferedBytes(): number {
    return this.buffered;
  }
  onDropped(reason: DropReason): void {
    this.dropped.push(reason);
  }
  get turns(): unknown[] {
    return this.texts.map((text) => {
      const event: { turn: unknown } = JSON.parse(text);
      return event.turn;
    });
  }
}

function final(turn: number, callSid = 'CA1'): LiveEvent {
  return { type: 'transcript.final', callSid, at: 1, turn, text: `words ${turn}` };
}

function setUp(background = true): { clock: VirtualClock; bus: EventBus } {
  const clock = new VirtualClock();
  return { clock, bus: new EventBus({ clock, background }) };
}

test('a watcher is sent the event itself as JSON, in order and not on the time of the publisher', async () => {
  const { clock, bus } = setUp();
  const watcher = new Recorder();
  bus.watch({}, watcher);
  bus.publish(final(1));
  bus.publish(final(2));
  assert.deepEqual(watcher.texts, []);
  await clock.advance(0);
  assert.deepEqual(
    watcher.texts.map((text) => JSON.parse(text)),
    [final(1), final(2)],
  );
  assert.equal(clock.pendingTimers, 0);
});

test('with background delivery switched off, publish delivers before it returns', () => {
  const { bus } = setUp(false);
  const watcher = new Recorder();
  bus.watch({}, watcher);
  bus.publish(final(1));
  assert.deepEqual(watcher.turns, [1]);
});

test('a watcher of one call or of some types is sent only those', async () => {
  const { clock, bus } = setUp();
  const ofCall = new Recorder();
  const ofTypes = new Recorder();
  bus.watch({ callSid: 'CA2' }, ofCall);
  bus.watch({ types: new Set(['call.ended']) }, ofTypes);
  bus.publish(final(1, 'CA1'));
  bus.publish(final(2, 'CA2'));
  bus.publish({ type: 'call.ended', callSid: 'CA1', at: 2, outcome: 'completed', durationMs: 5 });
  await clock.advance(0);
  assert.deepEqual(ofCall.turns, [2]);
  assert.equal(ofTypes.texts.length, 1);
});

test('the JSON is made once for all watchers, and not at all when nobody watches it', async () => {
  const { clock, bus } = setUp();
  let made = 0;
  const event = { ...final(1), toJSON: () => ({ made: (made += 1) }) };
  bus.publish(event);
  const other = bus.watch({ callSid: 'another' }, new Recorder());
  bus.publish(event);
  await clock.advance(0);
  assert.equal(made, 0);
  other?.close();
  const watchers = [new Recorder(), new Recorder(), new Recorder()];
  for (const watcher of watchers) bus.watch({}, watcher);
  bus.publish(event);
  await clock.advance(0);
  assert.equal(made, 1);
  for (const watcher of watchers) assert.deepEqual(watcher.texts, ['{"made":1}']);
});

test('nothing is sent after a watch is closed, by the watcher itself in the middle of a round included', async () => {
  const { clock, bus } = setUp();
  const watcher = new Recorder();
  const watch = bus.watch({}, watcher);
  watcher.send = (text) => {
    watcher.texts.push(text);
    watch?.close();
    watch?.close();
    throw new Error('closed already, so this is nobody’s business');
  };
  bus.publish(final(1));
  bus.publish(final(2));
  await clock.advance(100);
  assert.equal(watcher.texts.length, 1);
  assert.deepEqual(watcher.dropped, []);
  assert.equal(bus.watchers, 0);
});

test('a slow watcher loses its oldest events, and goes on where it is when it has caught up', async () => {
  const { clock, bus } = setUp();
  const watcher = new Recorder();
  watcher.buffered = BUFFERED_BYTES_MAX + 1;
  const watch = bus.watch({}, watcher);
  for (let turn = 0; turn < QUEUED_EVENTS_MAX + 10; turn += 1) bus.publish(final(turn));
  await clock.advance(1_000);
  assert.equal(watch?.lostEvents, 10);
  assert.equal(bus.lostEvents, 10);
  assert.deepEqual(watcher.texts, []);
  watcher.buffered = 0;
  await clock.advance(100);
  assert.deepEqual(
    watcher.turns,
    Array.from({ length: QUEUED_EVENTS_MAX }, (_unused, index) => index + 10),
  );
  assert.equal(clock.pendingTimers, 0);
});

test('a watcher that never catches up is dropped, and told why', async () => {
  const { clock, bus } = setUp();
  const dead = new Recorder();
  dead.buffered = BUFFERED_BYTES_MAX + 1;
  bus.watch({}, dead);
  for (let turn = 0; turn < QUEUED_EVENTS_MAX + LOST_EVENTS_MAX; turn += 1) bus.publish(final(turn));
  await clock.advance(100);
  assert.deepEqual(dead.dropped, ['slow']);
  assert.equal(bus.watchers, 0);
  await clock.advance(1_000);
  assert.equal(clock.pendingTimers, 0);
});

test('a fast watcher is not made to wait for the next chance of a slow one', async () => {
  const { clock, bus } = setUp();
  const slow = new Recorder();
  slow.buffered = BUFFERED_BYTES_MAX + 1;
  const fast = new Recorder();
  bus.watch({}, slow);
  bus.watch({}, fast);
  bus.publish(final(1));
  await clock.advance(0);
  bus.publish(final(2));
  await clock.advance(0);
  assert.deepEqual(fast.turns, [1, 2]);
});

test('more watchers than there is room for are refused', () => {
  const { bus } = setUp();
  for (let count = 0; count < WATCHERS_MAX; count += 1) assert.ok(bus.watch({}, new Recorder()));
  assert.equal(bus.watch({}, new Recorder()), undefined);
});

test('a closed bus sends nothing and leaves no timer', async () => {
  const { clock, bus } = setUp();
  const watcher = new Recorder();
  const slow = new Recorder();
  slow.buffered = BUFFERED_BYTES_MAX + 1;
  bus.watch({}, watcher);
  bus.watch({}, slow);
  bus.publish(final(1));
  await clock.advance(0);
  bus.publish(final(2));
  bus.close();
  await clock.advance(1_000);
  assert.deepEqual(watcher.turns, [1]);
  assert.equal(bus.watchers, 0);
  assert.equal(clock.pendingTimers, 0);
});

type Fault = 'none' | 'throws in send' | 'throws in bufferedBytes' | 'throws in onDropped' | 'dead' | 'slow';

function faulty(fault: Fault, at: number): Watcher {
  let calls = 0;
  const due = (): boolean => (calls += 1) > at;
  return {
    send() {
      if ((fault === 'throws in send' || fault === 'throws in onDropped') && due()) throw new Error(fault);
    },
    bufferedBytes() {
      if (fault === 'throws in bufferedBytes' && due()) throw new Error(fault);
      if (fault === 'dead') return Infinity;
      return fault === 'slow' && due() && calls % 3 > 0 ? BUFFERED_BYTES_MAX + 1 : 0;
    },
    onDropped() {
      if (fault === 'throws in onDropped') throw new Error(fault);
    },
  };
}

test('a dead, slow or throwing watcher never throws into publish and never costs the others an event', async () => {
  const faults = fc.constantFrom<Fault>(
    'none',
    'throws in send',
    'throws in bufferedBytes',
    'throws in onDropped',
    'dead',
    'slow',
  );
  await fc.assert(
    fc.asyncProperty(
      fc.boolean(),
      fc.array(fc.tuple(faults, fc.nat(20)), { maxLength: 8 }),
      fc.array(fc.nat(200), { minLength: 1, maxLength: 12 }),
      async (background, others, bursts) => {
        const { clock, bus } = setUp(background);
        const [first, last] = [new Recorder(), new Recorder()];
        bus.watch({}, first);
        for (const [fault, at] of others) bus.watch({}, faulty(fault, at));
        bus.watch({}, last);
        let published = 0;
        for (const burst of bursts) {
          for (let count = 0; count < burst; count += 1) bus.publish(final((published += 1)));
          await clock.advance(5);
        }
        await clock.advance(10);
        const all = Array.from({ length: published }, (_unused, index) => index + 1);
        assert.deepEqual(first.turns, all);
        assert.deepEqual(last.turns, all);
        bus.close();
        assert.equal(clock.pendingTimers, 0);
      },
    ),
    { numRuns: 40 },
  );
});
