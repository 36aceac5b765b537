// Whole calls through a gateway whose agent names a turn model.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onnxFile } from '../helpers/onnxFile.ts';
import { GatewayRig } from '../helpers/gatewayRig.ts';

/** Whatever it hears, the turn is over: the cosine of nothing but a little is nearly 1. */
const SURE_MODEL = onnxFile({
  nodes: [
    { op: 'ReduceMean', inputs: ['audio'], outputs: ['mean'], ints: { axes: [1], keepdims: 0 } },
    { op: 'Cos', inputs: ['mean'], outputs: ['probability'] },
  ],
  inputs: [{ name: 'audio', shape: [1, 'samples'] }],
  outputs: [{ name: 'probability', shape: [1] }],
});
const LOST = 'the turn model cannot be used';

async function holdCall(turnModel: Uint8Array): Promise<readonly string[]> {
  const rig = await GatewayRig.open({ turnModel });
  try {
    const { call, report } = await rig.hold([{ say: 'Thank you, goodbye.' }, { waitForHangUp: 20_000 }]);
    const stored = await rig.stored(call.callSid);
    assert.deepEqual([stored.outcome, report.missedTurns], ['completed', 0]);
    return rig.log.filter((line) => line.includes(LOST));
  } finally {
    await rig.close();
  }
}

test('a model beside the agent’s file is loaded, and a call is held with it', async () => {
  assert.deepEqual(await holdCall(SURE_MODEL), []);
});

test('a broken model is told once in the log, and the words alone judge', async () => {
  const lines = await holdCall(SURE_MODEL.subarray(0, 40));
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? '', /turn\.onnx cannot be loaded/);
});
