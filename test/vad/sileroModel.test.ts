import assert from 'node:assert/strict';
import test from 'node:test';
import { seededRandom } from '../../src/base/random.ts';
import { BATCH_WINDOWS_MAX, openBatch, RECORD_BYTES } from '../../src/vad/batch.ts';
import { SileroModel } from '../../src/vad/sileroModel.ts';

const ROUNDS = 12;
/** More lanes than the model has room for at first. */
const LANES = 48;

/** What each lane sends in each round, loud and silent, the same for every way of asking. */
function recordOf(lane: number, round: number): Uint8Array {
  const random = seededRandom(lane * 1_000 + round);
  const loud = random.next() < 0.6;
  return Uint8Array.from({ length: RECORD_BYTES }, () => (loud ? random.next() * 256 : 0xff));
}

/** Probabilities by round and lane; `groupSize` lanes go together, each group with another number of them. */
async function probabilities(groupSize: number): Promise<number[][]> {
  const model = await SileroModel.open();
  const batch = openBatch();
  const rounds: number[][] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const answers: number[] = [];
    for (let first = 0; first < LANES; first += groupSize) {
      const lanes = Array.from(
        { length: Math.min(groupSize, LANES - first) },
        (_unused, offset) => first + offset,
      );
      for (const [index, lane] of lanes.entries()) {
        batch.lanes[index] = lane;
        batch.fresh[index] = round === 0 ? 1 : 0;
        batch.codes.set(recordOf(lane, round), index * RECORD_BYTES);
      }
      await model.run(batch, lanes.length);
      answers.push(...batch.probabilities.subarray(0, lanes.length));
    }
    rounds.push(answers);
  }
  await model.close();
  return rounds;
}

test('a window gets the same probability, to the bit, alone and in a batch of any size', async () => {
  const alone = await probabilities(1);
  assert.ok(new Set(alone.flat()).size > 100, 'the windows must differ for this to mean anything');
  for (const groupSize of [2, 5, 8, 17, BATCH_WINDOWS_MAX])
    assert.deepEqual(await probabilities(groupSize), alone);
});

test('a fresh window does not depend on what its lane heard before', async () => {
  const model = await SileroModel.open();
  const batch = openBatch();
  const answers: number[] = [];
  for (const fresh of [1, 0, 1]) {
    batch.fresh[0] = fresh;
    batch.codes.set(recordOf(3, 0), 0);
    await model.run(batch, 1);
    answers.push(batch.probabilities[0] ?? -1);
  }
  await model.close();
  assert.equal(answers[2], answers[0]);
  assert.notEqual(answers[1], answers[0]);
});
