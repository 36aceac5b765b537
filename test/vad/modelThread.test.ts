import assert from 'node:assert/strict';
import test from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { openBatch } from '../../src/vad/batch.ts';
import { openModelThread } from '../../src/vad/modelThread.ts';
import { startThread } from '../../src/base/thread.ts';
import { until } from '../helpers/until.ts';

test('the thread answers batches in the order in which they were asked, until it is closed', async () => {
  const batches = [openBatch(), openBatch()];
  const answered: number[] = [];
  const failures: Error[] = [];
  const thread = await openModelThread(
    batches,
    { answered: (batch) => answered.push(batch), failed: (error) => failures.push(error) },
    systemClock,
  );
  for (const batch of batches) batch.fresh.fill(1);
  thread.ask(1, 32);
  thread.ask(0, 1);
  await until(() => answered.length === 2, 'both batches are answered', 10_000);
  assert.deepEqual(answered, [1, 0]);
  assert.ok(batches.every(({ probabilities }) => (probabilities[0] ?? 0) > 0 && (probabilities[0] ?? 1) < 1));
  thread.ask(0, 1);
  await thread.close();
  await thread.close();
  assert.deepEqual([answered, failures], [[1, 0], []]);
});

test('a thread that dies is reported once, and closing it then is nothing', async () => {
  const failures: Error[] = [];
  const thread = await openModelThread(
    [openBatch()],
    { answered: () => assert.fail('there is nothing to answer'), failed: (error) => failures.push(error) },
    systemClock,
  );
  thread.ask(99, 1);
  await until(() => failures.length > 0, 'the death is reported', 10_000);
  thread.ask(0, 1);
  await thread.close();
  assert.match(failures[0]?.message ?? '', /no batch 99/);
  assert.equal(failures.length, 1);
});

test('a module that is not there is an error of the thread', async () => {
  const worker = startThread(import.meta.url, 'nothingOfThatName', undefined);
  const error = await new Promise((resolve) => worker.once('error', resolve));
  assert.match(String(error), /nothingOfThatName/);
});
