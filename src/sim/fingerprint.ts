// A short number for what a moment of sound is like, so that the same moment can be looked up in an
// index instead of being searched for. The bits are signs of how the tilt between neighbouring bands
// changes with time (Haitsma and Kalker, "A Highly Robust Audio Fingerprinting System", ISMIR 2002):
// gain, steady noise and a filter on the way cancel out.

/** 32 ms at 8 kHz: long enough for the bands, short enough for a syllable. */
export const WINDOW_SAMPLES = 256;
/** How far back the change is measured. */
export const CHANGE_SAMPLES = 240;
/** A code needs this much sound before its end. */
export const CODE_SAMPLES = WINDOW_SAMPLES + CHANGE_SAMPLES;
export const CODE_BITS = 16;
/** Codes looked up for one moment: the three least certain bits both ways. */
export const GUESSES = 8;

const BANDS = CODE_BITS + 1;
/** 200 Hz to 3.1 kHz in bins of 31.25 Hz: what a phone carries. */
const FIRST_BIN = 6;
const LAST_BIN = 99;
/** Keeps the logarithm of silence finite; far below a step of 16-bit sound. */
const POWER_MIN = 1;

const hann = Float64Array.from(
  { length: WINDOW_SAMPLES },
  (_unused, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / WINDOW_SAMPLES),
);
const cosines = Float64Array.from({ length: WINDOW_SAMPLES / 2 }, (_unused, i) =>
  Math.cos((2 * Math.PI * i) / WINDOW_SAMPLES),
);
const sines = Float64Array.from({ length: WINDOW_SAMPLES / 2 }, (_unused, i) =>
  Math.sin((2 * Math.PI * i) / WINDOW_SAMPLES),
);
const reversed = Uint8Array.from({ length: WINDOW_SAMPLES }, (_unused, i) => {
  let out = 0;
  for (let bit = 0; bit < 8; bit += 1) if ((i & (1 << bit)) !== 0) out |= 128 >> bit;
  return out;
});
const bandEnds = Uint8Array.from({ length: BANDS }, (_unused, band) =>
  Math.round(FIRST_BIN + ((LAST_BIN - FIRST_BIN) * (band + 1)) / BANDS),
);
/** Work space; nothing here waits, so one is enough. */
const real = new Float64Array(WINDOW_SAMPLES);
const imaginary = new Float64Array(WINDOW_SAMPLES);

export type Tilts = Float64Array;

/** Level differences in nepers between neighbouring bands of the window that begins at `start`. */
export function tiltsAt(
  samples: Float32Array,
  start: number,
  out: Tilts = new Float64Array(CODE_BITS),
): Tilts {
  for (let i = 0; i < WINDOW_SAMPLES; i += 1) {
    const to = reversed[i] as number;
    real[to] = (samples[start + i] as number) * (hann[i] as number);
    imaginary[to] = 0;
  }
  transform();
  let bin = FIRST_BIN;
  let last = 0;
  for (let band = 0; band < BANDS; band += 1) {
    const end = bandEnds[band] as number;
    let power = POWER_MIN;
    for (; bin < end; bin += 1) power += (real[bin] as number) ** 2 + (imaginary[bin] as number) ** 2;
    const level = power;
    if (band > 0) out[band - 1] = level - last;
    last = level;
  }
  return out;
}

/** The code of the change between two moments. */
export function codeOf(before: Tilts, after: Tilts): number {
  let code = 0;
  for (let bit = 0; bit < CODE_BITS; bit += 1) {
    if ((after[bit] as number) > (before[bit] as number)) code |= 1 << bit;
  }
  return code;
}

/** The code and its likeliest mistakes, GUESSES of them, into `out`. */
export function guessesOf(before: Tilts, after: Tilts, out: Uint16Array): void {
  const weakest = [0, 0, 0];
  const changes = [Infinity, Infinity, Infinity];
  for (let bit = 0; bit < CODE_BITS; bit += 1) {
    const change = Math.abs((after[bit] as number) - (before[bit] as number));
    let place = 2;
    if (change >= (changes[2] as number)) continue;
    while (place > 0 && change < (changes[place - 1] as number)) {
      changes[place] = changes[place - 1] as number;
      weakest[place] = weakest[place - 1] as number;
      place -= 1;
    }
    changes[place] = change;
    weakest[place] = bit;
  }
  const code = codeOf(before, after);
  for (let guess = 0; guess < GUESSES; guess += 1) {
    let flipped = 0;
    for (let i = 0; i < 3; i += 1) if ((guess & (1 << i)) !== 0) flipped |= 1 << (weakest[i] as number);
    out[guess] = code ^ flipped;
  }
}

/** Radix-2 Fourier transform of the work space, whose input is already in bit-reversed order. */
function transform(): void {
  for (let half = 1; half < WINDOW_SAMPLES; half *= 2) {
    const step = WINDOW_SAMPLES / (2 * half);
    for (let from = 0; from < WINDOW_SAMPLES; from += 2 * half) {
      for (let i = 0; i < half; i += 1) {
        const c = cosines[i * step] as number;
        const s = sines[i * step] as number;
        const a = from + i;
        const b = a + half;
        const re = (real[b] as number) * c + (imaginary[b] as number) * s;
        const im = (imaginary[b] as number) * c - (real[b] as number) * s;
        real[b] = (real[a] as number) - re;
        imaginary[b] = (imaginary[a] as number) - im;
        real[a] = (real[a] as number) + re;
        imaginary[a] = (imaginary[a] as number) + im;
      }
    }
  }
}
