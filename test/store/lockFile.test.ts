import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { afterEach, beforeEach } from 'node:test';
import { takeLock } from '../../src/store/lockFile.ts';

let folder = '';
let lockPath = '';
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'turnpike-test-'));
  lockPath = path.join(folder, 'the.lock');
});
afterEach(() => rm(folder, { recursive: true }));

const inUse = { name: 'FolderInUse', code: 'folder_in_use' };

test('a lock is held by one and free again once released', async () => {
  const lock = await takeLock(lockPath);
  await assert.rejects(takeLock(lockPath), { ...inUse, message: new RegExp(`process ${process.pid} `) });
  await lock.release();
  await (await takeLock(lockPath)).release();
  assert.deepEqual(await readdir(folder), []);
});

test('the lock of a living process is respected, and taken over when that was killed', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  const exited = new Promise((resolve) => child.once('exit', resolve));
  await new Promise((resolve) => child.once('spawn', resolve));
  const own = await takeLock(lockPath);
  const startTime = (await readFile(`/proc/${child.pid}/stat`, 'utf8').catch(() => ''))
    .split(') ')[1]
    ?.split(' ')[19];
  await own.release();
  await writeFile(lockPath, `${child.pid} ${startTime ?? ''}\n`);
  await assert.rejects(takeLock(lockPath), inUse);
  child.kill('SIGKILL');
  await exited;
  const lock = await takeLock(lockPath);
  await lock.release();
  assert.deepEqual(await readdir(folder), []);
});

for (const [what, text] of [
  ['that is empty', ''],
  ['that is no lock', 'hello there\n'],
  ['of an id that nobody has', '4194999 1\n'],
] as const) {
  test(`takes over a lock ${what}`, async () => {
    await writeFile(lockPath, text);
    await (await takeLock(lockPath)).release();
  });
}

test(
  'an id that another process has got since is told by its start',
  { skip: process.platform !== 'linux' },
  async () => {
    await writeFile(lockPath, `${process.pid} 1\n`);
    await (await takeLock(lockPath)).release();
  },
);

test('of many that find a stale lock at once, one gets it', async () => {
  for (let round = 0; round < 40; round += 1) {
    await writeFile(lockPath, '4194999 1\n');
    const takes = await Promise.allSettled(Array.from({ length: 8 }, () => takeLock(lockPath)));
    const taken = takes.filter((take) => take.status === 'fulfilled');
    assert.equal(taken.length, 1, `round ${round}`);
  }
});

test('a lock that cannot be read is not taken over', async () => {
  await mkdir(lockPath);
  await assert.rejects(takeLock(lockPath), { code: 'EISDIR' });
  assert.deepEqual(await readdir(folder), ['the.lock']);
});
