// What the voice detector costs: the model for one call alone and for several in a batch, and what
// every window costs before it gets there.
import { systemClock } from '../base/clock.ts';
import { seededRandom } from '../base/random.ts';
import { BATCH_WINDOWS_MAX, openBatch, WINDOW_BYTES, type Batch } from '../vad/batch.ts';
import { SileroModel } from '../vad/sileroModel.ts';
import { openVoiceDetector } from '../vad/voiceDetector.ts';

export interface BenchFigure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
}

const ROUNDS = 7;
/** Windows a round, so that each size of batch works about as long. */
const ROUND_WINDOWS = 1_600;

/** CPU of the model for a window of 32 ms, by the number of calls in a batch; medians of seven rounds. */
export async function benchVad(): Promise<readonly BenchFigure[]> {
  const figures: BenchFigure[] = [];
  const model = await SileroModel.open();
  try {
    for (const calls of [1, 8, BATCH_WINDOWS_MAX]) {
      const value = await medianOf(() => modelWindowUs(model, calls));
      figures.push({
        name: `voice model, ${calls} ${calls === 1 ? 'call alone' : 'calls in a batch'}`,
        value,
        unit: 'us a window',
      });
    }
  } finally {
    await model.close();
  }
  figures.push({ name: 'voice by loudness', value: await medianOf(energyWindowUs), unit: 'us a window' });
  return figures;
}

async function modelWindowUs(model: SileroModel, calls: number): Promise<number> {
  const batch = noiseBatch();
  const runs = Math.ceil(ROUND_WINDOWS / calls);
  const startedAtMs = systemClock.nowMs();
  for (let run = 0; run < runs; run += 1) await model.run(batch, calls);
  return ((systemClock.nowMs() - startedAtMs) * 1_000) / (runs * calls);
}

async function energyWindowUs(): Promise<number> {
  const detector = await openVoiceDetector({ kind: 'energy', onFallback: () => undefined }, systemClock);
  const session = detector.open(() => undefined);
  const frame = noiseBatch().codes.subarray(0, WINDOW_BYTES);
  const startedAtMs = systemClock.nowMs();
  for (let pushed = 1; pushed <= ROUND_WINDOWS; pushed += 1) session.push(frame, pushed * 32);
  const tookMs = systemClock.nowMs() - startedAtMs;
  await detector.close();
  return (tookMs * 1_000) / ROUND_WINDOWS;
}

/** Noise, the same every time, in as many lanes as there are windows. */
function noiseBatch(): Batch {
  const random = seededRandom(1);
  const batch = openBatch();
  for (let index = 0; index < BATCH_WINDOWS_MAX; index += 1) batch.lanes[index] = index;
  for (let index = 0; index < batch.codes.length; index += 1) batch.codes[index] = random.next() * 256;
  return batch;
}

async function medianOf(measure: () => Promise<number>): Promise<number> {
  const values: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) values.push(await measure());
  return values.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? 0;
}
