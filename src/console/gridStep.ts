// How far apart the lines of a chart's scale are.

const NICE = [1, 2, 2.5, 5, 10];

/** The step of about four lines: 1, 2, 2.5 or 5 times a power of ten. */
export function gridStep(max: number): number {
  const rough = Math.max(max, 1) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * (NICE.find((nice) => nice * power >= rough) ?? 10);
}
