// Sample rate conversion for speech: a polyphase filter, a sinc under a Kaiser window. Linear phase, so
// nothing is smeared; streaming, so a sentence may come in pieces of any length.
// Why it is ours: docs/decisions/own-resampler.md. It runs in browsers as well: nothing of Node's is in it.

export interface Resampler {
  /** How far it looks ahead: output waits for this much more input than it stands for. */
  readonly lookAheadMs: number;
  /**
   * What can be said so far. Output sample n stands for the time of input sample n * fromHz / toHz, so both
   * begin together. However the input is cut into pieces, the output put together is the same.
   */
  process(samples: Int16Array): Int16Array;
  /** The rest, as if silence followed; together `ceil(input * toHz / fromHz)` samples. It is as new afterwards. */
  flush(): Int16Array;
}

export const RATE_HZ_MIN = 4_000;
export const RATE_HZ_MAX = 192_000;

/** Half the filter, in samples of the slower rate: 2.7 ms at 8 kHz, which is what the first audio waits for. */
const HALF_WIDTH_SAMPLES = 64 / 3;
/**
 * Where the gain is a half, as a share of the slower rate's Nyquist frequency. With the width above
 * this keeps 3.4 kHz at -0.2 dB and takes 78 dB off 4.3 kHz when the slower rate is 8 kHz.
 */
const CUTOFF_SHARE = 0.935;
/** Kaiser's shape parameter: side lobes 75 dB down, 0.1102 * (75 - 8.7). */
const KAISER_BETA = 7.31;
/** Input is taken in blocks of this many samples, so that the work space has a fixed size. */
const BLOCK_SAMPLES = 1_024;
/** Two million coefficients are 16 MiB; every pair of the usual rates needs less than a hundredth. */
const COEFFICIENTS_MAX = 2_000_000;
/** Ratios whose coefficients are kept; a process uses two or three. */
const RATIOS_KEPT_MAX = 16;

interface Filter {
  /** Outputs per `down` inputs, in lowest terms; as many phases as outputs. */
  readonly up: number;
  readonly down: number;
  /** Coefficients reach from `half - 1` inputs before to `half` inputs after. Even, for the unrolled loop. */
  readonly half: number;
  /** `up` rows of `2 * half`. */
  readonly coefficients: Float64Array;
}

const filters = new Map<string, Filter>();

/** Both rates are whole numbers of Hz in RATE_HZ_MIN..RATE_HZ_MAX. Cheap but for the first of a ratio. */
export function createResampler(fromHz: number, toHz: number): Resampler {
  for (const rateHz of [fromHz, toHz]) {
    if (!Number.isInteger(rateHz) || rateHz < RATE_HZ_MIN || rateHz > RATE_HZ_MAX) {
      throw new RangeError(`a sample rate is between ${RATE_HZ_MIN} and ${RATE_HZ_MAX} Hz, not ${rateHz}`);
    }
  }
  if (fromHz === toHz) {
    return { lookAheadMs: 0, process: (samples) => samples.slice(), flush: () => new Int16Array(0) };
  }
  return stream(filterFor(fromHz, toHz), fromHz);
}

function stream(filter: Filter, fromHz: number): Resampler {
  const { up, down, half } = filter;
  const work = new Float64Array(2 * half + BLOCK_SAMPLES);
  // Silence came before; the next output stands `phase / up` inputs after work[at].
  let filled = half - 1;
  let at = half - 1;
  let phase = 0;

  /** How many outputs have all their inputs once `more` came. */
  const ready = (more: number): number =>
    Math.max(0, Math.floor(((filled + more - half - at) * up - 1 - phase) / down) + 1);

  const take = (samples: Int16Array, out: Int16Array): void => {
    let done = 0;
    for (let start = 0; start < samples.length; start += BLOCK_SAMPLES) {
      const block = samples.subarray(start, start + BLOCK_SAMPLES);
      const end = Math.min(out.length, done + ready(block.length));
      work.set(block, filled);
      filled += block.length;
      convolve(filter, work, at, phase, out, done, end);
      const moved = phase + (end - done) * down;
      at += Math.floor(moved / up);
      phase = moved % up;
      done = end;
      // Only what the next output reaches back to is kept.
      const keepFrom = at - half + 1;
      work.copyWithin(0, keepFrom, filled);
      filled -= keepFrom;
      at -= keepFrom;
    }
  };

  return {
    lookAheadMs: (half / fromHz) * 1_000,
    process(samples) {
      const out = new Int16Array(ready(samples.length));
      take(samples, out);
      return out;
    },
    flush() {
      // What stands for a time before the end of the input, though it reaches beyond it.
      const out = new Int16Array(Math.max(0, Math.ceil(((filled - at) * up - phase) / down)));
      take(new Int16Array(half), out);
      work.fill(0);
      filled = half - 1;
      at = half - 1;
      phase = 0;
      return out;
    },
  };
}

/** The hot loop: 2 * half products for each of out[start..end). Four sums, so that they need not wait for each other. */
function convolve(
  filter: Filter,
  work: Float64Array,
  at: number,
  firstPhase: number,
  out: Int16Array,
  start: number,
  end: number,
): void {
  const { up, down, half, coefficients } = filter;
  const width = 2 * half;
  let from = at - half + 1;
  let phase = firstPhase;
  for (let n = start; n < end; n += 1) {
    const row = phase * width;
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    for (let i = 0; i < width; i += 4) {
      a += (work[from + i] as number) * (coefficients[row + i] as number);
      b += (work[from + i + 1] as number) * (coefficients[row + i + 1] as number);
      c += (work[from + i + 2] as number) * (coefficients[row + i + 2] as number);
      d += (work[from + i + 3] as number) * (coefficients[row + i + 3] as number);
    }
    const sum = a + b + (c + d);
    // An Int16Array wraps what does not fit: that would be a crack. So it is clipped.
    out[n] = sum > 32_767 ? 32_767 : sum < -32_768 ? -32_768 : Math.round(sum);
    phase += down;
    while (phase >= up) {
      phase -= up;
      from += 1;
    }
  }
}

function filterFor(fromHz: number, toHz: number): Filter {
  const common = greatestCommonDivisor(fromHz, toHz);
  const key = `${toHz / common}/${fromHz / common}`;
  const known = filters.get(key);
  if (known !== undefined) return known;
  const filter = makeFilter(toHz / common, fromHz / common);
  if (filters.size < RATIOS_KEPT_MAX) filters.set(key, filter);
  return filter;
}

/**
 * Windowed sinc, sampled once a phase. Each row is scaled to sum to 1, so that a level is kept exactly
 * and does not ripple from phase to phase.
 */
function makeFilter(up: number, down: number): Filter {
  /** The slower rate as a share of the input's. */
  const share = Math.min(1, up / down);
  const reach = HALF_WIDTH_SAMPLES / share;
  const half = 2 * Math.ceil(reach / 2);
  const width = 2 * half;
  if (up * width > COEFFICIENTS_MAX) throw new RangeError(`the ratio ${up}/${down} needs too large a filter`);
  const cutoff = share * CUTOFF_SHARE;
  const coefficients = new Float64Array(up * width);
  for (let phase = 0; phase < up; phase += 1) {
    const row = coefficients.subarray(phase * width, (phase + 1) * width);
    let sum = 0;
    for (let i = 0; i < width; i += 1) {
      const distance = i - (half - 1) - phase / up;
      row[i] = sinc(distance * cutoff) * kaiser(distance / reach);
      sum += row[i] as number;
    }
    for (let i = 0; i < width; i += 1) row[i] = (row[i] as number) / sum;
  }
  return { up, down, half, coefficients };
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** Kaiser's window at `x` of its half width (not scaled to 1 at the middle); 0 outside. */
function kaiser(x: number): number {
  return Math.abs(x) >= 1 ? 0 : besselI0(KAISER_BETA * Math.sqrt(1 - x * x));
}

/** The modified Bessel function of the first kind, order 0, by its power series. */
function besselI0(x: number): number {
  let term = 1;
  let sum = 1;
  for (let k = 1; term > sum * 1e-16; k += 1) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
