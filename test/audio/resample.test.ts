import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { createResampler, RATE_HZ_MAX, type Resampler } from '../../src/audio/resample.ts';
import { amplitudeAt, decibels, sine } from '../helpers/goertzel.ts';

const AMPLITUDE = 16_000;

/** Gain in dB of a tone of `hz` that went from one rate to another, heard at `heardHz`. */
function gainDb(fromHz: number, toHz: number, hz: number, heardHz: number): number {
  const out = whole(createResampler(fromHz, toHz), sine(hz, fromHz, fromHz, AMPLITUDE));
  // Half a second from the middle: not the edges.
  const middle = out.subarray(Math.round(toHz / 4), Math.round((3 * toHz) / 4));
  return decibels(amplitudeAt(middle, heardHz, toHz), AMPLITUDE);
}

function whole(resampler: Resampler, samples: Int16Array): Int16Array {
  return joined([resampler.process(samples), resampler.flush()]);
}

function joined(parts: readonly Int16Array[]): Int16Array {
  return Int16Array.from(parts.flatMap((part) => [...part]));
}

for (const fromHz of [16_000, 22_050, 24_000, 44_100, 48_000]) {
  test(`${fromHz} to 8000 Hz keeps what a telephone carries`, () => {
    for (const hz of [300, 1_000, 3_000, 3_400]) {
      const db = gainDb(fromHz, 8_000, hz, hz);
      assert.ok(Math.abs(db) < 0.2, `${hz} Hz: ${db.toFixed(2)} dB`);
    }
  });

  test(`${fromHz} to 8000 Hz lets nothing fold back`, () => {
    for (const { hz, atMostDb } of [
      { hz: 4_300, atMostDb: -70 },
      { hz: 5_000, atMostDb: -75 },
      { hz: 6_500, atMostDb: -75 },
      { hz: 7_700, atMostDb: -75 },
    ]) {
      const db = gainDb(fromHz, 8_000, hz, 8_000 - hz);
      assert.ok(db < atMostDb, `${hz} Hz: ${db.toFixed(1)} dB`);
    }
  });
}

for (const { fromHz, toHz } of [
  { fromHz: 8_000, toHz: 24_000 },
  { fromHz: 8_000, toHz: 16_000 },
  { fromHz: 22_050, toHz: 24_000 },
]) {
  test(`${fromHz} to ${toHz} Hz keeps the band and makes no mirror image of it`, () => {
    for (const hz of [300, 3_000, 3_400]) {
      const db = gainDb(fromHz, toHz, hz, hz);
      assert.ok(Math.abs(db) < 0.2, `${hz} Hz: ${db.toFixed(2)} dB`);
      // The image lies at fromHz - hz, folded at the new rate.
      const imageHz = fromHz - hz > toHz / 2 ? toHz - (fromHz - hz) : fromHz - hz;
      const imageDb = gainDb(fromHz, toHz, hz, imageHz);
      assert.ok(imageDb < -70, `image of ${hz} Hz: ${imageDb.toFixed(1)} dB`);
    }
  });
}

test('a level is kept exactly, at every phase', () => {
  const out = whole(createResampler(22_050, 8_000), new Int16Array(22_050).fill(10_000));
  for (const sample of out.subarray(100, out.length - 100)) assert.ok(Math.abs(sample - 10_000) <= 1);
});

test('a click stays where it was: no delay is added', () => {
  for (const { fromHz, toHz } of [
    { fromHz: 24_000, toHz: 8_000 },
    { fromHz: 22_050, toHz: 8_000 },
    { fromHz: 8_000, toHz: 24_000 },
  ]) {
    const input = new Int16Array(fromHz);
    input[fromHz / 2] = 30_000;
    const out = whole(createResampler(fromHz, toHz), input);
    let loudest = 0;
    for (let i = 0; i < out.length; i += 1)
      if (Math.abs(out[i] ?? 0) > Math.abs(out[loudest] ?? 0)) loudest = i;
    assert.equal(loudest, toHz / 2, `${fromHz} to ${toHz}`);
  }
});

test('as much time comes out as went in', () => {
  for (const { samples, expected } of [
    { samples: 0, expected: 0 },
    { samples: 1, expected: 1 },
    { samples: 2, expected: 1 },
    { samples: 3, expected: 1 },
    { samples: 4, expected: 2 },
    { samples: 24_000, expected: 8_000 },
  ]) {
    assert.equal(whole(createResampler(24_000, 8_000), new Int16Array(samples)).length, expected);
  }
  assert.equal(whole(createResampler(22_050, 8_000), new Int16Array(22_050)).length, 8_000);
});

test('however the input is cut, the output is the same', () => {
  const rates = [4_000, 8_000, 11_025, 16_000, 22_050, 24_000, 44_100, 48_000, RATE_HZ_MAX];
  fc.assert(
    fc.property(
      fc.constantFrom(...rates),
      fc.constantFrom(...rates),
      fc.int16Array({ maxLength: 4_000 }),
      fc.array(fc.integer({ min: 0, max: 1_500 }), { maxLength: 12 }),
      (fromHz, toHz, samples, cuts) => {
        const atOnce = whole(createResampler(fromHz, toHz), samples);
        const resampler = createResampler(fromHz, toHz);
        const parts: Int16Array[] = [];
        let done = 0;
        for (const cut of cuts) {
          parts.push(resampler.process(samples.subarray(done, done + cut)));
          done = Math.min(samples.length, done + cut);
        }
        parts.push(resampler.process(samples.subarray(done)), resampler.flush());
        assert.deepEqual(joined(parts), atOnce);
        assert.equal(atOnce.length, Math.ceil((samples.length * toHz) / fromHz));
      },
    ),
    { numRuns: 150 },
  );
});

test('after a flush it is as new', () => {
  const resampler = createResampler(24_000, 8_000);
  const loud = sine(700, 24_000, 5_000, 30_000);
  const first = whole(resampler, loud);
  assert.deepEqual(whole(resampler, loud), first);
});

test('what is too loud is clipped, not wrapped', () => {
  // A full-scale square overshoots at its edges.
  const square = Int16Array.from({ length: 2_400 }, (_unused, i) => (i % 240 < 120 ? 32_767 : -32_768));
  const out = whole(createResampler(24_000, 8_000), square);
  assert.ok(out.includes(32_767) && out.includes(-32_768));
  for (let i = 0; i < out.length; i += 1) {
    const inFirstHalf = i % 80 < 40;
    const nearEdge = i % 40 < 12 || i % 40 > 28;
    if (!nearEdge) assert.ok(inFirstHalf ? (out[i] ?? 0) > 30_000 : (out[i] ?? 0) < -30_000, `sample ${i}`);
  }
});

test('the first audio waits less than 3 ms', () => {
  for (const fromHz of [8_000, 16_000, 22_050, 24_000, 48_000]) {
    for (const toHz of [8_000, 24_000]) {
      const resampler = createResampler(fromHz, toHz);
      assert.ok(resampler.lookAheadMs < 3, `${fromHz} to ${toHz}: ${resampler.lookAheadMs} ms`);
      const needed = Math.floor((resampler.lookAheadMs / 1_000) * fromHz + 0.5) + 1;
      assert.ok(resampler.process(new Int16Array(needed)).length >= 1);
    }
  }
});

test('one rate to itself is a copy', () => {
  const samples = Int16Array.of(1, -2, 3);
  const out = whole(createResampler(8_000, 8_000), samples);
  assert.deepEqual(out, samples);
  assert.notEqual(out, samples);
});

test('a rate that is none is refused', () => {
  for (const rateHz of [0, -8_000, 8_000.5, Number.NaN, 1_000_000]) {
    assert.throws(() => createResampler(rateHz, 8_000), /sample rate/);
    assert.throws(() => createResampler(8_000, rateHz), /sample rate/);
  }
  assert.throws(() => createResampler(191_999, 8_001), /too large a filter/);
});
