import assert from 'node:assert/strict';
import test from 'node:test';
import { sleep } from '../../src/base/clock.ts';
import { CallRig, INFO, type Answer } from '../helpers/callRig.ts';

const BOOKING = `
name: desk
greeting: Hello, this is Robin.
prompt: Be brief.
providers:
  stt: [{ provider: openai, model: m }]
  llm: [{ provider: openai, model: m }]
  tts: [{ provider: openai, model: m, voice: v }]
tools:
  - { name: book, description: Books., url: "https://tools.example/book", timeoutMs: 3000 }
`;

async function greeted(): Promise<CallRig> {
  const rig = new CallRig();
  rig.open();
  await rig.agentSpeaks();
  return rig;
}

test('a call is left when nobody has spoken for a while, the carrier is sent elsewhere, and it counts as nobody ended it', async () => {
  const rig = await greeted();
  let over = false;
  const handedOver = rig.calls.handOver().then(() => {
    over = true;
  });
  await rig.run(200);
  assert.equal(rig.streamClosed, 0, 'the agent speaks');
  await rig.agentFinishes();
  await rig.run(1_600);
  assert.deepEqual([rig.streamClosed, rig.calls.activeCount, over], [1, 0, false]);
  assert.deepEqual(rig.calls.afterStream(INFO.callSid), { kind: 'elsewhere', info: INFO });
  await rig.run(60);
  await handedOver;
  rig.calls.hangUpAll();
  await rig.clock.advance(60_000);
  assert.deepEqual(rig.ended, []);
  assert.equal(rig.background.count, 0);
});

test('a call is not left behind the agent’s last sound, when the caller is about to answer', async () => {
  const rig = await greeted();
  const handedOver = rig.calls.handOver();
  await rig.agentFinishes();
  await rig.run(1_200);
  assert.equal(rig.streamClosed, 0);
  await rig.voice();
  rig.words('Tuesday');
  await rig.run(400);
  assert.equal(rig.streamClosed, 0);
  await rig.silence();
  await rig.run(5_000);
  assert.deepEqual(
    rig.turns().map(({ callerText }) => callerText),
    ['', 'Tuesday'],
  );
  await rig.clock.advance(3_100);
  await handedOver;
});

test('a caller who waits for an answer is left before a sound of it, and answered behind the bridging line', async () => {
  const rig = new CallRig({ answer: () => ['It is red.'], llmFirstTokenMs: 1_000 });
  rig.open();
  await rig.agentSpeaks();
  await rig.agentFinishes();
  await rig.run(500);
  const handedOver = rig.calls.handOver();
  await rig.says('Which colour is it?');
  assert.equal(rig.streamClosed, 0, 'the caller may go on');
  await rig.run(800);
  assert.deepEqual([rig.streamClosed, rig.eventsOf('turn.started').length], [1, 1]);
  rig.calls.afterStream(INFO.callSid);
  await rig.run(60);
  await handedOver;
  rig.open();
  await rig.run(5_000);
  assert.deepEqual(
    rig.eventsOf('agent.said').map(({ text }) => text),
    ['Hello, this is Robin.', 'We were cut off.', 'It is red.'],
  );
});

test('a call whose answer has begun to do something is not left over it', async () => {
  const answer = (messages: readonly { role: string }[]): Answer =>
    messages.at(-1)?.role === 'tool'
      ? ['It is booked.']
      : [{ kind: 'toolCall', call: { id: 'a', name: 'book', argumentsText: '{}' } }];
  const rig = new CallRig({
    answer,
    agentYaml: BOOKING,
    world: { fetch: () => sleep(rig.clock, 1_000).then(() => new Response('done')) },
  });
  rig.open();
  await rig.agentSpeaks();
  await rig.agentFinishes();
  await rig.says('Book it for me.');
  await rig.run(900);
  const handedOver = rig.calls.handOver();
  await rig.run(500);
  assert.equal(rig.streamClosed, 0);
  await rig.run(10_000);
  assert.ok(rig.eventsOf('agent.said').some(({ text }) => text === 'It is booked.'));
  await handedOver;
});

test('a call is not left while the caller speaks, but after eight seconds all the same', async () => {
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

test('a call whose stream is lost while others are left is for another instance, and is not waited for', async () => {
  const rig = await greeted();
  let over = false;
  void rig.calls.handOver().then(() => {
    over = true;
  });
  await rig.run(100);
  rig.breaksOff();
  assert.equal(rig.calls.afterStream(INFO.callSid).kind, 'elsewhere');
  await rig.run(100);
  assert.equal(over, true);
  await rig.clock.advance(60_000);
  assert.deepEqual(rig.ended, []);
});

test('a call about which the carrier never asks is not waited for either', async () => {
  const rig = await greeted();
  let over = false;
  void rig.calls.handOver().then(() => {
    over = true;
  });
  await rig.run(100);
  rig.breaksOff();
  await rig.clock.advance(2_900);
  assert.equal(over, false, 'it is on its way');
  await rig.clock.advance(200);
  assert.equal(over, true);
});

test('a caller who hangs up between two streams has ended the call, and is not waited for', async () => {
  for (const leave of [true, false]) {
    const rig = await greeted();
    await rig.agentFinishes();
    let over = false;
    if (leave) {
      void rig.calls.handOver().then(() => {
        over = true;
      });
      await rig.run(1_600);
    } else rig.breaksOff();
    assert.equal(rig.calls.activeCount, 0);
    rig.calls.hungUp(INFO);
    await rig.run(60);
    assert.equal(over, leave);
    assert.deepEqual(
      rig.ended.map(({ outcome }) => outcome),
      ['completed'],
    );
    const [ended] = rig.eventsOf('call.ended');
    assert.ok(ended !== undefined && ended.durationMs > 0);
    assert.deepEqual(rig.calls.afterStream(INFO.callSid), { kind: 'hangup' });
    await rig.clock.advance(60_000);
    assert.equal(rig.ended.length, 1);
  }
});

test('a call that comes back while the process waits for its end is left once more, at a good moment', async () => {
  const rig = await greeted();
  let over = false;
  const handedOver = rig.calls.handOver().then(() => {
    over = true;
  });
  await rig.agentFinishes();
  await rig.run(2_000);
  assert.equal(rig.streamClosed, 1);
  // The carrier has not asked, and a stream that was announced before is there.
  rig.open();
  await rig.agentSpeaks();
  await rig.run(200);
  assert.deepEqual([rig.calls.activeCount, rig.streamClosed], [1, 1]);
  await rig.agentFinishes();
  await rig.run(2_000);
  assert.deepEqual([rig.calls.activeCount, rig.streamClosed, over], [0, 2, false]);
  assert.equal(rig.calls.afterStream(INFO.callSid).kind, 'elsewhere');
  await rig.run(100);
  await handedOver;
  assert.deepEqual(rig.ended, []);
});

test('a call that nobody else takes comes back and goes on where it was', async () => {
  const rig = await greeted();
  await rig.agentFinishes();
  await rig.run(500);
  const handedOver = rig.calls.handOver();
  await rig.run(1_600);
  rig.calls.afterStream(INFO.callSid);
  await rig.run(60);
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
  await rig.run(60);
  await handedOver;
  assert.deepEqual(
    rig.ended.map((end) => end.outcome),
    ['completed'],
  );
});
