// How quick each model has been of late, for all calls of the process together.
import type { Clock } from './clock.ts';

/** What is older says nothing of now; and a model that was passed over for being slow is tried again after it. */
const SAMPLE_MS_MAX = 180_000;
const SAMPLES_MAX = 200;
/** With fewer one slow answer would decide. */
const SAMPLES_MIN = 10;
/** Models come from the agent's file; this only bounds a mistake. */
const MODELS_MAX = 64;

interface Sample {
  readonly atMs: number;
  readonly firstTokenMs: number;
}

export class FirstTokens {
  readonly #clock: Pick<Clock, 'nowMs'>;
  readonly #samples = new Map<string, Sample[]>();

  constructor(clock: Pick<Clock, 'nowMs'>) {
    this.#clock = clock;
  }

  note(provider: string, model: string, firstTokenMs: number): void {
    const key = `${provider}\0${model}`;
    const samples = this.#samples.get(key) ?? [];
    if (samples.length === 0 && this.#samples.size >= MODELS_MAX) return;
    samples.push({ atMs: this.#clock.nowMs(), firstTokenMs });
    if (samples.length > SAMPLES_MAX) samples.shift();
    this.#samples.set(key, samples);
  }

  /** Undefined until there are enough recent ones. */
  firstTokenP95Ms(provider: string, model: string): number | undefined {
    const sinceMs = this.#clock.nowMs() - SAMPLE_MS_MAX;
    const recent = (this.#samples.get(`${provider}\0${model}`) ?? [])
      .filter(({ atMs }) => atMs > sinceMs)
      .map(({ firstTokenMs }) => firstTokenMs)
      .toSorted((a, b) => a - b);
    return recent.length < SAMPLES_MIN ? undefined : recent[Math.ceil(recent.length * 0.95) - 1];
  }
}
