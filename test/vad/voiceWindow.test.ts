import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { startMsOf, startSampleOf, WindowCutter, type VoiceWindow } from '../../src/vad/voiceWindow.ts';

const SILENCE = 0xff;

/** Bytes that tell where they are. */
function sound(bytes: number, from = 0): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_unused, index) => (from + index) % 251);
}

/** Pushes 20 ms frames that arrive at these times; answers the windows. */
function framesAt(cutter: WindowCutter, timesMs: readonly number[], gapMs?: number): VoiceWindow[] {
  const windows: VoiceWindow[] = [];
  for (const atMs of timesMs) cutter.push(sound(160), atMs, (window) => windows.push(window), gapMs);
  return windows;
}

/** When the windows of a new call end whose frames arrive at these times. */
function endsMs(timesMs: readonly number[]): number[] {
  return framesAt(new WindowCutter(), timesMs).map((window) => window.endMs);
}

/** When `count` frames arrive that come every 20 ms, the first at `fromMs`. */
function every20Ms(fromMs: number, count: number): number[] {
  return Array.from({ length: count }, (_unused, index) => fromMs + index * 20);
}

test('windows are whole, each with the 32 bytes before it, whatever the pieces', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 30 }), (pieces) => {
      const cutter = new WindowCutter();
      const windows: VoiceWindow[] = [];
      let bytes = 0;
      for (const piece of pieces) {
        cutter.push(sound(piece, bytes), 0, (window) => windows.push(window));
        bytes += piece;
      }
      const heard = Uint8Array.from([...new Uint8Array(32).fill(SILENCE), ...sound(bytes)]);
      assert.equal(windows.length, Math.floor(bytes / 256));
      for (const [index, window] of windows.entries()) {
        assert.equal(startSampleOf(window), index * 256);
        assert.deepEqual(window.codes, heard.slice(index * 256, index * 256 + 288));
      }
    }),
  );
});

test('a window keeps its bytes when more sound comes', () => {
  const cutter = new WindowCutter();
  const windows: VoiceWindow[] = [];
  cutter.push(sound(256), 32, (window) => windows.push(window));
  const before = windows[0]?.codes.slice();
  cutter.push(new Uint8Array(256), 64, (window) => windows.push(window));
  assert.deepEqual(windows[0]?.codes, before);
});

test('a window ends when its last sample was spoken, also inside a frame', () => {
  const [first, second] = framesAt(new WindowCutter(), every20Ms(1_020, 4));
  assert.equal(first?.endMs, 1_032);
  assert.equal(first === undefined ? 0 : startMsOf(first), 1_000);
  assert.equal(second?.endMs, 1_064);
});

test('a pause of the network and the burst after it leave the times as they were spoken', () => {
  const steady = every20Ms(1_020, 20);
  const stalled = steady.map((atMs) => (atMs > 1_100 && atMs < 1_400 ? 1_400 : atMs));
  assert.deepEqual(endsMs(stalled), endsMs(steady));
});

test('a stream that begins with a burst soon has the times at which it was spoken', () => {
  const steady = every20Ms(1_020, 40);
  const burst = steady.map((atMs) => Math.max(atMs, 1_400));
  assert.equal(endsMs(burst).at(-1), endsMs(steady).at(-1));
});

test('no sample is spoken after it arrived, and the times never go back', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 1_200 }), { maxLength: 120 }), (waits) => {
      const cutter = new WindowCutter();
      let atMs = 0;
      let lastMs = -Infinity;
      for (const wait of waits) {
        atMs += wait;
        cutter.push(sound(160), atMs, (window) => {
          assert.ok(window.endMs <= atMs, `${window.endMs} is after ${atMs}`);
          assert.ok(window.endMs >= lastMs);
          lastMs = window.endMs;
        });
      }
    }),
  );
});

test('media that has been late for a second moves the clock', () => {
  const cutter = new WindowCutter();
  framesAt(cutter, every20Ms(1_020, 50));
  // Five frames were lost on the way: 100 ms that never come.
  const windows = framesAt(cutter, every20Ms(2_120, 100));
  const last = windows.at(-1);
  const untouched = 1_000 + (last?.endSample ?? 0) / 8;
  assert.equal(last?.endMs, untouched + 100);
});

test('sound that stood still for long and goes on at its own pace is spoken as it comes, and none of it is missing', () => {
  const times = [...every20Ms(1_020, 8), ...every20Ms(2_180, 8)];
  const windows = framesAt(new WindowCutter(), times, 1_500);
  assert.equal(windows.at(-1)?.endMs, 2_320);
  assert.equal(windows.at(-1)?.endSample, 16 * 160);
});

test('a burst after a long pause of the network has the times at which it was spoken', () => {
  const steady = every20Ms(1_020, 80);
  const stalled = steady.map((atMs) => (atMs > 1_100 && atMs < 2_300 ? 2_300 : atMs));
  const windows = framesAt(new WindowCutter(), stalled, 1_500);
  assert.deepEqual(
    windows.map(({ endMs }) => endMs),
    endsMs(steady),
  );
});

test('after a long gap the next window begins with what came after it', () => {
  const cutter = new WindowCutter();
  framesAt(cutter, [1_020, 1_040, 1_060]);
  const [next] = framesAt(cutter, [2_060, 2_080]);
  assert.deepEqual(next?.codes.subarray(0, 32), new Uint8Array(32).fill(SILENCE));
  assert.deepEqual(next?.codes.subarray(32, 192), sound(160));
  assert.equal(next?.endMs, 2_072);
});

test('a long gap counts in the position, so that it is silence to whoever counts', () => {
  const cutter = new WindowCutter();
  const before = framesAt(cutter, every20Ms(1_020, 8)).at(-1);
  const [after] = framesAt(cutter, every20Ms(2_180, 2));
  const apartMs = ((after?.endSample ?? 0) - (before?.endSample ?? 0)) / 8;
  assert.equal(apartMs, (after?.endMs ?? 0) - (before?.endMs ?? 0));
});

test('nothing pushed is nothing heard', () => {
  const cutter = new WindowCutter();
  cutter.push(new Uint8Array(0), 5_000, () => assert.fail('a window out of nothing'));
  assert.equal(framesAt(cutter, every20Ms(1_020, 2))[0]?.endMs, 1_032);
});
