// The power of each frequency in a window of 400 samples. 400 is no power of two, so it is transformed as 20 x 20
// (Cooley and Tukey's first step), each of the twenties by its even and odd part.

export const WINDOW_SAMPLES = 400;
/** 0 Hz to half the sample rate. */
export const SPECTRUM_BINS = WINDOW_SAMPLES / 2 + 1;

const SIDE = 20;
/** Of 20 values the even and the odd part have 11; of a real input's 20 frequencies the others are conjugates. */
const HALF = SIDE / 2 + 1;

/** A periodic Hann window. */
const hann = Float64Array.from(
  { length: WINDOW_SAMPLES },
  (_unused, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / WINDOW_SAMPLES),
);
const cosines = Float64Array.from({ length: WINDOW_SAMPLES }, (_unused, i) =>
  Math.cos((2 * Math.PI * i) / WINDOW_SAMPLES),
);
const sines = Float64Array.from({ length: WINDOW_SAMPLES }, (_unused, i) =>
  Math.sin((2 * Math.PI * i) / WINDOW_SAMPLES),
);
/** Of a transform of 20, frequency by frequency. */
const sideCosines = Float64Array.from(
  { length: HALF * HALF },
  (_unused, i) => cosines[sideTurn(i)] as number,
);
const sideSines = Float64Array.from({ length: HALF * HALF }, (_unused, i) => sines[sideTurn(i)] as number);

/** The even and odd part of the row or column in hand; the imaginary ones of a column too. */
const even = new Float64Array(HALF);
const odd = new Float64Array(HALF);
const evenImaginary = new Float64Array(HALF);
const oddImaginary = new Float64Array(HALF);
const windowed = new Float64Array(WINDOW_SAMPLES);
/** By column, then row. */
const real = new Float64Array(HALF * SIDE);
const imaginary = new Float64Array(HALF * SIDE);

/** Writes |X(k)|^2 of `samples[from .. from + 400)` under a Hann window into `power`, k from 0 to 200. */
export function powerSpectrum(samples: Float64Array, from: number, power: Float64Array): void {
  for (let i = 0; i < WINDOW_SAMPLES; i += 1) {
    windowed[i] = (samples[from + i] as number) * (hann[i] as number);
  }
  transformRows();
  transformColumns(power);
}

/** A row is every 20th sample; its transform is turned by the row's offset. */
function transformRows(): void {
  for (let row = 0; row < SIDE; row += 1) {
    split(windowed, row, SIDE, even, odd);
    for (let column = 0; column < HALF; column += 1) {
      const re = product(even, sideCosines, column);
      const im = -product(odd, sideSines, column);
      const cos = cosines[row * column] as number;
      const sin = sines[row * column] as number;
      real[column * SIDE + row] = re * cos + im * sin;
      imaginary[column * SIDE + row] = im * cos - re * sin;
    }
  }
}

/** Column c answers the frequencies c, c + 20, ...; one above the half is as strong as its mirror. */
function transformColumns(power: Float64Array): void {
  for (let column = 0; column < HALF; column += 1) {
    split(real, column * SIDE, 1, even, odd);
    split(imaginary, column * SIDE, 1, evenImaginary, oddImaginary);
    for (let k = 0; k < HALF; k += 1) {
      const a = product(even, sideCosines, k);
      const b = product(oddImaginary, sideSines, k);
      const c = product(evenImaginary, sideCosines, k);
      const d = product(odd, sideSines, k);
      power[binOf(column, k)] = (a + b) ** 2 + (c - d) ** 2;
      power[binOf(column, (SIDE - k) % SIDE)] = (a - b) ** 2 + (c + d) ** 2;
    }
  }
}

function binOf(column: number, k: number): number {
  const bin = column + SIDE * k;
  return bin < SPECTRUM_BINS ? bin : WINDOW_SAMPLES - bin;
}

/** Value n with its mirror 20 - n: their sum and their difference. The two in the middle have no mirror. */
function split(
  values: Float64Array,
  from: number,
  step: number,
  sums: Float64Array,
  differences: Float64Array,
): void {
  sums[0] = values[from] as number;
  sums[HALF - 1] = values[from + (HALF - 1) * step] as number;
  for (let n = 1; n < HALF - 1; n += 1) {
    const value = values[from + n * step] as number;
    const mirror = values[from + (SIDE - n) * step] as number;
    sums[n] = value + mirror;
    differences[n] = value - mirror;
  }
}

function product(part: Float64Array, table: Float64Array, k: number): number {
  const from = k * HALF;
  let sum = 0;
  for (let n = 0; n < HALF; n += 1) sum += (part[n] as number) * (table[from + n] as number);
  return sum;
}

function sideTurn(i: number): number {
  return (SIDE * Math.floor(i / HALF) * (i % HALF)) % WINDOW_SAMPLES;
}
