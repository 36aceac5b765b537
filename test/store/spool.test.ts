// Rows on disk: what is there after a kill, a full disk, a flipped bit.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import fc from 'fast-check';
import { systemClock } from '../../src/base/clock.ts';
import type { Write } from '../../src/store/commit.ts';
import { Spool } from '../../src/store/spool.ts';
import { openSpoolIn } from '../../src/store/spoolFolder.ts';
import { decodeRecords, encodeRecord } from '../../src/store/spoolRecord.ts';
import { WriteBehind } from '../../src/store/writeBehind.ts';

function row(index: number, text = 'words'): Write & { kind: 'turnFinished' } {
  return {
    kind: 'turnFinished',
    turn: {
      callSid: 'CA1',
      part: 0,
      index,
      callerText: text,
      agentText: '',
      heardText: '',
      interrupted: false,
      source: 'generated',
      speculated: false,
      startedAt: new Date(1_000),
      timings: { response: 900 },
    },
  };
}

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'turnpike-spool-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function openSpool(folder: string, options: { segmentBytes?: number; bytesMax?: number } = {}) {
  const seen = { lost: 0, errors: 0 };
  const spool = await Spool.open({
    folder,
    clock: systemClock,
    onLost: (rows) => (seen.lost += rows),
    onError: () => (seen.errors += 1),
    ...options,
  });
  return { spool, seen };
}

async function readAll(spool: Spool): Promise<number[]> {
  const numbers: number[] = [];
  for (let after = 0; ; after = numbers.at(-1) ?? 0) {
    const rows = await spool.read(after, 7);
    if (rows.length === 0) return numbers;
    numbers.push(...rows.map(({ number }) => number));
  }
}

/** A writer on this folder, with a database that keeps what it is given while it is up. */
async function openWriter(folder: string, waitingRowsMax?: number) {
  const { spool, seen } = await openSpool(folder, { segmentBytes: 4_096 });
  const database = { up: true, rows: [] as number[], dropped: 0 };
  const writer = new WriteBehind({
    commit: async (writes) => {
      await Promise.resolve();
      if (!database.up) throw new Error('the database is away');
      database.rows.push(...writes.map((write) => (write.kind === 'turnFinished' ? write.turn.index : -1)));
      return 0;
    },
    batching: true,
    clock: systemClock,
    onDropped: (rows) => (database.dropped += rows),
    onCommit: () => undefined,
    onError: () => undefined,
    spool,
    ...(waitingRowsMax === undefined ? {} : { waitingRowsMax }),
  });
  return { writer, database, spool, seen };
}

test('a row is read as it was written, its times are times', () => {
  const all: Write[] = [
    row(3, 'Grüße \u{1f600}'),
    {
      kind: 'callStarted',
      call: {
        callSid: 'CA1',
        direction: 'inbound',
        agent: 'a',
        from: '+1',
        to: '+2',
        leadId: undefined,
        startedAt: new Date(5),
      },
    },
    {
      kind: 'callEnded',
      ended: { callSid: 'CA1', outcome: 'completed', endedAt: new Date(7), recording: 'x.wav' },
    },
    { kind: 'leadFields', leadId: 'l', fields: { at: 'noon', startedAt: 'Monday' }, at: new Date(9) },
  ];
  const bytes = Buffer.concat(all.map((write, number) => encodeRecord({ number, write })));
  const { rows, broken, tornBytes } = decodeRecords(bytes);
  assert.deepEqual(
    rows.map(({ write }) => write),
    all.map((write) => JSON.parse(JSON.stringify(write), revived) as Write),
  );
  assert.deepEqual([broken, tornBytes], [0, 0]);
});

function revived(this: unknown, key: string, value: unknown): unknown {
  const isTime = typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value);
  return isTime && ['startedAt', 'endedAt', 'at'].includes(key) ? new Date(value) : value;
}

test('wherever it is cut off, the rows before the cut are there', () => {
  const records = [row(0), row(1, 'more words'), row(2)].map((write, number) =>
    encodeRecord({ number: number + 1, write }),
  );
  const bytes = Buffer.concat(records);
  fc.assert(
    fc.property(fc.nat({ max: bytes.length }), (cutAt) => {
      const { rows, broken, tornBytes } = decodeRecords(bytes.subarray(0, cutAt));
      const ends = records.map((_record, index) => Buffer.concat(records.slice(0, index + 1)).length);
      const whole = ends.filter((end) => end <= cutAt);
      assert.deepEqual([rows.length, broken, tornBytes], [whole.length, 0, cutAt - (whole.at(-1) ?? 0)]);
    }),
  );
});

test('whatever bit is flipped, no row is read that was not written', () => {
  const writes = [row(0), row(1, 'more words'), row(2)];
  const bytes = Buffer.concat(writes.map((write, number) => encodeRecord({ number: number + 1, write })));
  fc.assert(
    fc.property(fc.nat({ max: bytes.length * 8 - 1 }), (bit) => {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      for (const { number, write } of decodeRecords(flipped).rows)
        assert.deepEqual(write, writes[number - 1]);
    }),
  );
});

test('what was left is read in order by the next process, and goes when it is settled', async (t) => {
  const folder = folderOf(t);
  const first = await openSpool(folder, { segmentBytes: 600 });
  for (let number = 1; number <= 20; number += 1)
    assert.equal(await first.spool.append(number, row(number)), true);
  assert.ok(readdirSync(folder).length > 3, 'several segments');
  await first.spool.close(0);
  const second = await openSpool(folder, { segmentBytes: 600 });
  assert.deepEqual([second.spool.oldest, second.spool.newest], [1, 20]);
  assert.deepEqual(
    await readAll(second.spool),
    Array.from({ length: 20 }, (_unused, index) => index + 1),
  );
  await second.spool.append(21, row(21));
  await second.spool.close(21);
  assert.deepEqual(readdirSync(folder), []);
});

test('a segment that was damaged gives what can be read of it, is counted and kept aside', async (t) => {
  const folder = folderOf(t);
  const records = [1, 2, 3].map((number) => encodeRecord({ number, write: row(number) }));
  const bytes = Buffer.concat(records);
  bytes[(records[0]?.length ?? 0) + 20] = 0;
  writeFileSync(path.join(folder, '0000000000000001.rows'), Buffer.concat([bytes, Buffer.from([9, 0, 0])]));
  const { spool, seen } = await openSpool(folder);
  assert.deepEqual(await readAll(spool), [1, 3]);
  assert.equal(seen.lost, 1);
  assert.ok(readdirSync(folder).some((name) => name.endsWith('.broken')));
  await spool.close(0);
});

test('beyond its bound the oldest segment goes, counted', async (t) => {
  const { spool, seen } = await openSpool(folderOf(t), { segmentBytes: 600, bytesMax: 2_000 });
  for (let number = 1; number <= 30; number += 1) await spool.append(number, row(number));
  assert.ok(spool.bytes <= 2_000);
  const left = await readAll(spool);
  assert.equal(left.length + seen.lost, 30);
  assert.equal(left.at(-1), 30);
  await spool.close(0);
});

test('while the database is away rows lie on disk, memory holds a few, and all are committed in order when it is back', async (t) => {
  const folder = folderOf(t);
  const { writer, database } = await openWriter(folder, 5);
  database.up = false;
  const safe: Promise<void>[] = [];
  for (let index = 0; index < 200; index += 1) safe.push(writer.turnFinished(row(index).turn));
  await Promise.all(safe);
  assert.equal(writer.pendingWrites, 200);
  database.up = true;
  await writer.flush(20_000);
  assert.deepEqual(
    database.rows,
    Array.from({ length: 200 }, (_unused, index) => index),
  );
  assert.deepEqual([database.dropped, writer.pendingWrites], [0, 0]);
  await writer.close();
  assert.deepEqual(readdirSync(folder), []);
});

test('a process that ends without its database leaves its rows to the next one, at once', async (t) => {
  const folder = folderOf(t);
  const first = await openWriter(folder);
  first.database.up = false;
  await Promise.all([0, 1, 2].map((index) => first.writer.turnFinished(row(index).turn)));
  await new Promise((resolve) => setTimeout(resolve, 120));
  const closingAtMs = systemClock.nowMs();
  await first.writer.close();
  assert.ok(systemClock.nowMs() - closingAtMs < 2_000, 'nothing to wait for');
  assert.equal(first.database.dropped, 0);
  const second = await openWriter(folder);
  await second.writer.turnFinished(row(3).turn);
  await second.writer.flush(10_000);
  assert.deepEqual(second.database.rows, [0, 1, 2, 3]);
  await second.writer.close();
});

test('a disk that can’t be written is told, rows go on in memory', async (t) => {
  const folder = path.join(folderOf(t), 'file');
  writeFileSync(folder, 'in the way');
  chmodSync(folder, 0o400);
  const { writer, database, spool, seen } = await openWriter(folder);
  assert.equal(spool.writable, false);
  await writer.turnFinished(row(0).turn);
  await writer.flush(5_000);
  assert.deepEqual(database.rows, [0]);
  assert.ok(seen.errors > 0);
  await writer.close();
});

test('killed at any moment, what was told to be finished is there', async (t) => {
  for (let round = 0; round < 6; round += 1) {
    const folder = folderOf(t);
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', path.join(import.meta.dirname, '..', 'helpers', 'spoolUntilKilled.ts'), folder],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let told = '';
    await new Promise<void>((resolve) => {
      child.stdout.on('data', (chunk: Buffer) => {
        if (told === '') setTimeout(() => child.kill('SIGKILL'), 5 + round * 23);
        told += chunk.toString();
      });
      child.once('exit', () => resolve());
    });
    const last = Number(/(\d+)\n[^\n]*$/.exec(told)?.[1]);
    assert.ok(last > 0, 'it had begun');
    const { spool } = await openSpool(folder);
    const kept = await readAll(spool);
    assert.ok(kept.length >= last, `told ${last}, kept ${kept.length}`);
    assert.deepEqual(
      kept,
      kept.map((_number, place) => place + 1),
    );
    await spool.close(0);
  }
});

test('two processes on one disk have a folder each, and what a dead one left is taken over', async (t) => {
  const parent = folderOf(t);
  const seen = { lost: 0, errors: [] as unknown[] };
  const options = {
    clock: systemClock,
    onLost: (rows: number) => (seen.lost += rows),
    onError: (error: unknown) => seen.errors.push(error),
  };
  const first = await openSpoolIn(parent, options);
  const second = await openSpoolIn(parent, options);
  await first.spool.append(1, row(1));
  await second.spool.append(1, row(2));
  await second.spool.append(2, row(3));
  await second.spool.close(0);
  await second.release();
  await first.spool.close(0);
  await first.release();
  const next = await openSpoolIn(parent, options);
  const left = [...(await next.spool.read(0, 10)), ...(await next.spool.read(1, 10))];
  assert.deepEqual(
    left.map(({ number, write }) => [number, write.kind === 'turnFinished' ? write.turn.index : -1]),
    [
      [1, 1],
      [2, 2],
      [3, 3],
    ],
  );
  assert.deepEqual(readdirSync(parent), ['0']);
  assert.deepEqual(seen, { lost: 0, errors: [] });
  await next.spool.close(3);
  await next.release();
});

test('what a segment holds is text that a person can read', async (t) => {
  const folder = folderOf(t);
  const { spool } = await openSpool(folder);
  await spool.append(1, row(1, 'readable'));
  const [name = ''] = readdirSync(folder);
  assert.match(readFileSync(path.join(folder, name), 'utf8'), /"callerText":"readable"/);
  await spool.close(0);
});

test('after a renewal no older row lies in a segment that is kept for newer ones', async (t) => {
  const folder = folderOf(t);
  const { spool } = await openSpool(folder);
  const inFiles = (): string =>
    readdirSync(folder)
      .map((name) => readFileSync(path.join(folder, name), 'utf8'))
      .join('');
  await spool.append(1, row(1, 'the first'));
  spool.settled(1);
  assert.match(inFiles(), /the first/, 'a segment is kept until it is full');
  await spool.append(2, row(2, 'the second'));
  spool.renew(2, 1);
  await spool.append(3, row(3, 'the third'));
  assert.match(inFiles(), /the second/, 'what is not committed stays');
  spool.settled(2);
  await spool.append(4, row(4, 'the fourth'));
  assert.doesNotMatch(inFiles(), /the first|the second/);
  assert.deepEqual(await readAll(spool), [3, 4]);
  spool.renew(4, 4);
  await spool.append(5, row(5, 'the fifth'));
  assert.deepEqual(await readAll(spool), [5]);
  await spool.close(5);
  assert.deepEqual(readdirSync(folder), []);
});
