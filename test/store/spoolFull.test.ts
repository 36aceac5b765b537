// A spool on a disk without room: what is opened is there and what is written is refused. /dev/full does so for the probe.
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import type { Write } from '../../src/store/commit.ts';
import { Spool } from '../../src/store/spool.ts';
import { WriteBehind } from '../../src/store/writeBehind.ts';
import { openSpoolIn } from '../../src/store/spoolFolder.ts';
import { until } from '../helpers/until.ts';
import { VirtualClock } from '../helpers/virtualClock.ts';

const skip = existsSync('/dev/full') ? false : 'there is no /dev/full';
const RETRY_MS = 1_000;
const PROBE_MS = 5_000;

function fields(number: number): Write {
  return { kind: 'leadFields', leadId: `lead-${number}`, fields: { note: 'words' }, at: new Date(number) };
}

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'turnpike-spool-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function openSpool(folder: string, bounds: { bytesMax?: number; segmentBytes?: number } = {}) {
  const clock = new VirtualClock();
  const errors: string[] = [];
  const seen = { lost: 0, errors };
  const spool = await Spool.open({
    folder,
    clock,
    onLost: (rows) => (seen.lost += rows),
    onError: (error) => void errors.push(String(error)),
    ...bounds,
  });
  return { spool, clock, seen };
}

/** From now on the disk has no room for rows, until the returned function is called, and none to try. */
async function fill(t: TestContext, folder: string): Promise<() => void> {
  symlinkSync('/dev/full', path.join(folder, 'probe'));
  const handle = await open(folder);
  const handles = Object.getPrototypeOf(handle) as Pick<typeof handle, 'appendFile'>;
  await handle.close();
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  const { mock } = t.mock.method(handles, 'appendFile', () => Promise.reject(full));
  return () => mock.restore();
}

test('a disk without room is told once, and leaves nothing of what was tried', { skip }, async (t) => {
  const folder = folderOf(t);
  const { spool, clock, seen } = await openSpool(folder);
  await fill(t, folder);
  for (const number of [1, 2, 3, 4]) {
    assert.equal(await spool.append(number, fields(number)), false);
    assert.equal(spool.writable, false);
    await clock.advance(RETRY_MS);
  }
  assert.match(seen.errors.join(), /^Error: ENOSPC[^,]*(?:, write)?$/);
  await spool.close(0);
  assert.deepEqual(readdirSync(folder), ['probe'], 'only what stands for the disk');
});

test('when there is room again it is noticed without a row, and rows are kept', { skip }, async (t) => {
  const folder = folderOf(t);
  const { spool, clock } = await openSpool(folder);
  const makeRoom = await fill(t, folder);
  assert.equal(await spool.append(1, fields(1)), false);
  await clock.advance(PROBE_MS);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(spool.writable, false, 'there is none yet');
  makeRoom();
  unlinkSync(path.join(folder, 'probe'));
  await clock.advance(PROBE_MS);
  await until(() => spool.writable, 'it is tried again');
  assert.equal(await spool.append(2, fields(2)), true);
  assert.deepEqual(
    (await spool.read(0, 10)).map(({ number }) => number),
    [1, 2],
  );
  await spool.close(2);
  assert.deepEqual(readdirSync(folder), []);
  assert.equal(clock.pendingTimers, 0);
});

test(
  'what was refused is written before what is newer, and not when it was settled meanwhile',
  { skip },
  async (t) => {
    const folder = folderOf(t);
    const { spool, clock } = await openSpool(folder);
    assert.equal(await spool.append(1, fields(1)), true);
    const makeRoom = await fill(t, folder);
    for (const number of [2, 3, 4]) assert.equal(await spool.append(number, fields(number)), false);
    spool.settled(2);
    makeRoom();
    await clock.advance(RETRY_MS);
    assert.equal(await spool.append(5, fields(5)), true);
    assert.equal(spool.writable, true);
    await spool.close(0);
    const next = await openSpool(folder);
    const numbers: number[] = [];
    for (
      let rows = await next.spool.read(0, 10);
      rows.length > 0;
      rows = await next.spool.read(numbers.at(-1) ?? 0, 10)
    )
      numbers.push(...rows.map(({ number }) => number));
    assert.deepEqual(numbers, [1, 3, 4, 5]);
    await next.spool.close(5);
  },
);

test(
  'what the disk refused and the database has not is on the disk at the end, or counted',
  { skip },
  async (t) => {
    for (const room of [true, false]) {
      const folder = folderOf(t);
      const { spool, clock, seen } = await openSpool(folder);
      const makeRoom = await fill(t, folder);
      const away = new Error('the database is away');
      const writes = new WriteBehind({
        spool,
        clock,
        batching: true,
        commit: () => Promise.reject(away),
        onDropped: (rows) => (seen.lost += rows),
        onCommit: () => undefined,
        onError: () => undefined,
      });
      writes.leadFields('lead-1', { note: 'words' });
      writes.leadFields('lead-2', { note: 'words' });
      await spool.written();
      assert.equal(spool.writable, false);
      if (room) makeRoom();
      const end = { isThere: false };
      const closing = writes.close().then(() => void (end.isThere = true));
      // The disk takes a time of its own before the database is waited for.
      while (!end.isThere) await clock.advance(1_000);
      await closing;
      assert.equal(seen.lost, room ? 0 : 2);
      const next = await openSpool(folder);
      assert.equal((await next.spool.read(0, 10)).length, room ? 2 : 0);
      await next.spool.close(2);
      makeRoom();
    }
  },
);

test('a row that is too large for any file is refused alone', { skip }, async (t) => {
  const folder = folderOf(t);
  const { spool, seen } = await openSpool(folder);
  const large: Write = {
    kind: 'leadFields',
    leadId: 'lead',
    fields: { note: 'x'.repeat(2_000_000) },
    at: new Date(0),
  };
  const both = await Promise.all([spool.append(1, large), spool.append(2, fields(2))]);
  assert.deepEqual(both, [false, true]);
  assert.equal(spool.writable, true);
  assert.match(seen.errors.join(), /a row of \d+ bytes/u);
  await spool.close(2);
});

test('rows that were kept before stay when there is no more room', { skip }, async (t) => {
  const folder = folderOf(t);
  const { spool, clock } = await openSpool(folder, { segmentBytes: 1 });
  assert.equal(await spool.append(1, fields(1)), true);
  const makeRoom = await fill(t, folder);
  assert.equal(await spool.append(2, fields(2)), false);
  makeRoom();
  await clock.advance(RETRY_MS);
  assert.equal(await spool.append(3, fields(3)), true);
  assert.deepEqual([spool.oldest, spool.newest], [1, 3]);
  await spool.close(3);
  assert.deepEqual(readdirSync(folder), ['probe']);
});

test('it says that it is full before the first row has to go', async (t) => {
  const { spool, seen } = await openSpool(folderOf(t), { segmentBytes: 600, bytesMax: 3_000 });
  let number = 0;
  const lostWhenFull: number[] = [];
  while (seen.lost === 0) {
    number += 1;
    await spool.append(number, fields(number));
    if (spool.full) lostWhenFull.push(seen.lost);
  }
  assert.equal(lostWhenFull[0], 0);
  assert.ok(spool.full, 'and while rows go');
  spool.settled(number);
  assert.equal(spool.full, false, 'and not when they are committed');
  await spool.close(number);
});

test('a folder that nobody can be given keeps nothing, and what others left elsewhere stays', async (t) => {
  const parent = path.join(folderOf(t), 'spool');
  writeFileSync(parent, 'in the way');
  const errors: unknown[] = [];
  const { spool, release } = await openSpoolIn(parent, {
    clock: new VirtualClock(),
    onLost: () => assert.fail('nothing was there'),
    onError: (error) => void errors.push(error),
  });
  assert.equal(errors.length, 1);
  assert.deepEqual([spool.writable, spool.full, spool.bytes], [false, false, 0]);
  assert.equal(await spool.append(1, fields(1)), false);
  await spool.close(0);
  await release();
});
