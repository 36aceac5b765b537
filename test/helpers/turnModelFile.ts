// Turn models in files of their own, as a test wants them; the folder goes when the test is over.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { meanModel, onnxFile } from './onnxFile.ts';

/** What smart-turn v3 wants, judged by the mean of it. */
export const FEATURES_MODEL = meanModel({ name: 'input_features', shape: ['batch', 80, 800] });
/** Samples of any length. */
export const SAMPLES_MODEL = meanModel({ name: 'audio', shape: [1, 'samples'] });
/** Sound with a mean below zero is more than it can take. */
export const DELICATE_MODEL = onnxFile({
  nodes: [
    { op: 'ReduceMean', inputs: ['audio'], outputs: ['mean'], ints: { axes: [1], keepdims: 0 } },
    { op: 'Sqrt', inputs: ['mean'], outputs: ['root'] },
    { op: 'Sigmoid', inputs: ['root'], outputs: ['probability'] },
  ],
  inputs: [{ name: 'audio', shape: [1, 16_000] }],
  outputs: [{ name: 'probability', shape: [1] }],
});

/** The path of a file with these bytes. */
export async function modelFile(t: TestContext, bytes: Uint8Array): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'turn-model-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'model.onnx');
  await writeFile(file, bytes);
  return file;
}
