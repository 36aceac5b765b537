import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { decodeMulaw } from '../../src/audio/mulaw.ts';
import { DIGITS_MAX, digitTones, PAUSE_MS, TONE_GAP_MS, TONE_MS } from '../../src/audio/tone.ts';
import { amplitudeAt, decibels } from '../helpers/goertzel.ts';

const LOW_HZ = [697, 770, 852, 941];
const HIGH_HZ = [1_209, 1_336, 1_477, 1_633];
const KEY_SAMPLES = (TONE_MS + TONE_GAP_MS) * 8;

function samplesOf(digits: string): Int16Array {
  const result = digitTones(digits);
  assert.ok(result.ok);
  return decodeMulaw(result.mulaw);
}

/** dBm0 of each of the frequencies; a full-scale sine is +3.17. */
function levels(samples: Int16Array, frequencies: readonly number[]): number[] {
  return frequencies.map((hz) => 3.17 + decibels(amplitudeAt(samples, hz, 8_000), 32_767));
}

const keys = Array.from('123A456B789C*0#D');

for (const [index, key] of keys.entries()) {
  test(`${key} is its two frequencies, at their levels, and no other`, () => {
    const tone = samplesOf(key).subarray(0, TONE_MS * 8);
    for (const [row, dBm0] of levels(tone, LOW_HZ).entries()) {
      if (row === Math.floor(index / 4)) assert.ok(Math.abs(dBm0 + 8) < 0.3, `${dBm0}`);
      else assert.ok(dBm0 < -38, `${LOW_HZ[row]} Hz at ${dBm0}`);
    }
    for (const [column, dBm0] of levels(tone, HIGH_HZ).entries()) {
      if (column === index % 4) assert.ok(Math.abs(dBm0 + 6) < 0.3, `${dBm0}`);
      else assert.ok(dBm0 < -38, `${HIGH_HZ[column]} Hz at ${dBm0}`);
    }
  });
}

test('keys follow each other with a gap, and w is a pause', () => {
  const samples = samplesOf('1w2');
  assert.equal(samples.length, 2 * KEY_SAMPLES + PAUSE_MS * 8);
  const silent = samples.subarray(TONE_MS * 8, KEY_SAMPLES + PAUSE_MS * 8);
  assert.ok(silent.every((sample) => sample === 0));
  const second = samples.subarray(KEY_SAMPLES + PAUSE_MS * 8, KEY_SAMPLES + PAUSE_MS * 8 + TONE_MS * 8);
  assert.ok(amplitudeAt(second, 1_336, 8_000) > 5_000);
});

test('small letters and the marks people write between digits are understood', () => {
  assert.deepEqual(digitTones('12-3 4.a'), digitTones('1234A'));
});

for (const { digits, failure } of [
  { digits: '', failure: 'empty' },
  { digits: ' - ', failure: 'empty' },
  { digits: '12x', failure: 'unknown_key' },
  { digits: '1,2', failure: 'unknown_key' },
  { digits: '1'.repeat(DIGITS_MAX + 1), failure: 'too_long' },
]) {
  test(`refuses ${JSON.stringify(digits.slice(0, 8))} as ${failure}`, () => {
    assert.deepEqual(digitTones(digits), { ok: false, failure });
  });
}

test('no text makes it throw', () => {
  fc.assert(fc.property(fc.string({ maxLength: 80 }), (text) => void digitTones(text)));
});
