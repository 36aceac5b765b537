import assert from 'node:assert/strict';
import test from 'node:test';
import type { LogFields, Logger } from '../../src/base/logger.ts';
import { CLOSE_MS_MAX, Drain, HAND_OVER_MS_MAX, type Drainable } from '../../src/drain.ts';
import { VirtualClock } from '../helpers/virtualClock.ts';

interface Rig {
  readonly drain: Drain;
  readonly clock: VirtualClock;
  /** What the gateway was asked, and the exit, in order. */
  readonly asked: string[];
  readonly log: string[];
  readonly calls: { activeCount: number };
  /** The last call is over. */
  idle(): void;
  handedOver(): void;
  failDrain(): void;
}

function openRig(change: Partial<Drainable> = {}): Rig {
  const clock = new VirtualClock();
  const asked: string[] = [];
  const log: string[] = [];
  const calls = { activeCount: 2 };
  const ends: Record<string, () => void> = {};
  const fails: { drain?: (error: Error) => void } = {};
  const note = (level: string) => (fields: LogFields, message: string) =>
    void log.push(`${level} ${message} ${JSON.stringify(fields)}`);
  const logger: Logger = {
    debug: note('debug'),
    info: note('info'),
    warn: note('warn'),
    error: note('error'),
    child: () => logger,
  };
  const gateway: Drainable = {
    calls,
    drain: () => {
      asked.push('drain');
      return new Promise((resolve, reject) => {
        ends['drain'] = resolve;
        fails.drain = reject;
      });
    },
    handOver: () => {
      asked.push('handOver');
      return new Promise((resolve) => void (ends['handOver'] = resolve));
    },
    close: async () => void asked.push('close'),
    ...change,
  };
  const exit = (code: number): void => void asked.push(`exit ${code}`);
  return {
    drain: new Drain({ gateway, logger, clock, drainMs: 60_000, exit }),
    clock,
    asked,
    log,
    calls,
    idle: () => ends['drain']?.(),
    handedOver: () => ends['handOver']?.(),
    failDrain: () => fails.drain?.(new Error('no')),
  };
}

test('a signal lets the calls end by themselves, and then the process', async () => {
  const { drain, clock, asked, idle } = openRig();
  drain.signalled();
  await clock.advance(59_999);
  assert.deepEqual(asked, ['drain']);
  idle();
  await clock.advance(0);
  assert.deepEqual(asked, ['drain', 'close', 'exit 0']);
  assert.equal(clock.pendingTimers, 0);
});

test('what is left at the deadline is handed over, which is orderly', async () => {
  const { drain, clock, asked, handedOver } = openRig();
  drain.signalled();
  await clock.advance(60_000);
  assert.deepEqual(asked, ['drain', 'handOver']);
  handedOver();
  await clock.advance(0);
  assert.deepEqual(asked, ['drain', 'handOver', 'close', 'exit 0']);
  assert.equal(clock.pendingTimers, 0);
});

test('a second signal hands over now, a third ends at once', async () => {
  const { drain, clock, asked, log } = openRig();
  drain.signalled();
  await clock.advance(10);
  drain.signalled();
  await clock.advance(0);
  assert.deepEqual(asked, ['drain', 'handOver']);
  drain.signalled();
  await clock.advance(0);
  assert.deepEqual(asked, ['drain', 'handOver', 'close', 'exit 0']);
  assert.ok(log.some((line) => line.startsWith('warn calls are cut {"calls":2}')));
});

test('three signals in one breath end at once', async () => {
  const { drain, clock, asked } = openRig();
  for (let i = 0; i < 3; i += 1) drain.signalled();
  await clock.advance(0);
  assert.deepEqual(asked, ['drain', 'handOver', 'close', 'exit 0']);
});

test('a hand-over that does not end is not waited for without end', async () => {
  const { drain, clock, asked } = openRig();
  drain.signalled();
  drain.signalled();
  await clock.advance(HAND_OVER_MS_MAX);
  assert.deepEqual(asked.slice(-2), ['close', 'exit 0']);
});

test('the log says every ten seconds how far it is', async () => {
  const { drain, clock, log, calls } = openRig();
  drain.signalled();
  await clock.advance(10_000);
  calls.activeCount = 1;
  await clock.advance(10_000);
  assert.deepEqual(log, [
    'info draining {"calls":2,"secondsMax":60}',
    'info draining {"calls":2,"seconds":10,"secondsMax":60}',
    'info draining {"calls":1,"seconds":20,"secondsMax":60}',
  ]);
});

test('after a bug the calls are handed over at once, and the process has failed', async () => {
  const { drain, clock, asked, handedOver } = openRig();
  drain.failed(new Error('it broke'));
  drain.failed(new Error('again'));
  await clock.advance(0);
  assert.deepEqual(asked, ['drain', 'handOver']);
  handedOver();
  await clock.advance(0);
  assert.deepEqual(asked, ['drain', 'handOver', 'close', 'exit 1']);
});

test('a bug while it drains hurries it', async () => {
  const { drain, clock, asked, handedOver } = openRig();
  drain.signalled();
  await clock.advance(10);
  drain.failed(new Error('it broke'));
  await clock.advance(0);
  handedOver();
  await clock.advance(0);
  assert.deepEqual(asked, ['drain', 'handOver', 'close', 'exit 1']);
});

test('a drain that fails ends in a close and in failure', async () => {
  const { drain, clock, asked, failDrain, log } = openRig();
  drain.signalled();
  await clock.advance(0);
  failDrain();
  await clock.advance(0);
  assert.deepEqual(asked, ['drain', 'close', 'exit 1']);
  assert.ok(log.includes('error could not drain {"failure":"no"}'));
});

for (const [what, close] of [
  ['fails', async () => Promise.reject(new Error('no'))],
  ['hangs', async () => new Promise<void>(() => undefined)],
] as const) {
  test(`a close that ${what} is said, and the process ends all the same`, async () => {
    const { drain, clock, asked, idle, log } = openRig({ close });
    drain.signalled();
    await clock.advance(0);
    idle();
    await clock.advance(CLOSE_MS_MAX);
    assert.equal(asked.at(-1), 'exit 1');
    assert.ok(log.some((line) => line.startsWith('error ')));
  });
}
