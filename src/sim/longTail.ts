// Times to a first token with a long tail: half within 540 ms, all but a twentieth within 1,770, none above 5,000.
// These three figures leave open what lies between, and on that depends what a second request can do.

export interface LongTail {
  readonly name: string;
  /** The time, ms, within which so large a share (0-1) of the requests begin to answer. */
  readonly quantileMs: (share: number) => number;
}

export const LONG_TAILS: readonly LongTail[] = [
  // A logarithmic normal distribution through the three.
  {
    name: 'even',
    quantileMs: throughPoints([
      [0, 120],
      [0.1, 214],
      [0.3, 370],
      [0.5, 540],
      [0.7, 788],
      [0.8, 991],
      [0.9, 1_362],
      [0.95, 1_770],
      [0.99, 2_894],
      [1, 5_000],
    ]),
  },
  // Most requests are alike, and some six in a hundred hang.
  {
    name: 'hangs',
    quantileMs: throughPoints([
      [0, 300],
      [0.5, 540],
      [0.94, 800],
      [0.9495, 1_770],
      [1, 5_000],
    ]),
  },
];

/** So many times, one from the middle of each equal part of the distribution. */
export function setOf(tail: LongTail, count: number): readonly number[] {
  return Array.from({ length: count }, (_unused, place) => tail.quantileMs((place + 0.5) / count));
}

/** Straight between the points where times are drawn as logarithms. */
function throughPoints(points: readonly (readonly [share: number, timeMs: number])[]) {
  return (share: number): number => {
    const place = Math.max(
      1,
      points.findIndex(([at]) => at >= share),
    );
    const [fromShare, fromMs] = points[place - 1] ?? [0, 0];
    const [toShare, toMs] = points[place] ?? [1, 0];
    return fromMs * (toMs / fromMs) ** ((share - fromShare) / (toShare - fromShare));
  };
}
