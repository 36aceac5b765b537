import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { encodeMulaw } from '../../src/audio/mulaw.ts';
import { readWav, readWavHeader } from '../../src/audio/wav.ts';
import { MARKERS_MAX, readMarkers, type WavMarker } from '../../src/audio/wavMarkers.ts';
import { StereoRecording, type RecordingError } from '../../src/store/recording.ts';
import { recordingPaths } from '../../src/store/recordingFolder.ts';
import { until } from '../helpers/until.ts';

async function folder(t: TestContext): Promise<string> {
  const made = await mkdtemp(path.join(tmpdir(), 'recording-'));
  t.after(() => rm(made, { recursive: true, force: true }));
  return made;
}

interface Opened {
  readonly recording: StereoRecording;
  readonly file: string;
  readonly errors: RecordingError[];
}

async function openRecording(
  t: TestContext,
  changes: { file?: string; otherwise?: readonly string[]; durationMaxMs?: number } = {},
): Promise<Opened> {
  const file = changes.file ?? path.join(await folder(t), 'calls', 'CA1.wav');
  const errors: RecordingError[] = [];
  const recording = new StereoRecording({
    path: file,
    otherwise: changes.otherwise ?? [],
    durationMaxMs: changes.durationMaxMs ?? 60_000,
    onError: (error) => errors.push(error),
  });
  t.after(() => recording.close());
  return { recording, file, errors };
}

const loud = encodeMulaw(new Int16Array(160).fill(8_000));

/** Where sound begins and ends, in ms. */
function changesAtMs(samples: Int16Array): number[] {
  const changes: number[] = [];
  for (let i = 0; i <= samples.length; i += 1) {
    if (((samples[i] ?? 0) === 0) !== ((samples[i - 1] ?? 0) === 0)) changes.push(i / 8);
  }
  return changes;
}

async function channelsOf(file: string): Promise<readonly [Int16Array, Int16Array]> {
  const wav = readWav(await readFile(file));
  assert.ok(wav.ok, 'it is a WAV');
  const [left, right] = wav.channels;
  assert.ok(left !== undefined && right !== undefined);
  return [left, right];
}

test('caller on the left, agent on the right, each at its time, silence between', async (t) => {
  const { recording, file, errors } = await openRecording(t);
  for (let atMs = 0; atMs < 1_000; atMs += 20) recording.caller(atMs, loud);
  for (let atMs = 1_500; atMs < 2_500; atMs += 20) recording.agent(atMs, loud);
  for (let atMs = 9_000; atMs < 9_100; atMs += 20) recording.caller(atMs, loud);
  assert.deepEqual(await recording.close(), { durationMs: 9_100, lateBytes: 0 });
  const [left, right] = await channelsOf(file);
  assert.equal(left.length, 9_100 * 8);
  assert.deepEqual(changesAtMs(left), [0, 1_000, 9_000, 9_100]);
  assert.deepEqual(changesAtMs(right), [1_500, 2_500]);
  assert.deepEqual(errors, []);
});

test('it is on disk, and can be played, while the call still goes on', async (t) => {
  const { recording, file } = await openRecording(t);
  for (let atMs = 0; atMs < 10_000; atMs += 20) recording.caller(atMs, loud);
  const bytesThere = async (): Promise<number> => (await readFile(file).catch(() => Buffer.alloc(0))).length;
  let there = 0;
  await until(() => {
    void bytesThere().then((bytes) => (there = bytes));
    return there >= 44 + 3 * 64_000;
  }, 'three pieces are written');
  const [left] = await channelsOf(file);
  assert.ok(left.length >= 3 * 16_000 && left.every((sample) => sample !== 0));
  await recording.close();
});

test('what was cut off by the caller is not in it', async (t) => {
  const { recording, file } = await openRecording(t);
  for (let atMs = 0; atMs < 400; atMs += 20) recording.agent(atMs, loud);
  recording.agentCut(200);
  for (let atMs = 200; atMs < 400; atMs += 20) recording.caller(atMs, loud);
  await recording.close();
  const [, right] = await channelsOf(file);
  assert.ok(right.subarray(0, 1_600).every((sample) => sample !== 0));
  assert.ok(right.subarray(1_600).every((sample) => sample === 0));
});

test('a call in which nothing was said leaves an empty file', async (t) => {
  const { recording, file } = await openRecording(t);
  assert.deepEqual(await recording.close(), { durationMs: 0, lateBytes: 0 });
  const [left] = await channelsOf(file);
  assert.equal(left.length, 0);
});

/** Recordings that are there already. */
async function taken(t: TestContext, ...names: readonly string[]): Promise<string> {
  const recordings = path.join(await folder(t), 'recordings');
  await mkdir(recordings);
  for (const name of names) await writeFile(path.join(recordings, name), 'what was said before');
  return path.dirname(recordings);
}

test('a recording that is there is never written over: the next free part is made, and is known while the call goes on', async (t) => {
  const dataDir = await taken(t, 'CA1.wav', 'CA1-2.wav');
  const [file = '', ...otherwise] = recordingPaths('CA1', 1).map((name) => path.join(dataDir, name));
  const { recording, errors } = await openRecording(t, { file, otherwise });
  recording.caller(0, loud);
  const third = path.join(dataDir, 'recordings', 'CA1-3.wav');
  await until(() => recording.path === third, 'it is made');
  await recording.close();
  assert.equal(changesAtMs((await channelsOf(third))[0]).join(), '0,20');
  for (const before of [file, otherwise[0] ?? ''])
    assert.equal(await readFile(before, 'utf8'), 'what was said before');
  assert.deepEqual(errors, []);
});

test('with no part left there is no recording, and none is touched', async (t) => {
  const dataDir = await taken(t, 'CA1.wav', 'CA1-2.wav');
  const [file, other] = ['CA1.wav', 'CA1-2.wav'].map((name) => path.join(dataDir, 'recordings', name));
  assert.ok(file !== undefined && other !== undefined);
  const { recording, errors } = await openRecording(t, { file, otherwise: [other] });
  recording.caller(0, loud);
  recording.mute({ startMs: 0, endMs: 20, side: 'caller', kind: 'card' });
  assert.equal(await recording.close(), undefined);
  assert.deepEqual(
    errors.map((error) => error.code),
    ['io'],
  );
  for (const before of [file, other]) assert.equal(await readFile(before, 'utf8'), 'what was said before');
});

test('parts of a call begin with its own and have an end', () => {
  assert.deepEqual(recordingPaths('CA1', 1).slice(0, 2), ['recordings/CA1.wav', 'recordings/CA1-2.wav']);
  assert.equal(recordingPaths('CA1', 4)[0], 'recordings/CA1-4.wav');
  assert.equal(recordingPaths('CA1', 4).length, 99);
});

test('audio that comes too late is counted', async (t) => {
  const { recording } = await openRecording(t);
  recording.caller(8_000, loud);
  recording.agent(1_000, loud);
  assert.deepEqual(await recording.close(), { durationMs: 8_020, lateBytes: 160 });
});

test('a disk that fails is reported once, and the call goes on', async (t) => {
  const blocked = path.join(await folder(t), 'a-file');
  await writeFile(blocked, 'in the way');
  const { recording, errors } = await openRecording(t, { file: path.join(blocked, 'CA1.wav') });
  for (let atMs = 0; atMs < 20_000; atMs += 20) recording.caller(atMs, loud);
  assert.equal(await recording.close(), undefined);
  assert.deepEqual(
    errors.map((error) => error.code),
    ['io'],
  );
  assert.doesNotThrow(() => recording.caller(20_000, loud));
});

test('a disk that is too slow is reported and the rest is let go', async (t) => {
  const { recording, errors } = await openRecording(t, { durationMaxMs: 3_600_000 });
  // Given without a pause, so that not one write can be done.
  for (let atMs = 0; atMs < 60_000; atMs += 20) recording.agent(atMs, loud);
  assert.equal(await recording.close(), undefined);
  assert.deepEqual(
    errors.map((error) => error.code),
    ['too_slow'],
  );
});

test('a call longer than a recording may be is recorded to there, and said once', async (t) => {
  const { recording, file, errors } = await openRecording(t, { durationMaxMs: 5_000 });
  for (let atMs = 0; atMs < 10_000; atMs += 20) recording.caller(atMs, loud);
  assert.deepEqual(await recording.close(), { durationMs: 5_000, lateBytes: 0 });
  assert.deepEqual(
    errors.map((error) => error.code),
    ['too_long'],
  );
  const [left] = await channelsOf(file);
  assert.equal(left.length, 40_000);
});

test('closing twice is closing once', async (t) => {
  const { recording, file } = await openRecording(t);
  recording.caller(0, loud);
  const [first, second] = await Promise.all([recording.close(), recording.close()]);
  assert.equal(first, second);
  recording.caller(20, loud);
  assert.equal((await channelsOf(file))[0].length, 160);
});

async function markersOf(file: string): Promise<readonly WavMarker[]> {
  const bytes = await readFile(file);
  const header = readWavHeader(bytes);
  assert.ok(header.ok && header.dataBytes !== undefined);
  assert.equal(bytes.readUInt32LE(4), bytes.length - 8, 'the file is as long as it says');
  return readMarkers(bytes.subarray(header.dataOffset + header.dataBytes), header.sampleRateHz);
}

test('a stretch that is muted is silent on its side and marked, whether it is on disk already or not', async (t) => {
  const { recording, file, errors } = await openRecording(t);
  for (let atMs = 0; atMs < 30_000; atMs += 20) {
    recording.caller(atMs, loud);
    recording.agent(atMs, loud);
  }
  const markers: readonly WavMarker[] = [
    { startMs: 1_000, endMs: 9_500, side: 'caller', kind: 'card' },
    { startMs: 12_345, endMs: 12_400, side: 'agent', kind: 'ssn' },
    // In what is held and not written yet.
    { startMs: 28_900, endMs: 29_900, side: 'caller', kind: 'card' },
  ];
  for (const marker of markers) recording.mute(marker);
  await recording.close();
  const [left, right] = await channelsOf(file);
  assert.deepEqual(changesAtMs(left), [0, 1_000, 9_500, 28_900, 29_900, 30_000]);
  assert.deepEqual(changesAtMs(right), [0, 12_345, 12_400, 30_000]);
  assert.deepEqual(await markersOf(file), markers);
  assert.deepEqual(errors, []);
});

test('what was muted is silent on disk while the call goes on', async (t) => {
  const { recording, file } = await openRecording(t);
  for (let atMs = 0; atMs < 10_000; atMs += 20) recording.caller(atMs, loud);
  recording.mute({ startMs: 500, endMs: 1_500, side: 'caller', kind: 'card' });
  let changes: readonly number[] = [];
  await until(() => {
    void channelsOf(file).then(
      ([left]) => (changes = changesAtMs(left)),
      () => undefined,
    );
    return changes.includes(500) && changes.includes(1_500);
  }, 'it is silent');
});

test('markers that touch become one, and there are never more than fit', async (t) => {
  const { recording, file } = await openRecording(t);
  for (let atMs = 0; atMs < 20_000; atMs += 20) recording.caller(atMs, loud);
  for (const [startMs, endMs] of [
    [1_000, 2_000],
    [1_500, 2_500],
    [2_500, 3_000],
  ] as const)
    recording.mute({ startMs, endMs, side: 'caller', kind: 'card' });
  for (let at = 0; at < 2 * MARKERS_MAX; at += 1)
    recording.mute({ startMs: 4_000 + at * 10, endMs: 4_005 + at * 10, side: 'caller', kind: 'card' });
  await recording.close();
  const markers = await markersOf(file);
  assert.deepEqual([markers[0]?.startMs, markers[0]?.endMs], [1_000, 3_000]);
  assert.equal(markers.length, MARKERS_MAX);
  assert.equal(markers.at(-1)?.endMs, 4_005 + (2 * MARKERS_MAX - 1) * 10, 'the last of them has the rest');
});

test('no marker lies beyond the audio, neither where the call is over nor where it became too long', async (t) => {
  const { recording, file } = await openRecording(t, { durationMaxMs: 2_000 });
  for (let atMs = 0; atMs < 3_000; atMs += 20) recording.caller(atMs, loud);
  for (const [startMs, endMs] of [
    [500, 700],
    [1_700, 2_300],
    [2_000, 2_600],
    [2_800, 3_000],
  ] as const)
    recording.mute({ startMs, endMs, side: startMs === 2_000 ? 'agent' : 'caller', kind: 'card' });
  assert.equal((await recording.close())?.durationMs, 2_000);
  assert.deepEqual(
    (await markersOf(file)).map(({ startMs, endMs }) => [startMs, endMs]),
    [
      [500, 700],
      [1_700, 2_000],
    ],
  );
});
