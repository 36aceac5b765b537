// Chance as a value that is passed in, so that a seed repeats a run.
import { randomBytes } from 'node:crypto';

export interface Random {
  /** At least 0, less than 1. */
  next(): number;
}

export const systemRandom: Random = { next: () => Math.random() };

/** The same numbers for the same seed (mulberry32: 32 bits of state, good enough for tests and jitter). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return {
    next() {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = state;
      mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
    },
  };
}

/** Unguessable text for tokens and ids: `bytes` random bytes in base64url. */
export function secretText(bytes: number): string {
  return randomBytes(bytes).toString('base64url');
}

/** The same in hexadecimal digits, two a byte, as sids have them. */
export function hexText(bytes: number): string {
  return randomBytes(bytes).toString('hex');
}
