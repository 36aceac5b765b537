import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { afterEach, beforeEach } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { copyBlankDatabase, makeBlankDatabase } from '../../src/store/blankDatabase.ts';
import { openEmbedded } from '../../src/store/embedded.ts';
import { openStore } from '../../src/store/store.ts';

let dataDir = '';
beforeEach(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'turnpike-test-'));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

const unexpected = (error: unknown): void => assert.fail(String(error));

test('what was committed is there after the process was killed, and its lock does not stop the next', async () => {
  const script = path.join(import.meta.dirname, '../helpers/writeUntilKilled.ts');
  // What a killed process leaves in the temporary folder goes with this test's own.
  const child = spawn(process.execPath, ['--import', 'tsx', script, dataDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, TMPDIR: dataDir },
  });
  let output = '';
  for await (const text of child.stdout.setEncoding('utf8')) {
    output += String(text);
    if (output.includes('committed 40\n') && child.exitCode === null) child.kill('SIGKILL');
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  const committed = [...output.matchAll(/^committed (\d+)$/gm)].map((match) => Number(match[1]));
  assert.ok(committed.length >= 40, output);
  assert.doesNotMatch(output, /dropped|error/);

  const store = await openStore({
    databaseUrl: undefined,
    dataDir,
    migrate: true,
    batching: true,
    clock: systemClock,
    onDropped: unexpected,
    onCommit: () => undefined,
    onError: unexpected,
  });
  const stored = new Set((await store.reader.call('CA1'))?.turns.map((turn) => turn.index));
  assert.deepEqual(
    committed.filter((index) => !stored.has(index)),
    [],
  );
  await store.close();
});

test('the socket is in a folder that nobody else may enter, and is gone when it is closed', async () => {
  const embedded = await openEmbedded(dataDir, unexpected);
  assert.equal((await stat(embedded.host)).mode & 0o777, 0o700);
  assert.deepEqual(await readdir(embedded.host), ['.s.PGSQL.5432']);
  assert.ok(path.join(embedded.host, '.s.PGSQL.5432').length <= 103);
  await Promise.all([embedded.close(), embedded.close()]);
  await assert.rejects(stat(embedded.host), { code: 'ENOENT' });
  assert.deepEqual(await readdir(dataDir), ['embedded']);
});

test('a folder that is no database is refused, and its lock does not stay behind', async () => {
  await mkdir(path.join(dataDir, 'embedded'));
  await writeFile(path.join(dataDir, 'embedded', 'PG_VERSION'), 'no version at all');
  await assert.rejects(openEmbedded(dataDir, unexpected));
  assert.deepEqual(await readdir(dataDir), ['embedded']);
});

test('a new database is a copy of the blank one, and another start is the same database', async () => {
  let made = 0;
  await makeBlankDatabase(() => {
    made += 1;
    return Promise.resolve();
  });
  assert.equal(made, 0, 'the tests are run behind `npm run blank-database`');
  const folder = path.join(dataDir, 'embedded');
  await copyBlankDatabase(folder);
  const identity = await readFile(path.join(folder, 'global', 'pg_control'));
  await writeFile(path.join(folder, 'mine'), 'mine');
  await copyBlankDatabase(folder);
  assert.equal(await readFile(path.join(folder, 'mine'), 'utf8'), 'mine');
  await rm(path.join(folder, 'mine'));
  const embedded = await openEmbedded(dataDir, unexpected);
  await embedded.close();
  // Behind the version and the system's number its state differs from run to run.
  assert.deepEqual(
    (await readFile(path.join(folder, 'global', 'pg_control'))).subarray(0, 8),
    identity.subarray(0, 8),
  );
});

test('what is left of a copy that was broken off is no database', async () => {
  const part = path.join(dataDir, 'embedded.part');
  await mkdir(part);
  await writeFile(path.join(part, 'PG_VERSION'), 'half');
  const embedded = await openEmbedded(dataDir, unexpected);
  await embedded.close();
  assert.deepEqual(await readdir(dataDir), ['embedded']);
});
