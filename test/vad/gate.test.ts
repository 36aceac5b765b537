import assert from 'node:assert/strict';
import test from 'node:test';
import { encodeMulaw, silence } from '../../src/audio/mulaw.ts';
import { seededRandom } from '../../src/base/random.ts';
import { EnergyGate } from '../../src/vad/gate.ts';
import { NoiseFloor } from '../../src/vad/noiseFloor.ts';
import type { VoiceWindow } from '../../src/vad/voiceWindow.ts';

const random = seededRandom(11);

/** The n-th window of a call: white noise with this peak. */
function noise(index: number, peak: number): VoiceWindow {
  const samples = Int16Array.from({ length: 288 }, () => (random.next() * 2 - 1) * peak);
  return { codes: encodeMulaw(samples), endSample: (index + 1) * 256, endMs: (index + 1) * 32 };
}

/** Which windows reach the model when they are so far above the floor. */
function admitted(gate: EnergyGate, from: number, excessesDb: readonly number[], speaking = false): number[] {
  return excessesDb.flatMap((excessDb, offset) =>
    gate.admit(noise(from + offset, 100), excessDb, speaking).map((window) => window.endSample / 256 - 1),
  );
}

const times = (count: number, excessDb: number): number[] => Array.from({ length: count }, () => excessDb);

test('silence does not reach the model', () => {
  assert.deepEqual(admitted(new EnergyGate(), 0, times(50, 5.9)), []);
});

test('a loud window opens, brings the three before it along, and 400 ms follow', () => {
  const gate = new EnergyGate();
  const windows = admitted(gate, 0, [...times(10, 0), 6, ...times(40, 0)]);
  assert.deepEqual(
    windows,
    Array.from({ length: 17 }, (_unused, index) => 7 + index),
  );
});

test('it stays open as long as there is speech, however low, and closes at its end', () => {
  const gate = new EnergyGate();
  admitted(gate, 0, [20]);
  assert.equal(admitted(gate, 1, times(100, 0), true).length, 100);
  assert.deepEqual(admitted(gate, 101, times(100, 0)), []);
});

test('no window reaches the model twice', () => {
  const gate = new EnergyGate();
  const windows = admitted(
    gate,
    0,
    Array.from({ length: 500 }, () => (random.next() < 0.05 ? 9 : 0)),
  );
  assert.deepEqual(
    windows,
    [...new Set(windows)].sort((a, b) => a - b),
  );
});

test('the floor is the quietest of the last seconds', () => {
  const floor = new NoiseFloor();
  for (let index = 0; index < 100; index += 1) floor.hear(noise(index, 1_000));
  const excessDb = floor.excessDb(noise(100, 10_000));
  assert.ok(Math.abs(excessDb - 20) < 2, `${excessDb} dB`);
  assert.ok(floor.excessDb(noise(101, 1_000)) < 2);
  assert.equal(floor.excessDb(noise(102, 100)), 0);
});

test('the floor follows a line that became louder within three seconds, and one that fell silent at once', () => {
  const floor = new NoiseFloor();
  for (let index = 0; index < 100; index += 1) floor.hear(noise(index, 300));
  for (let index = 100; index < 200; index += 1) floor.hear(noise(index, 3_000));
  assert.ok(floor.excessDb(noise(200, 3_000)) < 3);
  floor.hear(noise(201, 300));
  assert.ok(floor.excessDb(noise(202, 3_000)) > 17);
});

test('a call that begins in mid-speech is heard from its first window', () => {
  assert.ok(new NoiseFloor().hear(noise(0, 5_000)) > 9);
});

test('the crackle of a silent line is not above its floor', () => {
  const floor = new NoiseFloor();
  const quiet = { codes: silence(36), endSample: 256, endMs: 32 };
  for (let index = 0; index < 100; index += 1) floor.hear(quiet);
  assert.ok(floor.excessDb(noise(100, 16)) < 3);
});
