import assert from 'node:assert/strict';
import test from 'node:test';
import { CallRig, INFO } from '../helpers/callRig.ts';

async function greeted(): Promise<CallRig> {
  const rig = new CallRig();
  rig.open();
  await rig.agentSpeaks();
  return rig;
}

test('a call is left when the agent has finished, the carrier is sent elsewhere, and it counts as nobody ended it', async () => {
  const rig = await greeted();
  let over = false;
  const handedOver = rig.calls.handOver().then(() => {
    over = true;
  });
  await rig.run(200);
  assert.equal(rig.streamClosed, 0, 'the agent speaks');
  await rig.agentFinishes();
  await rig.run(200);
  assert.deepEqual([rig.streamClosed, rig.calls.activeCount, over], [1, 0, false]);
  assert.deepEqual(rig.calls.afterStream(INFO.callSid), { kind: 'elsewhere', info: INFO });
  await rig.run(10);
  await handedOver;
  rig.calls.hangUpAll();
  await rig.clock.advance(60_000);
  assert.deepEqual(rig.ended, []);
  assert.equal(rig.background.count, 0);
});

test('a call is not left while the caller speaks or waits for an answer, but after eight seconds all the same', async () => {
  const rig = await greeted();
  await rig.agentFinishes();
  await rig.run(500);
  await rig.voice();
  rig.words('well');
  const handedOver = rig.calls.handOver();
  await rig.run(7_900);
  assert.equal(rig.streamClosed, 0);
  await rig.run(200);
  assert.equal(rig.streamClosed, 1);
  await rig.clock.advance(3_100);
  await handedOver;
});

test('a call whose stream was lost a moment ago is for another instance, too', async () => {
  const rig = await greeted();
  rig.breaksOff();
  const handedOver = rig.calls.handOver();
  assert.equal(rig.calls.afterStream(INFO.callSid).kind, 'elsewhere');
  await rig.clock.advance(60_000);
  await handedOver;
  assert.deepEqual(rig.ended, []);
});

test('a call that nobody else takes comes back and goes on where it was', async () => {
  const rig = await greeted();
  await rig.agentFinishes();
  await rig.run(500);
  const handedOver = rig.calls.handOver();
  await rig.run(200);
  rig.calls.afterStream(INFO.callSid);
  await handedOver;
  rig.open();
  await rig.agentSpeaks();
  await rig.agentFinishes();
  assert.ok(rig.eventsOf('agent.said').some((event) => event.text === 'We were cut off.'));
  rig.hangsUp();
  await rig.run(10);
  assert.deepEqual(
    rig.ended.map((end) => end.outcome),
    ['completed'],
  );
});

test('a call that the agent has ended stays ended', async () => {
  const rig = await greeted();
  rig.calls.find(INFO.callSid)?.hangUp();
  const handedOver = rig.calls.handOver();
  await rig.run(9_000);
  assert.deepEqual(rig.calls.afterStream(INFO.callSid), { kind: 'hangup' });
  await handedOver;
  assert.deepEqual(
    rig.ended.map((end) => end.outcome),
    ['completed'],
  );
});
