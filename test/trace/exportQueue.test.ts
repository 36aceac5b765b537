import assert from 'node:assert/strict';
import test from 'node:test';
import { silentLogger, type LogFields } from '../../src/base/logger.ts';
import {
  BATCH_MAX,
  CLOSE_MS_MAX,
  EXPORT_MS_MAX,
  ExportQueue,
  QUEUE_MAX,
} from '../../src/trace/exportQueue.ts';
import { settle, VirtualClock } from '../helpers/virtualClock.ts';

interface Told {
  readonly message: string;
  readonly fields: LogFields;
}

class QueueRig {
  readonly clock = new VirtualClock();
  readonly batches: (readonly number[])[] = [];
  readonly told: Told[] = [];
  /** What becomes of the next batches. */
  collector: () => Promise<void> = () => Promise.resolve();
  readonly queue = new ExportQueue<number>({
    clock: this.clock,
    logger: {
      ...silentLogger,
      info: (fields, message) => void this.told.push({ message, fields }),
      warn: (fields, message) => void this.told.push({ message, fields }),
    },
    send: (batch) => {
      this.batches.push(batch);
      return this.collector();
    },
  });
  #next = 0;

  add(count: number): void {
    for (let added = 0; added < count; added += 1) this.queue.add(this.#next++);
  }

  async pass(ms: number): Promise<void> {
    await this.clock.advance(ms);
    await settle();
  }
}

const never = (): Promise<void> => new Promise(() => undefined);
const refused = (): Promise<void> => Promise.reject(new Error('connection refused'));

test('what comes within a second goes out together, and not while it is being added', async () => {
  const rig = new QueueRig();
  rig.add(3);
  assert.equal(rig.batches.length, 0);
  await rig.pass(1_000);
  assert.deepEqual(rig.batches, [[0, 1, 2]]);
  assert.equal(rig.clock.pendingTimers, 0);
});

test('a full batch goes out at once, and one after the other', async () => {
  const rig = new QueueRig();
  rig.add(BATCH_MAX * 2 + 1);
  assert.equal(rig.batches.length, 0);
  await rig.pass(1);
  await rig.pass(1);
  assert.deepEqual(
    rig.batches.map((batch) => batch.length),
    [BATCH_MAX, BATCH_MAX],
  );
  await rig.pass(1_000);
  assert.deepEqual(rig.batches.at(-1), [BATCH_MAX * 2]);
});

test('with a collector that hangs the queue stays within its bound, the oldest go, and it is told once', async () => {
  const rig = new QueueRig();
  rig.collector = never;
  rig.add(BATCH_MAX);
  await rig.pass(1);
  rig.add(QUEUE_MAX * 3);
  assert.equal(rig.batches.length, 1);
  assert.equal(rig.queue.dropped, QUEUE_MAX * 2);
  assert.deepEqual(
    rig.told.map(({ message }) => message),
    ['spans are dropped'],
  );
  // What was lost with the request that nobody answered is counted as well.
  await rig.pass(EXPORT_MS_MAX);
  assert.equal(rig.queue.dropped, QUEUE_MAX * 2 + BATCH_MAX);
  assert.equal(rig.told.length, 1);
  rig.collector = () => Promise.resolve();
  await rig.pass(EXPORT_MS_MAX);
  await rig.pass(1_000);
  const [newest] = rig.batches.at(-1)?.slice(-1) ?? [];
  assert.equal(newest, BATCH_MAX + QUEUE_MAX * 3 - 1);
});

test('a collector that is away is told of once, and once when it is back', async () => {
  const rig = new QueueRig();
  rig.collector = refused;
  for (let second = 0; second < 5; second += 1) {
    rig.add(2);
    await rig.pass(1_000);
  }
  assert.equal(rig.queue.dropped, 10);
  rig.collector = () => Promise.resolve();
  rig.add(1);
  await rig.pass(1_000);
  assert.deepEqual(rig.told, [
    { message: 'spans are dropped', fields: { failure: 'connection refused', count: 2 } },
    { message: 'traces are exported again', fields: { dropped: 10 } },
  ]);
});

test('closing sends what is left, and takes nothing more', async () => {
  const rig = new QueueRig();
  rig.add(BATCH_MAX + 5);
  await rig.queue.close();
  assert.deepEqual(
    rig.batches.map((batch) => batch.length),
    [BATCH_MAX, 5],
  );
  rig.add(1);
  await rig.queue.close();
  assert.equal(rig.queue.dropped, 1);
  assert.equal(rig.clock.pendingTimers, 0);
});

test('closing does not wait for a collector that hangs', async () => {
  const rig = new QueueRig();
  rig.collector = never;
  rig.add(BATCH_MAX + 5);
  let closed = false;
  void rig.queue.close().then(() => {
    closed = true;
  });
  await rig.pass(CLOSE_MS_MAX - 1);
  assert.equal(closed, false);
  await rig.pass(1);
  assert.equal(closed, true);
  // The five that were not even tried.
  assert.equal(rig.queue.dropped, 5);
});
