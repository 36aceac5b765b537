// Whole calls in which something is said over the agent: judged by what of its reply was played by then.
import assert from 'node:assert/strict';
import test from 'node:test';
import { CallRig, LETTER_MS } from '../helpers/callRig.ts';

const OFFER = 'I have a table at eight tomorrow evening. Shall I book it for you?';

async function offering(): Promise<CallRig> {
  const rig = new CallRig({
    answer: (messages) => (messages.length < 4 ? [OFFER] : ['It is booked.']),
  });
  rig.open();
  await rig.agentSpeaks();
  await rig.agentFinishes();
  await rig.says('Have you got a table?');
  await rig.agentSpeaks();
  return rig;
}

test('"yes" in the middle of the offer is a nod, and the offer is heard to its end', async () => {
  const rig = await offering();
  await rig.run(700);
  await rig.voice();
  rig.words('Yes');
  await rig.silence();
  await rig.run(300);
  assert.equal(rig.carrier.cleared, 0);
  await rig.agentFinishes();
  await rig.run(1_500);
  assert.equal(rig.requests.length, 1, 'nothing to answer');
  rig.hangsUp();
  await rig.run(50);
});

test('"yes" when the question has been heard but for a word is its answer', async () => {
  const rig = await offering();
  await rig.run((OFFER.length - 6) * LETTER_MS);
  await rig.voice();
  rig.words('Yes');
  await rig.silence();
  assert.equal(rig.carrier.cleared, 1, 'the turn is theirs at once');
  await rig.run(2_500);
  assert.equal(rig.requests.length, 2);
  const said = rig.requests[1]?.messages.findLast((message) => message.role === 'user');
  assert.equal(JSON.stringify(said).includes('Yes'), true);
  rig.hangsUp();
  await rig.run(50);
});

test('the agent’s own words coming back are no turn', async () => {
  const rig = await offering();
  await rig.run(1_200);
  await rig.voice();
  rig.words('have');
  await rig.run(100);
  rig.words('a');
  await rig.run(100);
  rig.words('table');
  await rig.silence();
  await rig.run(300);
  assert.equal(rig.carrier.cleared, 0);
  await rig.agentFinishes();
  await rig.run(1_500);
  assert.equal(rig.requests.length, 1);
  rig.hangsUp();
  await rig.run(50);
});
