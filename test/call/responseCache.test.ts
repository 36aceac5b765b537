import assert from 'node:assert/strict';
import test from 'node:test';
import { ResponseCache } from '../../src/llm/responseCache.ts';
import { CallRig, INFO, type Answer, type RigOptions } from '../helpers/callRig.ts';
import { VirtualClock } from '../helpers/virtualClock.ts';

const AGENT = `
name: test-agent
greeting: Hello, this is Robin.
repeatable: true
prompt: You are Robin. You call {{name}}.
variables: { name: nobody }
providers:
  stt: [{ provider: openai, model: fake }]
  llm: [{ provider: openai, model: fake }]
  tts: [{ provider: openai, model: fake, voice: fake }]
`;
const ANSWER: Answer = ['We sell bells. ', 'Shall I go on?'];

function open(options: RigOptions = {}): CallRig {
  const responses = new ResponseCache({ clock: new VirtualClock() });
  return new CallRig({ agentYaml: AGENT, answer: () => ANSWER, ...options, world: { responses } });
}

/** A call in which these are asked and each answer is heard to its end; the sources of the answers. */
async function hold(rig: CallRig, asked: readonly string[], call: number, name = 'Ana'): Promise<string[]> {
  rig.rows.length = 0;
  rig.open({ ...INFO, callSid: INFO.callSid.slice(0, -1) + String(call), variables: { name } });
  await rig.agentFinishes();
  for (const words of asked) {
    await rig.says(words);
    await rig.agentSpeaks();
    await rig.agentFinishes();
  }
  rig.hangsUp();
  await rig.run(1_000);
  return rig
    .turns()
    .slice(1)
    .map((turn) => turn.source);
}

test('the second call that asks the same thing is answered without the model', async () => {
  const rig = open();
  assert.deepEqual(await hold(rig, ['What do you sell?'], 1), ['generated']);
  const { length } = rig.requests;
  assert.deepEqual(await hold(rig, ['what do you sell'], 2), ['cached']);
  assert.equal(rig.requests.length, length);
  assert.equal(rig.turns().at(-1)?.heardText, 'We sell bells. Shall I go on?');
  const response = rig.turns().at(-1)?.timings.response ?? Infinity;
  assert.ok(response < 700, `the wait for the turn's end and the voice, and no model: ${response}`);
  assert.deepEqual(rig.bugs, []);
});

test('the same conversation is repeated, and another is not', async () => {
  const rig = open();
  await hold(rig, ['What do you sell?', 'How much is it?'], 1);
  assert.deepEqual(await hold(rig, ['What do you sell?', 'How much is it?'], 2), ['cached', 'cached']);
  assert.deepEqual(await hold(rig, ['My name is Bo.', 'How much is it?'], 3), ['generated', 'generated']);
  assert.deepEqual(await hold(rig, ['What do you sell?'], 4, 'Bo'), ['generated'], 'another lead');
});

test('what called a tool, and all that was asked after it, is asked anew', async () => {
  const call = { id: 'c', name: 'note', argumentsText: '{}' };
  const rig = open({
    answer: (messages) =>
      messages.at(-1)?.role === 'user' && messages.at(-1)?.content === 'Note it please.'
        ? [{ kind: 'toolCall', call }]
        : ANSWER,
  });
  const asked = ['Note it please.', 'What do you sell?'];
  await hold(rig, asked, 1);
  assert.deepEqual(await hold(rig, asked, 2), ['generated', 'generated']);
});

test('an answer that the caller cut short is not given again', async () => {
  const rig = open();
  rig.open();
  await rig.agentFinishes();
  await rig.says('What do you sell?');
  await rig.agentSpeaks();
  await rig.run(300);
  await rig.says('No stop that please.');
  await rig.agentSpeaks();
  await rig.agentFinishes();
  rig.hangsUp();
  await rig.run(1_000);
  assert.deepEqual(await hold(rig, ['What do you sell?'], 2, 'nobody'), ['generated']);
});

test('an answer that broke off is not given again', async () => {
  const rig = open({ answer: () => ['We sell bells. ', 'And also ', new Error('cut')] });
  await hold(rig, ['What do you sell?'], 1);
  assert.deepEqual(await hold(rig, ['What do you sell?'], 2), ['generated']);
});

test('an answer that came after a filler is not given again', async () => {
  const rig = open({ llmFirstTokenMs: 4_000 });
  await hold(rig, ['What do you sell?'], 1);
  assert.deepEqual(await hold(rig, ['What do you sell?'], 2), ['generated']);
});

test('nothing is repeated where the file does not say so', async () => {
  const rig = open({ agentYaml: AGENT.replace('repeatable: true', 'repeatable: false') });
  await hold(rig, ['What do you sell?'], 1);
  assert.deepEqual(await hold(rig, ['What do you sell?'], 2), ['generated']);
});

test('a state may be repeatable by itself', async () => {
  const state = 'states: { initial: one, named: { one: { prompt: Sell., repeatable: true } } }';
  const rig = open({ agentYaml: `${AGENT.replace('repeatable: true', 'repeatable: false')}\n${state}\n` });
  await hold(rig, ['What do you sell?'], 1);
  assert.deepEqual(await hold(rig, ['What do you sell?'], 2), ['cached']);
});
