import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import test from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { sleep } from '../../src/base/clock.ts';
import { ProviderError } from '../../src/base/errors.ts';
import { Hedging } from '../../src/base/hedging.ts';
import { LatencyWindow } from '../../src/base/latencyWindow.ts';
import { LostRace, race, type Contender } from '../../src/base/race.ts';
import { VirtualClock } from '../helpers/virtualClock.ts';

const down = new ProviderError('server', 'down', { stage: 'llm', provider: 'a' });
setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');
const USUAL_MS = [400, 500, 600, 700, 1_000];

/** Who answers its nth request after so many ms, or fails then. */
function racer(clock: VirtualClock, name: string, answers: readonly (number | ProviderError)[]) {
  const latencies = new LatencyWindow(clock);
  const signals: AbortSignal[] = [];
  const contender: Contender<string> = {
    latencies,
    async *run(signal) {
      signals.push(signal);
      const answer = answers[signals.length - 1] ?? 500;
      await sleep(clock, typeof answer === 'number' ? answer : 100, signal);
      if (typeof answer !== 'number') throw answer;
      yield `${name}${signals.length}`;
      await sleep(clock, 10, signal);
      yield 'end';
    },
  };
  return { contender, latencies, signals };
}

function learnt(...windows: readonly LatencyWindow[]): void {
  for (const window of windows) for (let i = 0; i < 40; i += 1) window.took(USUAL_MS[i % 5] ?? 0);
}

function ready(): Hedging {
  const hedging = new Hedging();
  for (let i = 0; i < 40; i += 1) hedging.asked();
  return hedging;
}

interface Run {
  readonly items: string[];
  readonly switches: string[];
  readonly result: Promise<unknown>;
  readonly stop: AbortController;
}

function run(clock: VirtualClock, contenders: readonly Contender<string>[], hedging?: Hedging): Run {
  const items: string[] = [];
  const switches: string[] = [];
  const stop = new AbortController();
  const work = async (): Promise<undefined> => {
    const options = {
      clock,
      hedging,
      begins: () => true,
      onSwitch: (_error: ProviderError, from: number, to: number) => void switches.push(`${from}>${to}`),
    };
    for await (const item of race(contenders, options, stop.signal)) items.push(item);
    return undefined;
  };
  return { items, switches, stop, result: work().catch((error: unknown) => error) };
}

test('one that is in time is the only one asked', async () => {
  const clock = new VirtualClock();
  const [a, b] = [racer(clock, 'a', [600]), racer(clock, 'b', [])];
  learnt(a.latencies, b.latencies);
  const told = run(clock, [a.contender, b.contender], ready());
  await clock.advance(2_000);
  assert.deepEqual([told.items, b.signals.length], [['a1', 'end'], 0]);
  assert.equal(clock.pendingTimers, 0);
});

test('beside one that is late the next is asked, and the first to answer gives all of it', async () => {
  const clock = new VirtualClock();
  const [a, b] = [racer(clock, 'a', [5_000]), racer(clock, 'b', [300])];
  learnt(a.latencies, b.latencies);
  const told = run(clock, [a.contender, b.contender], ready());
  await clock.advance(1_400);
  assert.equal(await told.result, undefined);
  assert.deepEqual(told.items, ['b1', 'end']);
  assert.ok(a.signals[0]?.reason instanceof LostRace, 'the loser was told to stop');
  assert.equal(clock.pendingTimers, 0, 'and has stopped');
  assert.deepEqual(told.switches, []);
});

test('the first may still win against the second', async () => {
  const clock = new VirtualClock();
  const [a, b] = [racer(clock, 'a', [1_050]), racer(clock, 'b', [900])];
  learnt(a.latencies, b.latencies);
  const told = run(clock, [a.contender, b.contender], ready());
  await clock.advance(3_000);
  assert.deepEqual(told.items, ['a1', 'end']);
  assert.ok(b.signals[0]?.reason instanceof LostRace);
});

test('the last of the list is asked once more itself, and no more than once', async () => {
  const clock = new VirtualClock();
  const a = racer(clock, 'a', [30_000, 400, 1]);
  learnt(a.latencies);
  const told = run(clock, [a.contender], ready());
  await clock.advance(2_000);
  assert.deepEqual([told.items, a.signals.length], [['a2', 'end'], 2]);
});

test('nobody is asked twice before enough is known', async () => {
  const clock = new VirtualClock();
  const a = racer(clock, 'a', [5_000]);
  for (let i = 0; i < 19; i += 1) a.latencies.took(100);
  const told = run(clock, [a.contender], ready());
  await clock.advance(6_000);
  assert.deepEqual([told.items, a.signals.length], [['a1', 'end'], 1]);
});

test('nobody is asked twice when nothing was saved for it', async () => {
  const clock = new VirtualClock();
  const a = racer(clock, 'a', [5_000]);
  learnt(a.latencies);
  run(clock, [a.contender], new Hedging());
  await clock.advance(6_000);
  assert.equal(a.signals.length, 1);
});

test('when the first fails, the second that is under way goes on', async () => {
  const clock = new VirtualClock();
  const late = new ProviderError('first_output_timeout', 'late', { stage: 'llm', provider: 'a' });
  const slow = racer(clock, 'a', []);
  const a = {
    latencies: slow.latencies,
    async *run(signal: AbortSignal) {
      await sleep(clock, 1_100, signal);
      yield* [];
      throw late;
    },
  };
  const b = racer(clock, 'b', [900]);
  learnt(a.latencies, b.latencies);
  const told = run(clock, [a, b.contender], ready());
  await clock.advance(3_000);
  assert.deepEqual([told.items, told.switches], [['b1', 'end'], ['0>1']]);
});

test('when both fail, the one after them is asked; after the last the failure is thrown', async () => {
  const clock = new VirtualClock();
  const [a, b, c] = [racer(clock, 'a', [down]), racer(clock, 'b', [down]), racer(clock, 'c', [50])];
  const told = run(clock, [a.contender, b.contender, c.contender]);
  await clock.advance(1_000);
  assert.deepEqual(
    [told.items, told.switches],
    [
      ['c1', 'end'],
      ['0>1', '1>2'],
    ],
  );
  const again = run(clock, [racer(clock, 'a', [down]).contender]);
  await clock.advance(1_000);
  assert.equal(await again.result, down);
});

test('an abort ends all of it with its reason', async () => {
  const clock = new VirtualClock();
  const [a, b] = [racer(clock, 'a', [5_000]), racer(clock, 'b', [5_000])];
  learnt(a.latencies, b.latencies);
  const told = run(clock, [a.contender, b.contender], ready());
  await clock.advance(1_500);
  assert.equal(b.signals.length, 1);
  const reason = new Error('barge-in');
  told.stop.abort(reason);
  await clock.advance(0);
  assert.equal(await told.result, reason);
  assert.deepEqual([a.signals[0]?.aborted, b.signals[0]?.aborted, clock.pendingTimers], [true, true, 0]);
});

test('what was broken off counts as at least so late', async () => {
  const clock = new VirtualClock();
  const a = racer(
    clock,
    'a',
    Array.from({ length: 25 }, () => 9_000),
  );
  for (let i = 0; i < 25; i += 1) a.latencies.took(100);
  for (let i = 0; i < 25; i += 1) {
    const told = run(clock, [a.contender]);
    await clock.advance(500);
    told.stop.abort(new Error('enough'));
    await told.result;
  }
  assert.equal(a.latencies.quantileMs(0.4), 100);
  assert.equal(a.latencies.quantileMs(0.9), 500);
});

test('when it is over the signal holds nothing of it, whatever was collected meanwhile', async () => {
  const clock = new VirtualClock();
  const { contender } = racer(clock, 'a', [500]);
  const { signal } = new AbortController();
  const whole = AbortSignal.any([signal]);
  const items: string[] = [];
  const work = async (): Promise<void> => {
    for await (const item of race([contender], { clock, hedging: undefined, begins: () => true }, whole))
      items.push(item);
  };
  const over = work();
  await setImmediate();
  collectGarbage();
  await clock.advance(1_000);
  await over;
  assert.deepEqual(items, ['a1', 'end']);
  assert.deepEqual(getEventListeners(whole, 'abort'), []);
});
