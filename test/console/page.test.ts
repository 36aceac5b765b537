// What of the console is computed and not drawn.
import assert from 'node:assert/strict';
import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { gzipSync } from 'node:zlib';
import { wavHeader } from '../../src/audio/wav.ts';
import { markerChunks } from '../../src/audio/wavMarkers.ts';
import { linkTo, parseRoute } from '../../src/console/address.ts';
import { duration, keysIn, milliseconds } from '../../src/console/format.ts';
import { gridStep } from '../../src/console/gridStep.ts';
import { readPeaks, SLICE_BYTES, STEPS, type Peaks } from '../../src/console/peaks.ts';
import { barsOf } from '../../src/console/stageBars.ts';
import { buildConsole } from '../helpers/consolePage.ts';

/** All that a browser may have to load, in bytes of gzip. */
const GZIPPED_BYTES_MAX = 150_000;

test('the build is small', async (t) => {
  const folder = await buildConsole();
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile());
  const sizes = await Promise.all(
    files.map(async (entry) => gzipSync(await readFile(path.join(entry.parentPath, entry.name))).length),
  );
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  t.diagnostic(`the console has ${bytes} bytes, gzipped, in ${files.length} files`);
  assert.ok(files.length > 2 && bytes < GZIPPED_BYTES_MAX, `${bytes} bytes`);
  const page = await readFile(path.join(folder, 'index.html'), 'utf8');
  assert.doesNotMatch(
    page,
    /<script(?![^>]*src=)|<style|style=|\son\w+=/,
    'nothing inline: the policy allows none',
  );
  await rm(folder, { recursive: true });
});

test('stages lie on one scale, those of the reply one behind the other up to the first frame', () => {
  const bars = barsOf({
    endpoint: 500,
    sttFinal: 150,
    llmFirstToken: 400,
    llmFirstSentence: 100,
    ttsFirstAudio: 200,
    firstFrame: 1,
    response: 800,
    heard: 850,
  });
  assert.deepEqual(
    bars.map(({ stage, fromMs }) => [stage, fromMs]),
    [
      ['endpoint', 0],
      ['sttFinal', 0],
      ['llmFirstToken', 99],
      ['llmFirstSentence', 499],
      ['ttsFirstAudio', 599],
      ['firstFrame', 799],
      ['response', 0],
      ['heard', 0],
    ],
  );
  assert.deepEqual(barsOf({}), []);
  assert.deepEqual(
    barsOf({ firstFrame: 2, response: 300 }).map(({ stage, fromMs }) => [stage, fromMs]),
    [
      ['firstFrame', 298],
      ['response', 0],
    ],
  );
});

test('an address is read as it was written', () => {
  const link = linkTo('calls', ['CA 1/ä'], { q: 'a&b=c', outcome: '' });
  const { path: page, rest, query } = parseRoute(link);
  assert.deepEqual([page, rest, [...query]], ['calls', ['CA 1/ä'], [['q', 'a&b=c']]]);
  assert.equal(parseRoute('').path, 'live');
  assert.deepEqual(parseRoute('#/call/%E0%A4').rest, ['%E0%A4'], 'what is no such text stays as it is');
});

test('numbers are written for people', () => {
  assert.deepEqual([duration(0), duration(65_999), duration(3_661_000)], ['0:00', '1:05', '1:01:01']);
  assert.equal(milliseconds(1_043.4), '1,043 ms');
  assert.deepEqual(keysIn('4 2 #'), ['4', '2', '#']);
  assert.equal(keysIn('4 doors'), undefined);
  assert.deepEqual([0, 7, 900, 1_300, 4_100].map(gridStep), [0.25, 2, 250, 500, 2_000]);
});

/** A stereo file: the caller loud in its first half, the agent in its second. */
function recording(seconds: number, promised?: number): Blob {
  const frames = seconds * 8_000;
  const samples = new Int16Array(frames * 2);
  for (let frame = 0; frame < frames; frame += 1) samples[frame * 2 + (frame < frames / 2 ? 0 : 1)] = 16_384;
  return new Blob([wavHeader(2, 8_000, promised ?? frames * 4), samples]);
}

async function peaksOf(blob: Blob): Promise<readonly Peaks[]> {
  const all: Peaks[] = [];
  for await (const peaks of readPeaks(blob)) all.push({ ...peaks });
  return all;
}

test('the shape of a recording is each side’s, read slice by slice', async () => {
  const slices = await peaksOf(recording(400));
  const bytes = 400 * 8_000 * 4;
  assert.equal(slices.length, Math.ceil(bytes / SLICE_BYTES));
  assert.ok((slices[0]?.known ?? STEPS) < STEPS, 'the first slice is not all');
  const last = slices.at(-1);
  assert.ok(last !== undefined);
  assert.deepEqual([last.durationS, last.known], [400, STEPS]);
  const quarter = STEPS / 4;
  assert.deepEqual([last.caller[quarter], last.agent[quarter]], [0.5, 0]);
  assert.deepEqual([last.caller[3 * quarter], last.agent[3 * quarter]], [0, 0.5]);
});

test('what is marked in a recording is known with its shape', async () => {
  const marked = [{ startMs: 250, endMs: 750, side: 'agent', kind: 'ssn' }] as const;
  const whole = new Blob([await recording(1).arrayBuffer(), new Uint8Array(markerChunks(marked, 8_000))]);
  assert.deepEqual((await peaksOf(whole)).at(-1)?.markers, marked);
  assert.deepEqual((await peaksOf(recording(1))).at(-1)?.markers, []);
});

test('a recording that was not finished has what is there; an empty one nothing; another file is refused', async () => {
  assert.equal((await peaksOf(recording(1, 0xffff_ffff))).at(-1)?.durationS, 1);
  assert.equal((await peaksOf(recording(0))).at(-1)?.durationS, 0);
  await assert.rejects(
    peaksOf(new Blob(['no sound at all, but long enough to be looked at'])),
    /no stereo WAV/,
  );
  await assert.rejects(peaksOf(new Blob([wavHeader(1, 8_000, 4), new Uint8Array(4)])), /no stereo WAV/);
});
