// Choices from a seed.
import assert from 'node:assert/strict';
import type { Random } from '../base/random.ts';

/** One of at least one. */
export function pick<T>(random: Random, choices: readonly T[]): T {
  const chosen = choices[Math.floor(random.next() * choices.length)];
  assert(chosen !== undefined, 'nothing to choose from');
  return chosen;
}

/** From `least` to `most`, both included. */
export function pickNumber(random: Random, least: number, most: number): number {
  return least + Math.floor(random.next() * (most - least + 1));
}

export function pickDigits(random: Random, count: number): string {
  return Array.from({ length: count }, () => String(Math.floor(random.next() * 10))).join('');
}
