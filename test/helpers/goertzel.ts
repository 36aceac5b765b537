// The strength of one frequency, and tones to measure it in.

/** A sine of `hz` at `rateHz`, `amplitude` of 32767 at its peak. */
export function sine(hz: number, rateHz: number, samples: number, amplitude = 16_000): Int16Array {
  return Int16Array.from({ length: samples }, (_unused, i) =>
    Math.round(amplitude * Math.sin((2 * Math.PI * hz * i) / rateHz)),
  );
}

/**
 * Amplitude of the frequency `hz`: Goertzel's recurrence under a Hann window, so that a strong tone
 * elsewhere does not leak in. Answers 16-bit units; a sine answers its peak.
 */
export function amplitudeAt(samples: Int16Array, hz: number, rateHz: number): number {
  const turn = 2 * Math.cos((2 * Math.PI * hz) / rateHz);
  let last = 0;
  let beforeLast = 0;
  let windowSum = 0;
  for (const [i, sample] of samples.entries()) {
    const window = 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / samples.length);
    windowSum += window;
    const next = sample * window + turn * last - beforeLast;
    beforeLast = last;
    last = next;
  }
  const power = last * last + beforeLast * beforeLast - turn * last * beforeLast;
  return (2 * Math.sqrt(Math.max(0, power))) / windowSum;
}

/** `amplitude` relative to `reference`, in dB; -200 for nothing. */
export function decibels(amplitude: number, reference: number): number {
  return amplitude === 0 ? -200 : 20 * Math.log10(amplitude / reference);
}
