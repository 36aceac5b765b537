import assert from 'node:assert/strict';
import test from 'node:test';
import { encodeMulaw } from '../../src/audio/mulaw.ts';
import { RECORD_BYTES } from '../../src/vad/batch.ts';
import { VoiceLevel } from '../../src/vad/voiceLevel.ts';
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
  const level = new VoiceLevel();
  for (const dbfs of [-6, -40, -25]) {
    level.rest();
    level.hear(windowOf(dbfs));
  }
  level.hear(windowOf(-30));
  assertNear(level.begin(), -25);
});

test('a voice that grows is told of in steps of 3 dB, one that falls is not', () => {
  const level = new VoiceLevel();
  level.hear(windowOf(-30));
  level.begin();
  level.hear(windowOf(-28));
  assert.equal(level.grown(), undefined);
  level.hear(windowOf(-26));
  assertNear(level.grown(), -26);
  level.hear(windowOf(-45));
  assert.equal(level.grown(), undefined);
  level.hear(windowOf(-15));
  assertNear(level.grown(), -15);
});

test('after a voice only the last window may belong to the next', () => {
  const level = new VoiceLevel();
  level.hear(windowOf(-10));
  level.begin();
  level.hear(windowOf(-45));
  level.rest();
  level.hear(windowOf(-35));
  assertNear(level.begin(), -35);
});
