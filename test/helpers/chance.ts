// Chance from a seed, in the shapes that simulated people and faults need.
import { seededRandom, type Random } from '../../src/base/random.ts';

export class Chance {
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  /** True so often out of once. */
  happens(share: number): boolean {
    return this.#random.next() < share;
  }

  /** A whole number from `min` to `max`, both included. */
  between(min: number, max: number): number {
    return min + Math.floor(this.#random.next() * (max - min + 1));
  }

  /** One of at least one. */
  pick<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.#random.next() * choices.length)] as T;
  }

  /** For a part that must not be moved by how often another asks. */
  branch(): Chance {
    return new Chance(this.between(0, 0x7fffffff));
  }
}
