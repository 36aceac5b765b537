// The breakers of the providers of the agent's file, shared by every call of the process.
import { Breaker, type BreakerFailure, type BreakerState } from './breaker.ts';
import type { Clock } from './clock.ts';
import type { ProviderStage } from './errors.ts';
import type { Random } from './random.ts';

export interface ProviderBreakersOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** `place` in the file's list, from 0. */
  readonly onChange: (
    stage: ProviderStage,
    place: number,
    state: BreakerState,
    why: BreakerFailure | undefined,
  ) => void;
}

export class ProviderBreakers {
  readonly #options: ProviderBreakersOptions;
  readonly #breakers = new Map<string, Breaker>();

  constructor(options: ProviderBreakersOptions) {
    this.#options = options;
  }

  /** Of the entry (provider and model) at this place, from 0, of the file's list; always the same for the same. */
  of(stage: ProviderStage, place: number): Breaker {
    const name = `${stage} ${place}`;
    const known = this.#breakers.get(name);
    if (known !== undefined) return known;
    const { clock, random, onChange } = this.#options;
    const made = new Breaker({
      clock,
      random,
      onChange: (state, why) => onChange(stage, place, state, why),
    });
    this.#breakers.set(name, made);
    return made;
  }
}
