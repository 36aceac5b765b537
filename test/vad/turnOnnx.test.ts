import assert from 'node:assert/strict';
import test from 'node:test';
import { encodeMulaw } from '../../src/audio/mulaw.ts';
import { logMel } from '../../src/vad/logMel.ts';
import { turnSamples } from '../../src/vad/turnAudio.ts';
import { TurnOnnx } from '../../src/vad/turnOnnx.ts';
import { amplitudeAt, sine } from '../helpers/goertzel.ts';
import { meanModel, onnxFile } from '../helpers/onnxFile.ts';
import { DELICATE_MODEL, FEATURES_MODEL, modelFile, SAMPLES_MODEL } from '../helpers/turnModelFile.ts';

const TONE = encodeMulaw(sine(440, 8_000, 16_000));
/** The lowest code, -32124: a line that is stuck there has a mean. */
const STUCK = new Uint8Array(8_000).fill(0x00);

function sigmoidOfMean(values: Float32Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return 1 / (1 + Math.exp(-mean));
}

test('a short turn stands at the end of the model’s samples, at twice the rate', () => {
  const samples = turnSamples(TONE, 128_000);
  assert.equal(samples.length, 128_000);
  assert.ok(samples.subarray(0, 96_000).every((sample) => sample === 0));
  const heard = Int16Array.from(samples.subarray(100_000, 116_000), (sample) => sample * 32_768);
  assert.ok(Math.abs(amplitudeAt(heard, 440, 16_000) - 16_000) < 200);
});

test('of a long turn the model hears the end', () => {
  const long = Uint8Array.from([...STUCK, ...TONE]);
  assert.deepEqual(turnSamples(long, 16_000), turnSamples(TONE, 16_000));
});

test('a model of log-mel features gets those of the turn', async (t) => {
  const model = await TurnOnnx.open(await modelFile(t, FEATURES_MODEL));
  const probability = await model.probability(TONE);
  await model.close();
  const expected = sigmoidOfMean(logMel(turnSamples(TONE, 128_000)));
  assert.ok(Math.abs(probability - expected) < 1e-4, `${probability}, not ${expected}`);
  assert.ok(Math.abs(expected - 0.5) > 0.01, 'a model that hears nothing would say the same');
});

test('a model of samples gets 8 seconds of them, or as many as its file says', async (t) => {
  for (const [bytes, samples] of [
    [SAMPLES_MODEL, 128_000],
    [meanModel({ name: 'audio', shape: [1, 16_000] }), 16_000],
  ] as const) {
    const model = await TurnOnnx.open(await modelFile(t, bytes));
    const probability = await model.probability(STUCK);
    await model.close();
    const expected = sigmoidOfMean(turnSamples(STUCK, samples));
    assert.ok(Math.abs(probability - expected) < 1e-4 && expected < 0.49, `${probability}, not ${expected}`);
  }
});

test('a file that is missing, broken or no turn model is refused with what is wrong with it', async (t) => {
  const mean = { op: 'ReduceMean', inputs: ['x'], outputs: ['y'], ints: { axes: [1], keepdims: 1 } };
  const wrong: readonly (readonly [Uint8Array, RegExp])[] = [
    [new TextEncoder().encode('this is no model'), /cannot be loaded/],
    [FEATURES_MODEL.subarray(0, 100), /cannot be loaded/],
    [meanModel({ name: 'x', shape: [1, 64, 800] }), /its input is \[1, 64, 800\], neither/],
    [meanModel({ name: 'x', shape: [2, 16_000] }), /its input is \[2, 16000\], neither/],
    [meanModel({ name: 'x', shape: [1, 80, 9_000] }), /9000 long/],
    // Its answer is a minus, and then two numbers.
    [
      onnxFile({
        nodes: [
          mean,
          { op: 'Cos', inputs: ['y'], outputs: ['c'] },
          { op: 'Neg', inputs: ['c'], outputs: ['n'] },
        ],
        inputs: [{ name: 'x', shape: [1, 16_000] }],
        outputs: [{ name: 'n', shape: [1, 1] }],
      }),
      /one probability/,
    ],
    [
      onnxFile({
        nodes: [mean, { op: 'Concat', inputs: ['y', 'y'], outputs: ['z'], ints: { axis: 1 } }],
        inputs: [{ name: 'x', shape: [1, 16_000] }],
        outputs: [{ name: 'z', shape: [1, 2] }],
      }),
      /one probability/,
    ],
    [
      onnxFile({
        nodes: [{ op: 'Add', inputs: ['x', 'w'], outputs: ['y'] }],
        inputs: ['x', 'w'].map((name) => ({ name, shape: [1, 16_000] })),
        outputs: [{ name: 'y', shape: [1, 16_000] }],
      }),
      /has one input/,
    ],
  ];
  for (const [bytes, message] of wrong) {
    await assert.rejects(TurnOnnx.open(await modelFile(t, bytes)), message);
  }
  await assert.rejects(TurnOnnx.open('/nowhere/model.onnx'), /nowhere.*cannot be loaded/);
});

test('an answer that is no number is an error', async (t) => {
  const model = await TurnOnnx.open(await modelFile(t, DELICATE_MODEL));
  await assert.rejects(model.probability(STUCK), /one probability/);
  assert.equal(await model.probability(new Uint8Array(0)), 0.5);
  await model.close();
});
