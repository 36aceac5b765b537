import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { readFileSync } from 'node:fs';
import { TAPE_CHARS_MAX, TapeFile, TAPES_FOLDER, WAITING_CHARS_MAX } from '../../src/tape/tapeFile.ts';

let dataDir = '';
before(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'turnpike-tape-'));
});
after(() => rm(dataDir, { recursive: true, force: true }));

interface Opened {
  readonly file: TapeFile;
  readonly stopped: unknown[];
}

function open(callSid: string, folder = path.join(dataDir, TAPES_FOLDER), charsMax = TAPE_CHARS_MAX): Opened {
  const stopped: unknown[] = [];
  const file = new TapeFile({ folder, callSid, charsMax, onStopped: (...why) => stopped.push(why) });
  return { file, stopped };
}

function linesOf(name: string): readonly string[] {
  return gunzipSync(readFileSync(path.join(dataDir, TAPES_FOLDER, name)))
    .toString()
    .split('\n');
}

test('lines come out as they went in, in a file and a folder that are their owner’s alone', async () => {
  const { file, stopped } = open('CA1');
  for (let line = 0; line < 20_000; line += 1) file.write(`[${line}]`);
  file.end('over');
  file.end('again');
  file.write('too late');
  await file.closed;
  const lines = linesOf('CA1.jsonl.gz');
  assert.equal(lines.length, 20_002);
  assert.deepEqual(
    [lines[0], lines[19_999], lines[20_000], lines[20_001]],
    ['[0]', '[19999]', '{"end":"over"}', ''],
  );
  assert.deepEqual(stopped, []);
  const folder = path.join(dataDir, TAPES_FOLDER);
  assert.equal((await stat(folder)).mode & 0o777, 0o700);
  assert.equal((await stat(path.join(folder, 'CA1.jsonl.gz'))).mode & 0o777, 0o600);
});

test('a second tape of a call gets a name of its own', async () => {
  for (let part = 0; part < 3; part += 1) {
    const { file } = open('CA2');
    file.end('over');
    await file.closed;
  }
  const folder = path.join(dataDir, TAPES_FOLDER);
  const its = (await readdir(folder)).filter((name) => name.startsWith('CA2')).sort();
  assert.deepEqual(its, ['CA2-2.jsonl.gz', 'CA2-3.jsonl.gz', 'CA2.jsonl.gz']);
});

test('a tape that is full ends, says so and takes no more', async () => {
  const { file, stopped } = open('CA3', undefined, 10_000);
  for (let line = 0; line < 2_000; line += 1) file.write(`[${line},"tick"]`);
  await file.closed;
  assert.deepEqual(stopped, [['full', undefined]]);
  const lines = linesOf('CA3.jsonl.gz');
  assert.equal(lines.at(-2), '{"end":"full"}');
  assert.ok(lines.join('\n').length <= 10_000 + 50);
});

test('a disk that does not follow ends the tape, and memory stays within the bound', async () => {
  const { file, stopped } = open('CA4');
  const line = 'x'.repeat(256 * 1024);
  let lines = 0;
  for (; lines < 1_000 && !file.isOver; lines += 1) file.write(line);
  assert.ok(lines * line.length <= WAITING_CHARS_MAX + 2 * line.length, `${lines} lines waited`);
  await file.closed;
  assert.deepEqual(stopped, [['slow', undefined]]);
});

test('a folder that cannot be had ends the tape, once', async () => {
  const blocked = path.join(dataDir, 'a-file');
  await writeFile(blocked, '');
  const { file, stopped } = open('CA5', path.join(blocked, 'below'));
  file.write('[1]');
  await file.closed;
  file.write('[2]');
  file.end('over');
  assert.equal(stopped.length, 1);
  assert.equal((stopped[0] as readonly unknown[])[0], 'io');
});
