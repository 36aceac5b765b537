// Segments and folders that can't be read for now, in whose place a directory lies or whose reading is made to fail: what
// is in them is neither overwritten nor removed, and is there for a process that can read it.
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import type { Write } from '../../src/store/commit.ts';
import { Spool } from '../../src/store/spool.ts';
import { openSpoolIn } from '../../src/store/spoolFolder.ts';
import { encodeRecord } from '../../src/store/spoolRecord.ts';
import { WriteBehind } from '../../src/store/writeBehind.ts';
import { VirtualClock } from '../helpers/virtualClock.ts';

function fields(number: number): Write {
  return { kind: 'leadFields', leadId: `lead-${number}`, fields: { note: 'words' }, at: new Date(number) };
}

function leadOf(write: Write): string {
  return write.kind === 'leadFields' ? write.leadId : '';
}

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'turnpike-spool-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function optionsOf() {
  const seen = { lost: 0, errors: [] as string[] };
  return {
    seen,
    options: {
      clock: new VirtualClock(),
      onLost: (rows: number) => void (seen.lost += rows),
      onError: (error: unknown) => void seen.errors.push(String(error)),
    },
  };
}

async function openSpool(folder: string, segmentBytes = 4_096) {
  const { seen, options } = optionsOf();
  return { seen, clock: options.clock, spool: await Spool.open({ ...options, folder, segmentBytes }) };
}

function segmentName(number: number): string {
  return `${String(number).padStart(16, '0')}.rows`;
}

/** As a process that has ended left them: segments of these rows. */
function leave(folder: string, ...segments: readonly (readonly number[])[]): void {
  mkdirSync(folder, { recursive: true });
  for (const numbers of segments) {
    const records = numbers.map((number) => encodeRecord({ number, write: fields(number) }));
    writeFileSync(path.join(folder, segmentName(numbers[0] ?? 0)), Buffer.concat(records));
  }
}

/** Until `back` is called a directory is where the file is. */
function hide(t: TestContext, folder: string, name: string): { readonly back: () => void } {
  const file = path.join(folder, name);
  const aside = path.join(folder, '..', `${path.basename(folder)}-${name}`);
  renameSync(file, aside);
  t.after(() => rmSync(aside, { force: true }));
  mkdirSync(file);
  return {
    back: () => {
      rmdirSync(file);
      renameSync(aside, file);
    },
  };
}

/** `readdir` fails from now on, until the returned function is called. */
function failListing(t: TestContext, folder: string): () => void {
  const { readdir } = fs;
  const failing = (name: string): Promise<string[]> =>
    name === folder ? Promise.reject(new Error('EIO: not listed')) : readdir(name);
  t.mock.method(fs, 'readdir', failing as typeof fs.readdir);
  syncBuiltinESMExports();
  const heal = (): void => {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  };
  t.after(heal);
  return heal;
}

async function leadsIn(spool: Spool): Promise<string[]> {
  const leads: string[] = [];
  let after = (spool.oldest ?? 1) - 1;
  for (;;) {
    const rows = await spool.read(after, 3);
    if (rows.length === 0) return leads;
    leads.push(...rows.map(({ write }) => leadOf(write)));
    after = rows.at(-1)?.number ?? after;
  }
}

test('a segment that cannot be read is told and stays, and those round it are learned', async (t) => {
  const folder = folderOf(t);
  leave(folder, [1, 2], [3, 4], [5, 6]);
  const hidden = hide(t, folder, segmentName(3));
  const { spool, seen } = await openSpool(folder);
  assert.deepEqual([spool.oldest, spool.newest, spool.complete], [1, 6, false]);
  assert.deepEqual([seen.errors.length, seen.lost], [1, 0]);
  assert.match(seen.errors.join(), /0000000000000003\.rows/);
  assert.deepEqual(await leadsIn(spool), ['lead-1', 'lead-2', 'lead-5', 'lead-6']);
  assert.equal(spool.writable, true, 'the disk takes what comes');
  await spool.close(6);
  assert.deepEqual(readdirSync(folder), [segmentName(3)], 'the others are committed');
  hidden.back();
  const next = await openSpool(folder);
  assert.equal(next.spool.complete, true);
  assert.deepEqual(await leadsIn(next.spool), ['lead-3', 'lead-4']);
  await next.spool.close(4);
  assert.deepEqual(readdirSync(folder), []);
});

test('rows that come while the last segment cannot be read have numbers behind all of its own', async (t) => {
  const folder = folderOf(t);
  leave(folder, [1, 2], [3, 4, 5, 6]);
  const hidden = hide(t, folder, segmentName(3));
  const first = await openSpool(folder);
  assert.ok(first.spool.newest >= 6, `${first.spool.newest}`);
  const number = first.spool.newest + 1;
  assert.equal(await first.spool.append(number, fields(7)), true);
  await first.spool.close(0);
  hidden.back();
  const second = await openSpool(folder);
  assert.deepEqual(
    await leadsIn(second.spool),
    [1, 2, 3, 4, 5, 6, 7].map((lead) => `lead-${lead}`),
  );
  assert.deepEqual([first.seen.lost, second.seen.lost, second.spool.newest], [0, 0, number]);
  await second.spool.close(number);
});

test('numbers that were passed over for a segment that could not be read are no rows that wait', async (t) => {
  const folder = folderOf(t);
  leave(folder, [1, 2], [3, 4]);
  hide(t, folder, segmentName(3));
  const { spool } = await openSpool(folder);
  const writer = new WriteBehind({
    commit: () => Promise.reject(new Error('the database is away')),
    batching: true,
    clock: new VirtualClock(),
    onDropped: () => assert.fail('nothing was dropped'),
    onCommit: () => undefined,
    onError: () => undefined,
    spool,
  });
  await writer.turnFinished({ callSid: 'CA1' } as Parameters<WriteBehind['turnFinished']>[0]);
  assert.equal(writer.pendingWrites, 3);
});

test('a folder that cannot be listed gets new rows behind all that may be there', async (t) => {
  const folder = folderOf(t);
  leave(folder, [1, 2], [3, 4]);
  const heal = failListing(t, folder);
  const first = await openSpool(folder);
  assert.deepEqual([first.spool.complete, first.spool.writable], [false, false]);
  heal();
  // It is tried again by itself.
  await first.clock.advance(1_000);
  const number = first.spool.newest + 1;
  assert.equal(await first.spool.append(number, fields(5)), true);
  await first.spool.close(0);
  const second = await openSpool(folder);
  assert.deepEqual(
    await leadsIn(second.spool),
    [1, 2, 3, 4, 5].map((lead) => `lead-${lead}`),
  );
  await second.spool.close(number);
});

test('a file in the place of a new segment is not written over', async (t) => {
  const folder = folderOf(t);
  const { spool, seen } = await openSpool(folder);
  leave(folder, [1, 2]);
  const before = readFileSync(path.join(folder, segmentName(1)));
  assert.equal(await spool.append(1, fields(9)), false);
  assert.match(seen.errors.join(), /EEXIST/);
  await spool.close(1);
  assert.deepEqual(readFileSync(path.join(folder, segmentName(1))), before);
});

test('a damaged segment of which what is whole cannot be written anew stays as it was', async (t) => {
  const folder = folderOf(t);
  leave(folder, [1, 2, 3]);
  const file = path.join(folder, segmentName(1));
  const bytes = readFileSync(file);
  bytes[20] = 0;
  writeFileSync(file, bytes);
  mkdirSync(`${file}.whole`);
  const first = await openSpool(folder);
  assert.deepEqual([first.spool.complete, first.seen.errors.length, first.seen.lost], [false, 1, 0]);
  assert.deepEqual(readFileSync(file), bytes);
  await first.spool.close(0);
  rmdirSync(`${file}.whole`);
  const second = await openSpool(folder);
  assert.deepEqual(await leadsIn(second.spool), ['lead-2', 'lead-3']);
  assert.deepEqual([second.spool.complete, second.seen.lost], [true, 1]);
  assert.deepEqual(readdirSync(folder), [segmentName(1), `${segmentName(1)}.broken`]);
  assert.deepEqual(readFileSync(`${file}.broken`), bytes);
  await second.spool.close(0);
});

test('a segment that cannot be read any more is counted and stays, and those behind it are read', async (t) => {
  const folder = folderOf(t);
  leave(folder, [1, 2], [3, 4], [5, 6]);
  const { spool, seen } = await openSpool(folder);
  const hidden = hide(t, folder, segmentName(3));
  assert.deepEqual(await leadsIn(spool), ['lead-1', 'lead-2', 'lead-5', 'lead-6']);
  assert.deepEqual([seen.lost, seen.errors.length, spool.complete], [2, 1, false]);
  hidden.back();
  spool.settled(6);
  await spool.close(6);
  assert.deepEqual(readdirSync(folder), [segmentName(3)]);
});

test('of another’s folder what can be read is taken over, and the rest stays for who can read it', async (t) => {
  const parent = folderOf(t);
  const other = path.join(parent, '1');
  leave(other, [1, 2], [3, 4]);
  const hidden = hide(t, other, segmentName(1));
  const first = await openSpoolIn(parent, optionsOf().options);
  assert.deepEqual(await leadsIn(first.spool), ['lead-3', 'lead-4']);
  assert.deepEqual(readdirSync(other), [segmentName(1)], 'neither the lock nor what was taken over');
  await first.spool.close(0);
  await first.release();
  hidden.back();
  const { seen, options } = optionsOf();
  const second = await openSpoolIn(parent, options);
  assert.deepEqual(await leadsIn(second.spool), ['lead-3', 'lead-4', 'lead-1', 'lead-2']);
  assert.equal(existsSync(other), false);
  assert.deepEqual(seen, { lost: 0, errors: [] });
  await second.spool.close(0);
  await second.release();
});

test('what was kept aside of damaged segments stays when their folder is taken over', async (t) => {
  const parent = folderOf(t);
  const other = path.join(parent, '1');
  leave(other, [1, 2]);
  const file = path.join(other, segmentName(1));
  const bytes = readFileSync(file);
  bytes[20] = 0;
  writeFileSync(file, bytes);
  const { seen, options } = optionsOf();
  const { spool, release } = await openSpoolIn(parent, options);
  assert.deepEqual(await leadsIn(spool), ['lead-2']);
  assert.equal(seen.lost, 1);
  assert.deepEqual(readdirSync(other), [`${segmentName(1)}.broken`]);
  await spool.close(1);
  await release();
});

test('when it cannot be told what others left, a process has its own folder all the same', async (t) => {
  const parent = folderOf(t);
  leave(path.join(parent, '1'), [1]);
  const heal = failListing(t, parent);
  const { seen, options } = optionsOf();
  const { spool, release } = await openSpoolIn(parent, options);
  heal();
  assert.equal(seen.errors.length, 1);
  assert.equal(await spool.append(1, fields(1)), true);
  await spool.close(1);
  await release();
});
