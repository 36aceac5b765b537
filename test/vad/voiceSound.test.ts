import assert from 'node:assert/strict';
import test from 'node:test';
import { encodeMulaw } from '../../src/audio/mulaw.ts';
import { RECORD_BYTES } from '../../src/vad/batch.ts';
import { VoiceSound } from '../../src/vad/voiceSound.ts';
import type { VoiceWindow } from '../../src/vad/voiceWindow.ts';

/** A square wave of this level. */
function windowOf(levelDbfs: number): VoiceWindow {
  const amplitude = Math.round(32_768 * 10 ** (levelDbfs / 20));
  const samples = Int16Array.from({ length: RECORD_BYTES }, (_unused, i) =>
    i % 2 === 0 ? amplitude : -amplitude,
  );
  return { codes: encodeMulaw(samples), endSample: 0, endMs: 0 };
}

function assertNear(actual: number | undefined, expected: number): void {
  assert.ok(actual !== undefined && Math.abs(actual - expected) < 0.5, `${actual} is not about ${expected}`);
}

test('a voice is as loud as the louder of the two windows that it began with', () => {
  const level = new VoiceSound();
  for (const dbfs of [-6, -40, -25]) {
    level.rest();
    level.hear(windowOf(dbfs), 0.5);
  }
  level.hear(windowOf(-30), 0.5);
  assertNear(level.begin(), -25);
});

test('a voice that grows is told of in steps of 3 dB, one that falls is not', () => {
  const level = new VoiceSound();
  level.hear(windowOf(-30), 0.5);
  level.begin();
  level.hear(windowOf(-28), 0.5);
  assert.equal(level.grown(), undefined);
  level.hear(windowOf(-26), 0.5);
  assertNear(level.grown(), -26);
  level.hear(windowOf(-45), 0.5);
  assert.equal(level.grown(), undefined);
  level.hear(windowOf(-15), 0.5);
  assertNear(level.grown(), -15);
});

test('after a voice only the last window may belong to the next', () => {
  const level = new VoiceSound();
  level.hear(windowOf(-10), 0.5);
  level.begin();
  level.hear(windowOf(-45), 0.5);
  level.rest();
  level.hear(windowOf(-35), 0.5);
  assertNear(level.begin(), -35);
});

test('speech without a doubt is counted on end, and anew for each voice', () => {
  const sound = new VoiceSound();
  const hear = (...probabilities: readonly number[]): void => {
    for (const probability of probabilities) sound.hear(windowOf(-20), probability);
  };
  hear(0.6, 0.8);
  assert.equal(sound.speechMs, undefined);
  hear(0.6, 0.95, 0.95, 0.95, 0.6, 0.95);
  assert.equal(sound.speechMs, 96);
  hear(0.2);
  sound.rest();
  assert.equal(sound.speechMs, 0);
  hear(0.9, 0.9);
  assert.equal(sound.speechMs, 64);
});
