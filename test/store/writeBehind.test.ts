import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import type { Write } from '../../src/store/commit.ts';
import type { TurnRow } from '../../src/store/port.ts';
import { WriteBehind } from '../../src/store/writeBehind.ts';
import { settle, VirtualClock } from '../helpers/virtualClock.ts';

class DatabaseError extends Error {
  readonly code: string;
  constructor(code: string) {
    super(`SQLSTATE ${code}`);
    this.code = code;
  }
}

/** A database that keeps what is committed, and fails as it is told. */
class FakeDatabase {
  readonly commits: number[][] = [];
  fail: ((indexes: readonly number[]) => Error | undefined) | undefined;
  missing = 0;

  async commit(writes: readonly Write[]): Promise<number> {
    await Promise.resolve();
    const indexes = writes.map((write) => (write.kind === 'turnFinished' ? write.turn.index : -1));
    const error = this.fail?.(indexes);
    if (error !== undefined) throw error;
    this.commits.push(indexes);
    return this.missing;
  }

  get rows(): number[] {
    return this.commits.flat();
  }
}

function setUp(options: { batching?: boolean; waitingRowsMax?: number } = {}) {
  const clock = new VirtualClock();
  const database = new FakeDatabase();
  const seen = { dropped: 0, committed: 0, errors: 0, attempts: 0 };
  const writer = new WriteBehind({
    commit: (writes) => {
      seen.attempts += 1;
      return database.commit(writes);
    },
    batching: options.batching ?? true,
    clock,
    onDropped: (rows) => (seen.dropped += rows),
    onCommit: (_durationMs, rows) => (seen.committed += rows),
    onError: () => (seen.errors += 1),
    ...(options.waitingRowsMax !== undefined && { waitingRowsMax: options.waitingRowsMax }),
  });
  return { clock, database, seen, writer };
}

function turn(index: number): TurnRow {
  return {
    callSid: 'CA1',
    part: 0,
    index,
    callerText: '',
    agentText: '',
    heardText: '',
    interrupted: false,
    source: 'generated',
    speculated: false,
    startedAt: new Date(0),
    timings: {},
  };
}

const range = (count: number): number[] => Array.from({ length: count }, (_unused, index) => index);
const away = (): Error => new DatabaseError('57P01');

test('what comes within 50 ms is one commit', async () => {
  const { clock, database, seen, writer } = setUp();
  void writer.turnFinished(turn(0));
  await clock.advance(30);
  void writer.turnFinished(turn(1));
  assert.deepEqual(database.commits, []);
  assert.equal(writer.pendingWrites, 2);
  await clock.advance(20);
  assert.deepEqual(database.commits, [[0, 1]]);
  assert.equal(writer.pendingWrites, 0);
  assert.equal(seen.committed, 2);
  assert.equal(clock.pendingTimers, 0);
});

test('a full batch does not wait for the 50 ms', async () => {
  const { database, writer } = setUp();
  for (const index of range(1_200)) void writer.turnFinished(turn(index));
  await settle();
  assert.deepEqual(
    database.commits.map((rows) => rows.length),
    [500, 500],
  );
  assert.deepEqual(database.rows, range(1_000));
});

test('with batching switched off each row is a transaction of its own', async () => {
  const { clock, database, writer } = setUp({ batching: false });
  for (const index of range(3)) void writer.turnFinished(turn(index));
  await settle();
  assert.deepEqual(database.commits, [[0], [1], [2]]);
  assert.equal(clock.pendingTimers, 0);
});

test('while the database is away the same rows are tried again, after 100 ms and then up to 5 s', async () => {
  const { clock, database, seen, writer } = setUp();
  database.fail = away;
  for (const index of range(3)) void writer.turnFinished(turn(index));
  const tries: number[] = [];
  for (let elapsedMs = 0; elapsedMs < 30_000; elapsedMs += 50) {
    const before = seen.attempts;
    await clock.advance(50);
    if (seen.attempts > before) tries.push(clock.nowMs());
  }
  const waits = tries.slice(1).map((atMs, index) => atMs - (tries[index] ?? 0));
  assert.deepEqual(waits, [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000, 5_000]);
  assert.equal(seen.errors, tries.length);
  void writer.turnFinished(turn(3));
  database.fail = undefined;
  await clock.advance(6_000);
  assert.deepEqual(database.commits, [[0, 1, 2], [3]]);
  assert.equal(seen.dropped, 0);
});

test('a full queue does not make it hammer a database that is away', async () => {
  const { clock, database, seen, writer } = setUp();
  database.fail = away;
  void writer.turnFinished(turn(0));
  await clock.advance(1_000);
  const before = seen.attempts;
  for (const index of range(2_000)) void writer.turnFinished(turn(index));
  await clock.advance(10);
  assert.equal(seen.attempts, before);
});

test('of a batch with a row that the database refuses, only that row is given up', async () => {
  const { clock, database, seen, writer } = setUp();
  database.fail = (indexes) => (indexes.includes(2) ? new DatabaseError('22P02') : undefined);
  for (const index of range(5)) void writer.turnFinished(turn(index));
  await clock.advance(60);
  assert.deepEqual(database.rows, [0, 1, 3, 4]);
  assert.equal(seen.dropped, 1);
  assert.equal(writer.pendingWrites, 0);
});

test('a database that goes away while rows are tried singly costs none of the rest', async () => {
  const { clock, database, seen, writer } = setUp();
  database.fail = (indexes) => {
    if (indexes.includes(1)) return new DatabaseError('23514');
    return seen.attempts === 4 ? away() : undefined;
  };
  for (const index of range(4)) void writer.turnFinished(turn(index));
  await clock.advance(1_000);
  assert.deepEqual(database.rows, [0, 2, 3]);
  assert.equal(seen.dropped, 1);
});

test('an error that is not of the data never costs a row', async () => {
  const { clock, database, seen, writer } = setUp();
  const errors = [new TypeError('a bug of a driver'), new DatabaseError('42P01'), new Error('ECONNREFUSED')];
  database.fail = () => errors.pop();
  void writer.turnFinished(turn(0));
  await clock.advance(2_000);
  assert.deepEqual(database.rows, [0]);
  assert.equal(seen.dropped, 0);
});

test('too many rows while the database is away: the oldest are given up, and counted', async () => {
  const { clock, database, seen, writer } = setUp({ waitingRowsMax: 10 });
  database.fail = away;
  void writer.turnFinished(turn(0));
  await clock.advance(60);
  for (const index of range(15)) void writer.turnFinished(turn(index + 1));
  assert.equal(seen.dropped, 5);
  assert.equal(writer.pendingWrites, 11);
  database.fail = undefined;
  await clock.advance(10_000);
  assert.deepEqual(database.rows, [0, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
});

test('fields for a lead that does not exist are counted as dropped', async () => {
  const { clock, database, seen, writer } = setUp();
  database.missing = 1;
  writer.leadFields('nobody', { a: 'b' });
  await clock.advance(50);
  assert.equal(seen.dropped, 1);
});

test('a flush does not wait for others to join, and resolves when its rows are in', async () => {
  const { clock, database, writer } = setUp();
  void writer.turnFinished(turn(0));
  await writer.flush(1_000);
  assert.deepEqual(database.rows, [0]);
  assert.equal(clock.nowMs(), 0);
  assert.equal(clock.pendingTimers, 0);
  await writer.flush(1_000);
});

test('a flush gives up after its time, and the rows are still kept', async () => {
  const { clock, database, writer } = setUp();
  database.fail = away;
  void writer.turnFinished(turn(0));
  let flushed = false;
  const flushing = writer.flush(1_000).then(() => (flushed = true));
  await clock.advance(999);
  assert.equal(flushed, false);
  await clock.advance(1);
  await flushing;
  database.fail = undefined;
  await clock.advance(10_000);
  assert.deepEqual(database.rows, [0]);
});

test('a flush of rows that are refused resolves: they are given up', async () => {
  const { database, writer } = setUp();
  database.fail = () => new DatabaseError('22001');
  void writer.turnFinished(turn(0));
  await writer.flush(1_000);
  assert.equal(writer.pendingWrites, 0);
});

test('closing commits what waits, and what comes afterwards is counted as dropped', async () => {
  const { clock, database, seen, writer } = setUp();
  void writer.turnFinished(turn(0));
  await writer.close();
  await writer.close();
  assert.deepEqual(database.rows, [0]);
  void writer.turnFinished(turn(1));
  assert.equal(seen.dropped, 1);
  assert.equal(clock.pendingTimers, 0);
});

test('closing without a database ends within seconds and counts what is lost', async () => {
  const { clock, database, seen, writer } = setUp();
  database.fail = away;
  for (const index of range(3)) void writer.turnFinished(turn(index));
  const closing = writer.close();
  await clock.advance(5_000);
  await closing;
  assert.equal(seen.dropped, 3);
  assert.equal(writer.pendingWrites, 0);
  assert.equal(clock.pendingTimers, 0);
});

test('whatever fails and whenever, rows are committed in order and each is committed or counted', async () => {
  const fault = fc.constantFrom('ok', 'ok', 'away', 'data');
  await fc.assert(
    fc.asyncProperty(
      fc.boolean(),
      fc.array(fc.tuple(fc.integer({ min: 0, max: 7 }), fc.nat(300)), { minLength: 1, maxLength: 20 }),
      fc.array(fault, { maxLength: 40 }),
      async (batching, bursts, faults) => {
        const { clock, database, seen, writer } = setUp({ batching, waitingRowsMax: 20 });
        database.fail = () => {
          const next = faults.shift();
          if (next === 'away') return away();
          return next === 'data' ? new DatabaseError('22003') : undefined;
        };
        let accepted = 0;
        for (const [rows, pauseMs] of bursts) {
          for (let row = 0; row < rows; row += 1) void writer.turnFinished(turn((accepted += 1)));
          await clock.advance(pauseMs);
        }
        const closing = writer.close();
        await clock.advance(10_000);
        await closing;
        const rows = database.rows;
        assert.deepEqual(
          rows,
          rows.toSorted((a, b) => a - b),
        );
        assert.equal(new Set(rows).size, rows.length);
        assert.equal(rows.length + seen.dropped, accepted);
        assert.equal(seen.committed, rows.length);
        assert.equal(clock.pendingTimers, 0);
      },
    ),
    { numRuns: 40 },
  );
});
