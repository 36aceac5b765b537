import assert from 'node:assert/strict';
import test from 'node:test';
import { seededRandom } from '../../src/base/random.ts';
import { HOP_SAMPLES, logMel, MEL_BANDS, MEL_RATE_HZ } from '../../src/vad/logMel.ts';
import { melFilters } from '../../src/vad/melFilters.ts';
import { powerSpectrum, SPECTRUM_BINS, WINDOW_SAMPLES } from '../../src/vad/powerSpectrum.ts';

/** Straight from the definition: 160,000 products. */
function definedPower(samples: Float64Array, k: number): number {
  let re = 0;
  let im = 0;
  for (const [i, sample] of samples.entries()) {
    const windowed = sample * Math.sin((Math.PI * i) / WINDOW_SAMPLES) ** 2;
    re += windowed * Math.cos((2 * Math.PI * i * k) / WINDOW_SAMPLES);
    im -= windowed * Math.sin((2 * Math.PI * i * k) / WINDOW_SAMPLES);
  }
  return re * re + im * im;
}

/** 440 Hz from the middle of `seconds` on, after silence. */
function toneAfterSilence(seconds: number, amplitude = 0.5): Float32Array {
  const samples = seconds * MEL_RATE_HZ;
  return Float32Array.from({ length: samples }, (_unused, i) =>
    i < samples / 2 ? 0 : amplitude * Math.sin((2 * Math.PI * 440 * i) / MEL_RATE_HZ),
  );
}

test('the spectrum is what the definition of the Fourier transform says', () => {
  const random = seededRandom(7);
  const samples = Float64Array.from({ length: WINDOW_SAMPLES }, () => random.next() - 0.5);
  const power = new Float64Array(SPECTRUM_BINS);
  powerSpectrum(samples, 0, power);
  for (let k = 0; k < SPECTRUM_BINS; k += 1) {
    const expected = definedPower(samples, k);
    assert.ok(Math.abs((power[k] ?? 0) - expected) < 1e-9, `bin ${k}: ${power[k]} instead of ${expected}`);
  }
});

test('the filters are those of librosa for 80 bands of 16 kHz', () => {
  const filters = melFilters(MEL_BANDS, SPECTRUM_BINS, MEL_RATE_HZ);
  // The best known value of Whisper's mel_filters.npz.
  assert.equal(filters[0]?.firstBin, 1);
  assert.ok(Math.abs((filters[0]?.weights[0] ?? 0) - 0.024_862_59) < 1e-7);
  for (const { firstBin, weights } of filters) {
    assert.ok(weights.length > 0 && weights.every((weight) => weight >= 0));
    assert.ok(firstBin > 0 && firstBin + weights.length <= SPECTRUM_BINS);
  }
  // Of the same area each, as far as bins of 40 Hz can tell: the wide ones can.
  const area = (filters.at(-1)?.weights.reduce((sum, weight) => sum + weight, 0) ?? 0) * 40;
  assert.ok(Math.abs(area - 1) < 0.02, `${area}`);
});

test('a tone after silence has the features that Whisper’s extractor gives it', () => {
  const features = logMel(toneAfterSilence(8));
  const frames = 800;
  assert.equal(features.length, MEL_BANDS * frames);
  const at = (band: number, frame: number): number => features[band * frames + frame] ?? Number.NaN;
  // In silence and far from the tone all is 80 dB below the loudest, which is 2 units of the scale.
  const loudest = features.reduce((most, value) => Math.max(most, value), -Infinity);
  assert.ok(Math.abs(at(0, 100) - (loudest - 2)) < 1e-6);
  assert.ok(Math.abs(at(79, 700) - (loudest - 2)) < 1e-6);
  // By the formula: variance of half a window of tone is 0.0625, so it is scaled by 4; 440 Hz is bin 11 of the
  // spectrum, with (4 * 0.5 / 2 * 200)^2 of power, a quarter of it in either neighbour.
  const filters = melFilters(MEL_BANDS, SPECTRUM_BINS, MEL_RATE_HZ);
  const power = (4 * 0.5 * 0.5 * 200) ** 2;
  for (const band of [10, 11, 12]) {
    const filter = filters[band];
    assert.ok(filter);
    const through = [10, 11, 12].reduce(
      (sum, bin) => sum + (filter.weights[bin - filter.firstBin] ?? 0) * power * (bin === 11 ? 1 : 0.25),
      0,
    );
    const expected = (Math.log10(through) + 4) / 4;
    assert.ok(Math.abs(at(band, 700) - expected) < 1e-4, `band ${band}: ${at(band, 700)}, not ${expected}`);
  }
  const pinned: readonly (readonly [number, number, number])[] = [
    [11, 700, 1.739_233_6],
    [12, 700, 1.594_553_2],
    [0, 799, 0.778_729_5],
    [11, 0, -0.260_766_4],
  ];
  for (const [band, frame, value] of pinned) assert.ok(Math.abs(at(band, frame) - value) < 1e-5);
});

test('how loud the line is does not matter', () => {
  const loud = logMel(toneAfterSilence(2, 0.9));
  const quiet = logMel(toneAfterSilence(2, 0.09));
  const farthest = loud.reduce((most, value, i) => Math.max(most, Math.abs(value - (quiet[i] ?? 9))), 0);
  assert.ok(farthest < 1e-3, `${farthest}`);
});

test('nothing but silence has features too', () => {
  const features = logMel(new Float32Array(2 * HOP_SAMPLES));
  assert.equal(features.length, 2 * MEL_BANDS);
  assert.ok(features.every((value) => value === -1.5));
});
