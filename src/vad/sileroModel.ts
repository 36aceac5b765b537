// Silero's voice model, version 6, in its 8 kHz branch: windows in, probabilities of speech out.
// Knows of no session and no thread; `run` blocks the thread it is on for as long as the model takes.
// The model's interface: https://github.com/snakers4/silero-vad (input, state and sr; output and stateN).
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { decodeMulawFloat, SAMPLE_RATE_HZ } from '../audio/mulaw.ts';
import { BATCH_WINDOWS_MAX, openBatch, RECORD_BYTES, type Batch } from './batch.ts';

const MODEL_FILE = '@ricky0123/vad-web/dist/silero_vad_v6.onnx';
/** The recurrent state of a lane: two layers of 128. */
const LAYERS = 2;
const LAYER_FLOATS = 128;
const LANE_FLOATS = LAYERS * LAYER_FLOATS;

/**
 * One model and the state of every lane. A window's probability does not depend, to the bit, on what
 * else is in its batch. Runs must not overlap.
 */
export class SileroModel {
  readonly #session: InferenceSession;
  readonly #input = new Float32Array(BATCH_WINDOWS_MAX * RECORD_BYTES);
  readonly #gathered = new Float32Array(BATCH_WINDOWS_MAX * LANE_FLOATS);
  readonly #sampleRate = new Tensor('int64', BigInt64Array.of(BigInt(SAMPLE_RATE_HZ)), []);
  #states = new Float32Array(BATCH_WINDOWS_MAX * LANE_FLOATS);

  private constructor(session: InferenceSession) {
    this.#session = session;
  }

  /** Reads the model and runs it once, so that what can't work fails here. */
  static async open(): Promise<SileroModel> {
    const file = await readFile(createRequire(import.meta.url).resolve(MODEL_FILE));
    const session = await InferenceSession.create(file, {
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      executionMode: 'sequential',
    });
    const model = new SileroModel(session);
    const trial = openBatch();
    trial.fresh.fill(1);
    // The largest batch, because the first run of each size pays for its memory.
    await model.run(trial, BATCH_WINDOWS_MAX);
    return model;
  }

  /** Answers the first `windows` records of the batch; no lane may be in it twice. */
  async run(batch: Batch, windows: number): Promise<void> {
    this.#gather(batch, windows);
    const outputs = await this.#session.run({
      input: new Tensor('float32', this.#input.subarray(0, windows * RECORD_BYTES), [windows, RECORD_BYTES]),
      state: new Tensor('float32', this.#gathered.subarray(0, windows * LANE_FLOATS), [
        LAYERS,
        windows,
        LAYER_FLOATS,
      ]),
      sr: this.#sampleRate,
    });
    const probabilities = floatsOf(outputs.output, windows);
    this.#scatter(batch, windows, floatsOf(outputs.stateN, windows * LANE_FLOATS));
    batch.probabilities.set(probabilities);
  }

  async close(): Promise<void> {
    await this.#session.release();
  }

  #gather(batch: Batch, windows: number): void {
    decodeMulawFloat(batch.codes.subarray(0, windows * RECORD_BYTES), this.#input, 0);
    for (let index = 0; index < windows; index += 1) {
      const from = (batch.lanes[index] ?? 0) * LANE_FLOATS;
      this.#growTo(from + LANE_FLOATS);
      const state = this.#states.subarray(from, from + LANE_FLOATS);
      if (batch.fresh[index] === 1) state.fill(0);
      for (let layer = 0; layer < LAYERS; layer += 1) {
        const floats = state.subarray(layer * LAYER_FLOATS, (layer + 1) * LAYER_FLOATS);
        this.#gathered.set(floats, (layer * windows + index) * LAYER_FLOATS);
      }
    }
  }

  #scatter(batch: Batch, windows: number, states: Float32Array): void {
    for (let index = 0; index < windows; index += 1) {
      const to = (batch.lanes[index] ?? 0) * LANE_FLOATS;
      for (let layer = 0; layer < LAYERS; layer += 1) {
        const from = (layer * windows + index) * LAYER_FLOATS;
        this.#states.set(states.subarray(from, from + LAYER_FLOATS), to + layer * LAYER_FLOATS);
      }
    }
  }

  /** Lanes are few and used again, so this stays as large as the most sessions there were at once. */
  #growTo(floats: number): void {
    if (floats <= this.#states.length) return;
    const grown = new Float32Array(Math.max(floats, 2 * this.#states.length));
    grown.set(this.#states);
    this.#states = grown;
  }
}

function floatsOf(tensor: Tensor | undefined, length: number): Float32Array {
  const data = tensor?.data;
  if (!(data instanceof Float32Array) || data.length !== length) {
    throw new Error('the voice model answers in another shape than its version 6 does');
  }
  return data;
}
