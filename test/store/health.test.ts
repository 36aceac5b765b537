import assert from 'node:assert/strict';
import test from 'node:test';
import { silentLogger } from '../../src/base/logger.ts';
import { watchDatabase } from '../../src/store/health.ts';
import { VirtualClock } from '../helpers/virtualClock.ts';

test('a database that stops answering is down until it answers again, and each change is said once', async () => {
  const clock = new VirtualClock();
  const said: string[] = [];
  let broken = false;
  const reader = { ping: () => (broken ? Promise.reject(new Error('gone')) : Promise.resolve()) };
  const logger = {
    ...silentLogger,
    info: (_fields: unknown, text: string) => void said.push(text),
    error: (_fields: unknown, text: string) => void said.push(text),
  };
  const health = watchDatabase(reader, clock, logger);
  assert.equal(health.up, true);
  broken = true;
  await clock.advance(11_000);
  assert.equal(health.up, false);
  broken = false;
  await clock.advance(5_000);
  assert.equal(health.up, true);
  assert.deepEqual(said, ['the database does not answer', 'the database answers again']);
  health.close();
  assert.equal(clock.pendingTimers, 0);
});

test('a question under way when it is closed is the last one', async () => {
  const clock = new VirtualClock();
  let asked = 0;
  const reader = {
    ping: () => {
      asked += 1;
      return Promise.resolve();
    },
  };
  const health = watchDatabase(reader, clock, silentLogger);
  await clock.advance(5_000);
  health.close();
  await clock.advance(60_000);
  assert.equal(asked, 1);
  assert.equal(clock.pendingTimers, 0);
});
