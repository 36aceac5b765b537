import assert from 'node:assert/strict';
import test from 'node:test';
import { Overload, WINDOW_MS, type OverloadReason } from '../../src/server/overload.ts';
import { VirtualClock } from '../helpers/virtualClock.ts';

/** A process with 20 samples of its event loop a second and 1,000 messages of audio. */
class Process {
  readonly clock = new VirtualClock();
  readonly changes: (OverloadReason | undefined)[] = [];
  calls = 40;
  readonly overload = new Overload({
    clock: this.clock,
    lagMsMax: 100,
    lateMsMax: 80,
    activeCalls: () => this.calls,
    onChange: (reason) => this.changes.push(reason),
  });

  /** `share` of the samples are `highMs`, the others nothing. */
  async run(durationMs: number, what: 'lag' | 'late', highMs: number, share: number): Promise<void> {
    let high = 0;
    for (let i = 1; i <= durationMs / 50; i += 1) {
      await this.clock.advance(50);
      for (let k = 0; k < (what === 'lag' ? 1 : 50); k += 1) {
        const samples = what === 'lag' ? i : (i - 1) * 50 + k + 1;
        const due = Math.floor(samples * share) > high;
        if (due) high += 1;
        if (what === 'lag') this.overload.lagged(due ? highMs : 1);
        else this.overload.wroteLate(due ? highMs : 1);
      }
    }
  }
}

test('a process whose audio is late for more than one message in a hundred takes no more calls', async () => {
  const process = new Process();
  await process.run(20_000, 'late', 81, 0.009);
  assert.equal(process.overload.reason, undefined);
  await process.run(10_000, 'late', 81, 0.02);
  assert.equal(process.overload.reason, 'playout_late');
  assert.deepEqual(process.changes, ['playout_late']);
});

test('so does one whose event loop lags', async () => {
  const process = new Process();
  await process.run(6_000, 'lag', 101, 0.1);
  assert.equal(process.overload.reason, 'event_loop_lag');
});

test('a bound that is met is kept', async () => {
  const process = new Process();
  await process.run(6_000, 'late', 80, 1);
  await process.run(6_000, 'lag', 100, 1);
  assert.deepEqual(process.changes, []);
});

test('one stall is no overload', async () => {
  const process = new Process();
  await process.run(5_000, 'lag', 0, 0);
  process.overload.lagged(2_000);
  await process.run(10_000, 'lag', 0, 0);
  assert.deepEqual(process.changes, []);
});

test('it does not flap: between half the bound and the bound it stays as it was', async () => {
  const process = new Process();
  await process.run(10_000, 'late', 60, 0.5);
  assert.equal(process.overload.reason, undefined);
  await process.run(10_000, 'late', 90, 0.5);
  assert.equal(process.overload.reason, 'playout_late');
  await process.run(30_000, 'late', 60, 0.5);
  assert.equal(process.overload.reason, 'playout_late');
  await process.run(WINDOW_MS + 2_000, 'late', 39, 0.5);
  assert.equal(process.overload.reason, undefined);
  assert.deepEqual(process.changes, ['playout_late', undefined]);
});

test('it is over only when the whole window was calm', async () => {
  const process = new Process();
  await process.run(10_000, 'late', 90, 0.5);
  await process.run(WINDOW_MS - 2_000, 'late', 0, 0);
  assert.equal(process.overload.reason, 'playout_late');
  await process.run(3_000, 'late', 0, 0);
  assert.equal(process.overload.reason, undefined);
});

test('without a call there is no overload, and what was measured then is not held against the first', async () => {
  const process = new Process();
  process.calls = 0;
  await process.run(10_000, 'lag', 500, 1);
  assert.equal(process.overload.reason, undefined);
  process.calls = 1;
  await process.run(6_000, 'lag', 1, 1);
  assert.deepEqual(process.changes, []);
  await process.run(6_000, 'lag', 500, 1);
  assert.equal(process.overload.reason, 'event_loop_lag');
  process.calls = 0;
  assert.equal(process.overload.reason, undefined);
});

test('what is not asked for a long time has been forgotten', async () => {
  const process = new Process();
  await process.run(10_000, 'late', 90, 0.5);
  await process.clock.advance(2 * WINDOW_MS);
  assert.equal(process.overload.reason, undefined);
});
