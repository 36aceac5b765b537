import assert from 'node:assert/strict';
import test from 'node:test';
import type { CallWorld } from '../../src/call/world.ts';
import { CallRig } from '../helpers/callRig.ts';

function adaptive(p95Ms: number | undefined): NonNullable<CallWorld['adaptive']> {
  return {
    firstTokenP95Ms: () => p95Ms,
    fasterModel: undefined,
  };
}

async function asked(rig: CallRig, words: string): Promise<void> {
  rig.open();
  await rig.agentFinishes();
  await rig.says(words);
  await rig.agentSpeaks();
  await rig.agentFinishes();
}

test('a caller in a hurry gets a short answer, the turn says why, and the prompt before it is the same', async () => {
  const rig = new CallRig({ world: { adaptive: adaptive(undefined) } });
  await asked(rig, 'Just tell me the price.');
  const messages = rig.requests[0]?.messages ?? [];
  assert.match(String(messages.at(-1)?.content), /in a hurry/);
  assert.equal(messages.at(-1)?.role, 'system');
  assert.deepEqual(rig.eventsOf('turn.finished').at(-1)?.adapted, ['hurried: the caller says so']);

  const plain = new CallRig();
  await asked(plain, 'Just tell me the price.');
  assert.deepEqual(plain.requests[0]?.messages, messages.slice(0, -1));
  assert.equal(plain.eventsOf('turn.finished').at(-1)?.adapted, undefined);
});

test('while the model is slow the faster one is asked', async () => {
  let faster = 0;
  const fasterModel: CallWorld['model'] = {
    provider: 'fake',
    model: 'faster',
    async *complete() {
      faster += 1;
      yield { kind: 'text', text: 'At nine.' };
      yield { kind: 'finished', reason: 'stop' };
    },
    warmUp: () => Promise.resolve(),
  };
  const rig = new CallRig({ world: { adaptive: { ...adaptive(2_000), fasterModel } } });
  await asked(rig, 'When do you open?');
  assert.deepEqual([faster, rig.requests.length], [1, 0]);
  assert.deepEqual(rig.eventsOf('turn.finished').at(-1)?.adapted, ['slow line: first token p95 2000 ms']);
});
