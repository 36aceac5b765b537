// What the audio costs that every sentence passes through.
import { decodeMulaw, encodeMulaw, FRAME_BYTES, FRAME_MS, SAMPLE_RATE_HZ } from '../audio/mulaw.ts';
import { createResampler } from '../audio/resample.ts';
import { systemClock, sleep } from '../base/clock.ts';

export interface BenchValue {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
}

const SAMPLES_TAKEN = 15;
/** Each sample is about this long: far above the clock's grain, far below a scheduler's slice. */
const SAMPLE_MS = 5;
const RATES_HZ: readonly (readonly [fromHz: number, toHz: number])[] = [
  [24_000, 8_000],
  [22_050, 8_000],
  [8_000, 24_000],
];

/** Medians of 15 samples, in microseconds per 20 ms of audio. Takes half a second. */
export async function benchAudio(): Promise<readonly BenchValue[]> {
  const values: BenchValue[] = [];
  for (const [fromHz, toHz] of RATES_HZ) {
    const resampler = createResampler(fromHz, toHz);
    const frame = speechLike((fromHz * FRAME_MS) / 1_000, fromHz);
    values.push(
      await measure(`resample ${fromHz / 1_000} to ${toHz / 1_000} kHz`, () => resampler.process(frame)),
    );
  }
  const samples = speechLike(FRAME_BYTES, SAMPLE_RATE_HZ);
  const codes = encodeMulaw(samples);
  const encoded = new Uint8Array(FRAME_BYTES);
  const decoded = new Int16Array(FRAME_BYTES);
  values.push(await measure('mu-law encode', () => encodeMulaw(samples, encoded)));
  values.push(await measure('mu-law decode', () => decodeMulaw(codes, decoded)));
  return values;
}

async function measure(name: string, work: () => unknown): Promise<BenchValue> {
  // Warm, and learn how many make a sample.
  const begunAtMs = systemClock.nowMs();
  let warmed = 0;
  while (systemClock.nowMs() - begunAtMs < 4 * SAMPLE_MS) {
    for (let n = 0; n < 50; n += 1) work();
    warmed += 50;
  }
  const perSample = Math.max(1, Math.round(warmed / 4));
  const taken: number[] = [];
  for (let sample = 0; sample < SAMPLES_TAKEN; sample += 1) {
    const startMs = systemClock.nowMs();
    for (let n = 0; n < perSample; n += 1) work();
    taken.push(((systemClock.nowMs() - startMs) / perSample) * 1_000);
    await sleep(systemClock, 0);
  }
  taken.sort((a, b) => a - b);
  return { name, value: taken[Math.floor(taken.length / 2)] ?? NaN, unit: 'us per 20 ms' };
}

/** Several tones at a speaker's level: neither silence nor full scale. */
function speechLike(sampleCount: number, rateHz: number): Int16Array {
  return Int16Array.from({ length: sampleCount }, (_unused, i) => {
    const turns = (2 * Math.PI * i) / rateHz;
    return Math.round(
      3_000 * Math.sin(turns * 220) + 1_500 * Math.sin(turns * 1_300) + 500 * Math.sin(turns * 2_900),
    );
  });
}
