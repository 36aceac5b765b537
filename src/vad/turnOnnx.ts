// A turn model in an ONNX file: the turn's audio in, the probability that it is over out. Knows of no call and no thread.
// Made for smart-turn v3 (`input_features` [1, 80, 800], the sigmoid inside: https://github.com/pipecat-ai/smart-turn);
// a model that takes samples, [1, n], works too.
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { errorText } from '../base/errors.ts';
import { HOP_SAMPLES, logMel, MEL_BANDS } from './logMel.ts';
import { MODEL_RATE_HZ, turnSamples } from './turnAudio.ts';

/** What smart-turn v3 hears, and what a model with an open length is given. */
export const TURN_SECONDS = 8;
const SAMPLES = TURN_SECONDS * MODEL_RATE_HZ;
/** A model that wants more is none for turns. */
const SAMPLES_MAX = 30 * MODEL_RATE_HZ;

/** What one file wants to be given. */
type Wanted =
  | { readonly kind: 'features'; readonly frames: number }
  | { readonly kind: 'samples'; readonly samples: number };

export class TurnOnnx {
  readonly #session: InferenceSession;
  readonly #inputName: string;
  readonly #wanted: Wanted;

  private constructor(session: InferenceSession, inputName: string, wanted: Wanted) {
    this.#session = session;
    this.#inputName = inputName;
    this.#wanted = wanted;
  }

  /** Reads the file and runs it once, so that what can't work fails here. Rejects with what is wrong. */
  static async open(file: string): Promise<TurnOnnx> {
    let session: InferenceSession;
    try {
      session = await InferenceSession.create(file, {
        intraOpNumThreads: 1,
        interOpNumThreads: 1,
        executionMode: 'sequential',
      });
    } catch (error) {
      throw new Error(`the turn model ${file} cannot be loaded: ${errorText(error)}`, { cause: error });
    }
    try {
      const [input, ...more] = session.inputMetadata;
      if (input === undefined || more.length > 0) throw new Error('a turn model has one input');
      const model = new TurnOnnx(session, input.name, wantedBy(input));
      await model.probability(new Uint8Array(0));
      return model;
    } catch (error) {
      await session.release();
      throw new Error(`the turn model ${file} cannot be used: ${errorText(error)}`, { cause: error });
    }
  }

  /** Of the turn's 8 kHz mu-law. Rejects when the model fails or its answer is no probability. Must not overlap. */
  async probability(mulaw: Uint8Array): Promise<number> {
    const outputs = await this.#session.run({ [this.#inputName]: this.#tensorOf(mulaw) });
    const answer = outputs[this.#session.outputNames[0] ?? '']?.data;
    const probability = answer instanceof Float32Array && answer.length === 1 ? answer[0] : undefined;
    if (probability === undefined || !(probability >= 0 && probability <= 1)) {
      throw new Error('the answer of a turn model is one probability');
    }
    return probability;
  }

  async close(): Promise<void> {
    await this.#session.release();
  }

  #tensorOf(mulaw: Uint8Array): Tensor {
    if (this.#wanted.kind === 'samples') {
      const { samples } = this.#wanted;
      return new Tensor('float32', turnSamples(mulaw, samples), [1, samples]);
    }
    const { frames } = this.#wanted;
    const features = logMel(turnSamples(mulaw, frames * HOP_SAMPLES));
    return new Tensor('float32', features, [1, MEL_BANDS, frames]);
  }
}

function wantedBy(input: InferenceSession.ValueMetadata): Wanted {
  if (!input.isTensor || input.type !== 'float32') throw new Error('its input is not of float32');
  const [batch, ...shape] = input.shape;
  const [first, second] = shape;
  const one = batch === 1 || typeof batch === 'string';
  if (one && shape.length === 1) {
    return { kind: 'samples', samples: sizeOf(first, SAMPLES, SAMPLES_MAX) };
  }
  if (one && shape.length === 2 && first === MEL_BANDS) {
    const frames = sizeOf(second, SAMPLES / HOP_SAMPLES, SAMPLES_MAX / HOP_SAMPLES);
    return { kind: 'features', frames };
  }
  const text = input.shape.join(', ');
  throw new Error(`its input is [${text}], neither [1, ${MEL_BANDS}, frames] nor [1, samples]`);
}

/** A dimension that the file leaves open has a name instead of a size. */
function sizeOf(size: number | string | undefined, open: number, most: number): number {
  if (typeof size !== 'number' || size <= 0) return open;
  // Two hops are the least that has a spectrum.
  if (size < 2 || size > most) throw new Error(`its input is ${size} long, and ${most} is the most`);
  return size;
}
