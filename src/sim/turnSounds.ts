// Noises that are no speech, made from a seed: 8 kHz samples at the levels they have beside a telephone.
import { clipToInt16, SAMPLE_RATE_HZ } from '../audio/mulaw.ts';
import type { Random } from '../base/random.ts';

export type SoundKind = 'cough' | 'knock' | 'hiss';

const FULL_SCALE = 32_768;

export function makeSound(kind: SoundKind, random: Random): Int16Array {
  switch (kind) {
    case 'cough':
      return cough(random);
    case 'knock':
      return knock(random);
    case 'hiss':
      return hiss(random);
    default:
      return kind satisfies never;
  }
}

/** One or two bursts of 120-220 ms: broad noise through the throat's resonances, with a rough voice in it. */
function cough(random: Random): Int16Array {
  const bursts = random.next() < 0.5 ? 1 : 2;
  const pieces = Array.from({ length: bursts }, (_unused, index) => {
    const durationMs = between(random, 120, 220);
    const samples = sampleCount(durationMs);
    const throat = [
      resonance(between(random, 450, 700), 0.93),
      resonance(between(random, 1_200, 1_800), 0.9),
    ];
    const pitchHz = between(random, 90, 180);
    const level = between(random, 0.12, 0.25) * (index === 0 ? 1 : 0.7);
    return shaped(samples, level, (i) => {
      const roughness = 0.6 + 0.4 * Math.sin((2 * Math.PI * pitchHz * i) / SAMPLE_RATE_HZ);
      const breath = random.next() * 2 - 1;
      const swell = Math.min(1, i / 80) * Math.exp((-3 * i) / samples);
      return throat.reduce((sum, filter) => sum + filter(breath), 0.2 * breath) * roughness * swell;
    });
  });
  return withGaps(pieces, between(random, 60, 120));
}

/** One to three thumps on wood or the handset, 40-80 ms each: damped low tones with a click in front. */
function knock(random: Random): Int16Array {
  const thumps = 1 + Math.floor(random.next() * 3);
  const toneHz = between(random, 120, 380);
  const pieces = Array.from({ length: thumps }, () => {
    const samples = sampleCount(between(random, 40, 80));
    return shaped(samples, between(random, 0.1, 0.3), (i) => {
      const tone = Math.sin((2 * Math.PI * toneHz * i) / SAMPLE_RATE_HZ);
      const click = i < 24 ? random.next() * 2 - 1 : 0;
      return (tone + 0.5 * click) * Math.exp((-5 * i) / samples);
    });
  });
  return withGaps(pieces, between(random, 120, 200));
}

/** 200-500 ms of breath or air brakes: high-passed noise that comes and goes. */
function hiss(random: Random): Int16Array {
  const samples = sampleCount(between(random, 200, 500));
  let before = 0;
  return shaped(samples, between(random, 0.03, 0.1), (i) => {
    const white = random.next() * 2 - 1;
    const high = white - before;
    before = white;
    return high * Math.sin((Math.PI * i) / samples);
  });
}

/** Scaled so that its root mean square is `level` of full scale. */
function shaped(samples: number, level: number, sampleAt: (index: number) => number): Int16Array {
  const values = Float64Array.from({ length: samples }, (_unused, i) => sampleAt(i));
  const rms = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / Math.max(1, samples));
  const scale = rms === 0 ? 0 : (level * FULL_SCALE) / rms;
  return Int16Array.from(values, (value) => clipToInt16(value * scale));
}

/** A two-pole resonator; `radius` below 1 says how long it rings. */
function resonance(frequencyHz: number, radius: number): (input: number) => number {
  const turn = (2 * Math.PI * frequencyHz) / SAMPLE_RATE_HZ;
  let last = 0;
  let beforeLast = 0;
  return (input) => {
    const output = input + 2 * radius * Math.cos(turn) * last - radius * radius * beforeLast;
    beforeLast = last;
    last = output;
    return output;
  };
}

function withGaps(pieces: readonly Int16Array[], gapMs: number): Int16Array {
  const gap = sampleCount(gapMs);
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0) + gap * (pieces.length - 1);
  const whole = new Int16Array(length);
  let filled = 0;
  for (const piece of pieces) {
    whole.set(piece, filled);
    filled += piece.length + gap;
  }
  return whole;
}

function sampleCount(durationMs: number): number {
  return Math.round((durationMs / 1_000) * SAMPLE_RATE_HZ);
}

function between(random: Random, least: number, most: number): number {
  return least + random.next() * (most - least);
}
