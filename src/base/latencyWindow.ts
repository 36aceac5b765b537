// How long a provider lately took to its first output: what the slow one is told from the usual by. One for each
// provider and model, shared by every call of the process.
import type { Clock } from './clock.ts';
import { distributionOf, type LatencyDistribution } from './latencyDistribution.ts';

/** A p95 out of this many has ten requests above it. */
export const SAMPLES_MAX = 200;
/** A provider of ten minutes ago says little about now. */
export const SAMPLE_AGE_MS_MAX = 10 * 60 * 1_000;
/** Fewer whole samples than this say nothing of a tail. */
export const SAMPLES_MIN = 20;
/** A new estimate is made after so many new samples: a tenth of a millisecond each. */
const NEW_SAMPLES = 10;

interface Sample {
  readonly atMs: number;
  readonly durationMs: number;
  readonly atLeast: boolean;
}

export class LatencyWindow {
  readonly #clock: Clock;
  readonly #samples: Sample[] = [];
  #taken = 0;
  #estimate: { readonly taken: number; readonly made: LatencyDistribution | undefined } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The first output came after `durationMs`. */
  took(durationMs: number): void {
    this.#add(durationMs, false);
  }

  /** It had not come after `durationMs`, and was waited for no longer: late, or not wanted any more. */
  tookAtLeast(durationMs: number): void {
    this.#add(durationMs, true);
  }

  /** Undefined until there are enough samples, and when they have become too old. */
  get distribution(): LatencyDistribution | undefined {
    this.#forgetOld();
    const known = this.#estimate;
    if (known !== undefined && this.#taken - known.taken < NEW_SAMPLES) {
      if (known.made === undefined || this.#samples.length >= SAMPLES_MIN) return known.made;
    }
    const whole = this.#samples.filter(({ atLeast }) => !atLeast).length;
    const made = whole < SAMPLES_MIN ? undefined : distributionOf(this.#samples);
    // Until the first estimate each sample may be the one that was missing.
    this.#estimate = made === undefined ? undefined : { taken: this.#taken, made };
    return made;
  }

  /** The time, ms, within which so large a share (0-1) of the requests began to answer; undefined while unknown. */
  quantileMs(share: number): number | undefined {
    return this.distribution?.quantileMs(share);
  }

  #add(durationMs: number, atLeast: boolean): void {
    this.#samples.push({ atMs: this.#clock.nowMs(), durationMs, atLeast });
    if (this.#samples.length > SAMPLES_MAX) this.#samples.shift();
    this.#taken += 1;
  }

  #forgetOld(): void {
    const oldestMs = this.#clock.nowMs() - SAMPLE_AGE_MS_MAX;
    while ((this.#samples[0]?.atMs ?? Infinity) < oldestMs) this.#samples.shift();
  }
}
