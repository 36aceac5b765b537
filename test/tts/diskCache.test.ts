import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import * as fc from 'fast-check';
import { DiskCache } from '../../src/tts/diskCache.ts';
import type { CachedSpeech } from '../../src/tts/memoryCache.ts';
import { formatSpeechFile, parseSpeechFile } from '../../src/tts/speechFile.ts';
import { VirtualClock } from '../helpers/virtualClock.ts';

async function folderOf(t: TestContext): Promise<string> {
  const made = await mkdtemp(path.join(tmpdir(), 'speech-'));
  t.after(() => rm(made, { recursive: true, force: true }));
  return path.join(made, 'tts');
}

async function openDisk(folder: string, bytesMax = 1_000_000): Promise<DiskCache> {
  const disk = new DiskCache(folder, bytesMax, new VirtualClock());
  await disk.open();
  return disk;
}

function keyOf(n: number): string {
  return n.toString(16).padStart(64, '0');
}

function speech(bytes: number, value = 7): CachedSpeech {
  return { mulaw: new Uint8Array(bytes).fill(value), wordTimes: [{ word: 'hello', startMs: 0, endMs: 90 }] };
}

function bytesOf(found: CachedSpeech | undefined): number[] | undefined {
  return found === undefined ? undefined : [...found.mulaw];
}

test('what was written is there for the next process', async (t) => {
  const folder = await folderOf(t);
  await (await openDisk(folder)).write(keyOf(1), speech(50));
  const next = await openDisk(folder);
  assert.ok(next.knows(keyOf(1)));
  const found = await next.read(keyOf(1));
  assert.deepEqual(bytesOf(found), bytesOf(speech(50)));
  assert.deepEqual(found?.wordTimes, speech(50).wordTimes);
});

test('what another process wrote is found although it is not known', async (t) => {
  const folder = await folderOf(t);
  const one = await openDisk(folder);
  const two = await openDisk(folder);
  await two.write(keyOf(1), speech(50));
  assert.ok(!one.knows(keyOf(1)));
  assert.ok((await one.read(keyOf(1))) !== undefined && one.knows(keyOf(1)));
});

test('what is not there is a miss', async (t) => {
  const disk = await openDisk(await folderOf(t));
  assert.equal(await disk.read(keyOf(1)), undefined);
  await disk.touch(keyOf(1));
});

for (const { what, damage } of [
  { what: 'cut short', damage: (bytes: Buffer) => bytes.subarray(0, bytes.length - 3) },
  { what: 'empty', damage: () => Buffer.alloc(0) },
  {
    what: 'of another version',
    damage: (bytes: Buffer) => Buffer.concat([Buffer.from('TPS9'), bytes.subarray(4)]),
  },
  {
    what: 'with a bit turned',
    damage: (bytes: Buffer) => {
      const turned = Buffer.from(bytes);
      turned[60] = (turned[60] ?? 0) ^ 1;
      return turned;
    },
  },
]) {
  test(`a file ${what} is a miss, and is deleted`, async (t) => {
    const folder = await folderOf(t);
    const disk = await openDisk(folder);
    await disk.write(keyOf(1), speech(50));
    const file = path.join(folder, `${keyOf(1)}.speech`);
    await writeFile(file, damage(await readFile(file)));
    assert.equal(await disk.read(keyOf(1)), undefined);
    assert.ok(!disk.knows(keyOf(1)));
    assert.equal(disk.bytes, 0);
    assert.deepEqual(await readdir(folder), []);
  });
}

test('no bytes at all make the parser throw, and what it formats it parses', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), fc.uint8Array({ maxLength: 60 }), (mulaw, noise) => {
      const file = Buffer.from(formatSpeechFile({ mulaw, wordTimes: [] }));
      assert.deepEqual(bytesOf(parseSpeechFile(file)), [...mulaw]);
      assert.equal(parseSpeechFile(Buffer.concat([file, Buffer.of(0)])), undefined);
      assert.equal(parseSpeechFile(Buffer.concat([file.subarray(0, 4), noise])), undefined);
    }),
  );
});

test('word times that are none make a miss', () => {
  const wrong = { mulaw: new Uint8Array(3), wordTimes: [{ word: 1 }] };
  // @ts-expect-error what no program of ours writes
  assert.equal(parseSpeechFile(Buffer.from(formatSpeechFile(wrong))), undefined);
});

test('above its bound the files unused for longest go, also at the start', async (t) => {
  const folder = await folderOf(t);
  const disk = await openDisk(folder, 3_500);
  for (const n of [1, 2, 3]) await disk.write(keyOf(n), speech(1_000));
  await disk.read(keyOf(1));
  await disk.write(keyOf(4), speech(1_000));
  assert.deepEqual(
    [1, 2, 3, 4].map((n) => disk.knows(keyOf(n))),
    [true, false, true, true],
  );
  assert.equal((await readdir(folder)).length, 3);
  assert.ok(disk.bytes <= 3_500);

  await utimes(path.join(folder, `${keyOf(4)}.speech`), 1_000, 1_000);
  await disk.touch(keyOf(3));
  const smaller = await openDisk(folder, 2_400);
  assert.ok(!smaller.knows(keyOf(4)));
  assert.equal((await readdir(folder)).length, 2);
});

test('a line larger than the bound is not written, and pushes nothing out', async (t) => {
  const disk = await openDisk(await folderOf(t), 1_500);
  await disk.write(keyOf(1), speech(1_000));
  await disk.write(keyOf(2), speech(5_000));
  assert.ok(disk.knows(keyOf(1)) && !disk.knows(keyOf(2)));
});

test('what a dead process left unfinished is cleared away, other people’s files are not touched', async (t) => {
  const folder = await folderOf(t);
  await openDisk(folder);
  const old = path.join(folder, `${keyOf(1)}.abc.unfinished`);
  const fresh = path.join(folder, `${keyOf(2)}.abc.unfinished`);
  const foreign = path.join(folder, 'notes.txt');
  for (const file of [old, fresh, foreign]) await writeFile(file, 'x'.repeat(9_000));
  const nowS = new VirtualClock().wallMs() / 1_000;
  await utimes(old, nowS - 7_200, nowS - 7_200);
  await utimes(fresh, nowS, nowS);
  await utimes(foreign, 1_000, 1_000);
  const disk = await openDisk(folder, 1_000);
  assert.deepEqual((await readdir(folder)).sort(), [path.basename(fresh), 'notes.txt']);
  assert.equal(disk.bytes, 0);
});

test('a disk that fails is an error and leaves nothing half written', async (t) => {
  const folder = await folderOf(t);
  const disk = await openDisk(folder);
  await rm(folder, { recursive: true });
  await assert.rejects(disk.write(keyOf(1), speech(10)));
  await writeFile(folder, 'in the way');
  await assert.rejects(disk.read(keyOf(1)));
  await assert.rejects(openDisk(folder));
});
