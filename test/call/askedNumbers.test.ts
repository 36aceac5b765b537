// Whole calls in which the agent asks for a number that is nobody's business: what comes out of them, whenever the caller
// pauses, goes on, is cut off or hangs up.
import assert from 'node:assert/strict';
import test from 'node:test';
import { CallRig, INFO, type Answer, type RigOptions } from '../helpers/callRig.ts';
import { Leaving, toldTexts } from '../helpers/leaving.ts';
import type { ChatMessage } from '../../src/llm/port.ts';
import { visibleDigits } from '../../src/sim/redactionWalk.ts';
import type { TakenUp } from '../../src/store/port.ts';

const AGENT = (greeting: string): string => `
name: bank
greeting: ${greeting}
prompt: You are Robin.
providers:
  stt: [{ provider: openai, model: fake }]
  llm: [{ provider: openai, model: fake }]
  tts: [{ provider: openai, model: fake, voice: fake }]
lines: { reconnected: We were cut off. }
limits: { idle: [{ afterSeconds: 5, say: Are you still there? }] }
dtmf: { sensitive: [PIN] }
`;

interface Asked {
  readonly rig: CallRig;
  readonly leaving: Leaving;
}

/** The agent has greeted the caller with a question. */
async function asked(question: string, options: RigOptions = {}): Promise<Asked> {
  const leaving = new Leaving();
  const rig = new CallRig({
    agentYaml: AGENT(question),
    answer: () => ['Go on, please.'],
    ...options,
    world: { ...leaving.world, ...options.world },
  });
  rig.open();
  await rig.agentSpeaks();
  await rig.agentFinishes();
  return { rig, leaving };
}

async function says(rig: CallRig, text: string): Promise<void> {
  await rig.says(text);
  await rig.agentSpeaks();
  await rig.agentFinishes();
}

/** Nothing that others get of the call, at any time of it, has more digits of the number. */
function assertUntold({ rig, leaving }: Asked, digitsMax = 0): void {
  const texts = [...toldTexts(rig), ...leaving.log, ...leaving.stood, ...leaving.transcript.values()];
  for (const text of texts)
    assert.ok(visibleDigits(text.replaceAll(/\[\d+ digits?\]/gu, '')) <= digitsMax, text);
}

for (const question of [
  '"What is your social security number? Please take your time."',
  '"What are the last four digits of your social? I need them to find you."',
]) {
  test(`the answer to ${question} is in nothing that leaves the call, after an idle line either`, async () => {
    for (const answer of ['123456789', 'one two three four five six seven eight nine']) {
      const call = await asked(question);
      await call.rig.run(6_000);
      await call.rig.agentFinishes();
      assert.ok(call.rig.eventsOf('agent.said').some(({ text }) => text === 'Are you still there?'));
      await says(call.rig, answer);
      call.rig.hangsUp();
      await call.rig.run(20);
      // Two that are said when more are to come may be anything.
      assertUntold(call, 2);
    }
  });
}

test('a PIN that goes on when its first half is being answered is kept secret as a whole', async () => {
  const call = await asked('Please tell me your PIN.');
  await call.rig.says('4 8');
  await call.rig.agentSpeaks();
  await call.rig.run(60);
  await says(call.rig, '2 1');
  assert.equal(call.rig.eventsOf('turn.withdrawn').length, 1);
  assert.equal(call.rig.turns().at(-1)?.callerText, '[4 digits]');
  assertUntold(call);
});

test('a PIN that is said in three breaths is kept secret when no word of the replies between was heard', async () => {
  const call = await asked('Please tell me your PIN.');
  for (const text of ['it is 4', 'and then 8', 'and then 2', 'and last 1']) {
    await call.rig.says(text);
    await call.rig.agentSpeaks();
    await call.rig.run(60);
  }
  await call.rig.agentFinishes();
  assertUntold(call);
});

test('what is said of a PIN before it is answered is in no checkpoint', async () => {
  const call = await asked('Please tell me your PIN.');
  await call.rig.voice();
  for (const word of 'it is 4 8 2 1 and'.split(' ')) {
    call.rig.words(word);
    await call.rig.run(200);
  }
  await call.rig.silence();
  await call.rig.run(200);
  assert.match(call.leaving.standing, /"it is \[4 digits\] and"/u);
  assertUntold(call);
});

test('what nobody has answered when the stream was lost is kept once, without its digits, and answered in the next', async () => {
  const call = await asked('Please tell me your PIN.');
  await call.rig.voice();
  for (const word of 'it is 4 8 2 1 and'.split(' ')) {
    call.rig.words(word);
    await call.rig.run(200);
  }
  call.rig.breaksOff();
  await call.rig.run(20);
  assert.deepEqual(call.leaving.standing.match(/it is/gu), ['it is']);
  assertUntold(call);
  call.rig.open();
  await call.rig.agentSpeaks();
  await call.rig.run(200);
  assert.equal(call.rig.requests.at(-1)?.messages.at(-1)?.content, 'it is 4 8 2 1 and');
  await call.rig.agentFinishes();
  await says(call.rig, 'thank you');
  assertUntold(call);
});

test('a card of which half was answered is in no checkpoint when the stream is lost behind the rest', async () => {
  const call = await asked('How may I help you?');
  await says(call.rig, 'it is 4111 1111');
  await call.rig.voice();
  call.rig.words('1111 1111');
  await call.rig.run(200);
  call.rig.breaksOff();
  await call.rig.run(20);
  assert.equal(visibleDigits(call.leaving.standing), 0, call.leaving.standing);
});

test('what an instance has asked before it was gone is answered to the next', async () => {
  for (const [question, answer] of [
    ['"What is your social security number? Please take your time."', '123456789'],
    ['Please tell me your PIN.', '4 8 2 1'],
  ] as const) {
    const first = await asked(question);
    const leaving = new Leaving();
    const takeUp = (): Promise<TakenUp> =>
      Promise.resolve({ kind: 'taken', snapshot: JSON.parse(JSON.stringify(first.leaving.left)) as unknown });
    const rig = new CallRig({
      agentYaml: AGENT(question),
      answer: () => ['Go on, please.'],
      world: { ...leaving.world, checkpoints: { ...leaving.world.checkpoints, takeUp } },
    });
    assert.equal((await rig.calls.takeUp(INFO)).kind, 'connect');
    rig.open();
    await rig.agentSpeaks();
    await rig.agentFinishes();
    await says(rig, answer);
    rig.hangsUp();
    await rig.run(20);
    assertUntold({ rig, leaving });
  }
});

const callerTexts = (rig: CallRig): readonly string[] => rig.turns().map((row) => row.callerText);

test('a card whose last digits nobody has answered is in no row when the caller has hung up', async () => {
  const call = await asked('How may I help you?');
  await says(call.rig, 'it is 4111 1111');
  await call.rig.voice();
  call.rig.words('1111 1111');
  await call.rig.run(200);
  call.rig.hangsUp();
  await call.rig.run(20);
  assert.deepEqual(callerTexts(call.rig), ['', 'it is [digits]', '[card number]']);
  const transcripts = [...call.leaving.transcript.values()].join(' ');
  assert.equal(visibleDigits(transcripts), 0, transcripts);
});

test('a card that is said over two streams is in no row of either', async () => {
  const call = await asked('How may I help you?');
  await says(call.rig, 'it is 4111 1111');
  call.rig.breaksOff();
  call.rig.open();
  await call.rig.agentSpeaks();
  await call.rig.agentFinishes();
  await says(call.rig, '1111 1111');
  assert.equal(visibleDigits(callerTexts(call.rig).join(' ')), 0, callerTexts(call.rig).join(' / '));
  call.rig.hangsUp();
});

test('a card that the agent has put together is in no row of the turns before', async () => {
  const answer = (messages: readonly ChatMessage[]): Answer =>
    messages.length < 4 ? ['Go on, please.'] : ['I have 4111 1111 1111 1111.'];
  const call = await asked('How may I help you?', { answer });
  await says(call.rig, 'it begins with 4111 1111, let me get my glasses to read you the rest');
  await says(call.rig, 'the other half is 1111 1111');
  call.rig.hangsUp();
  await call.rig.run(20);
  assert.equal(visibleDigits(callerTexts(call.rig).join(' ')), 0, callerTexts(call.rig).join(' / '));
});
