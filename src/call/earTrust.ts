// Which ears are worth asking, in the light of how they fared in all calls.
import type { Breaker } from '../base/breaker.ts';

export type EarTrust = Pick<
  Breaker,
  'accepted' | 'admits' | 'failed' | 'restMs' | 'succeeded' | 'tryLimit' | 'untilMs'
>;

/** One that is never open: where nobody keeps them, every provider is asked in turn. */
export const BLIND_TRUST: EarTrust = {
  accepted: () => undefined,
  admits: () => true,
  failed: () => undefined,
  restMs: () => 0,
  succeeded: () => undefined,
  tryLimit: () => undefined,
  untilMs: 0,
};

/** Whom to ask, or how long to wait before anybody may be asked. */
export type WhomToAsk = { readonly place: number } | { readonly waitMs: number };

/** Of so many providers, in their order. Whoever is told a place opens a session there: one that is to be tried is so by them. */
export class EarTrusts {
  readonly #count: number;
  readonly #breakers: readonly EarTrust[];

  constructor(count: number, breakers: readonly EarTrust[] = []) {
    this.#count = count;
    this.#breakers = breakers;
  }

  of(place: number): EarTrust {
    return this.#breakers[place] ?? BLIND_TRUST;
  }

  /** From this one on, the first that is worth asking; when none is, who has waited longest and doesn't want to be left alone. */
  from(first: number): WhomToAsk {
    const inTurn = this.#inTurn(first);
    const trusted = inTurn.find((place) => this.of(place).admits());
    if (trusted !== undefined) return { place: trusted };
    let waitMs = Infinity;
    for (const place of inTurn.toSorted((a, b) => this.of(a).untilMs - this.of(b).untilMs)) {
      const restMs = this.of(place).restMs();
      if (restMs === 0) return { place: this.#tried(place) };
      waitMs = Math.min(waitMs, restMs);
    }
    return { waitMs };
  }

  /**
   * To listen beside the one at this place: the next that has not failed, or that is to be tried again, or the same; when
   * all have failed, the next that doesn't want to be left alone; undefined: none.
   */
  beside(place: number): number | undefined {
    const inTurn = this.#inTurn(place + 1);
    const others = inTurn.slice(0, -1);
    const isHealthy = (other: number): boolean => this.of(other).untilMs === 0;
    const trusted = others.find(isHealthy) ?? others.find((other) => this.of(other).admits());
    if (trusted !== undefined) return trusted;
    if (isHealthy(place)) return place;
    const willing = inTurn.find((other) => this.of(other).restMs() === 0);
    return willing === undefined ? undefined : this.#tried(willing);
  }

  #tried(place: number): number {
    this.of(place).tryLimit();
    return place;
  }

  #inTurn(first: number): readonly number[] {
    return Array.from({ length: this.#count }, (_unused, index) => (first + index) % this.#count);
  }
}
