// Triangular filters on Slaney's mel scale: linear below 1 kHz, logarithmic above, each of the same area.
// As librosa.filters.mel makes them: https://librosa.org/doc/latest/generated/librosa.filters.mel.html

export interface MelFilter {
  /** The first bin of the spectrum that it lets through. */
  readonly firstBin: number;
  readonly weights: Float64Array;
}

const LINEAR_MELS = 15;
const LINEAR_HZ = 1_000;
/** Mels in one natural octave above 1 kHz. */
const LOG_MELS = 27 / Math.log(6.4);

/** `bands` filters from 0 Hz to half of `rateHz`, for a spectrum of `bins` from 0 Hz to the same. */
export function melFilters(bands: number, bins: number, rateHz: number): readonly MelFilter[] {
  const topMel = melOf(rateHz / 2);
  const edgesHz = Array.from({ length: bands + 2 }, (_unused, i) => hzOf((topMel * i) / (bands + 1)));
  const binHz = rateHz / 2 / (bins - 1);
  return Array.from({ length: bands }, (_unused, band) => {
    const [low = 0, middle = 0, high = 0] = edgesHz.slice(band, band + 3);
    const firstBin = Math.floor(low / binHz) + 1;
    const lastBin = Math.min(bins - 1, Math.ceil(high / binHz) - 1);
    const weights = Float64Array.from({ length: Math.max(0, lastBin - firstBin + 1) }, (_none, i) => {
      const hz = (firstBin + i) * binHz;
      return Math.min((hz - low) / (middle - low), (high - hz) / (high - middle)) * (2 / (high - low));
    });
    return { firstBin, weights };
  });
}

function melOf(hz: number): number {
  return hz < LINEAR_HZ ? (hz * 3) / 200 : LINEAR_MELS + Math.log(hz / LINEAR_HZ) * LOG_MELS;
}

function hzOf(mel: number): number {
  return mel < LINEAR_MELS ? (mel * 200) / 3 : LINEAR_HZ * Math.exp((mel - LINEAR_MELS) / LOG_MELS);
}
