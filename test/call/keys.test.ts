import assert from 'node:assert/strict';
import test from 'node:test';
import type { LlmRequest } from '../../src/llm/port.ts';
import { CallRig, INFO, type RigOptions } from '../helpers/callRig.ts';

const PROVIDERS = `
providers:
  stt: [{ provider: openai, model: fake }]
  llm: [{ provider: openai, model: fake }]
  tts: [{ provider: openai, model: fake, voice: fake }]
`;

function agentYaml(greeting: string, more = ''): string {
  return `name: keys\ngreeting: ${greeting}\nprompt: You are Robin.\n${PROVIDERS}${more}`;
}

async function greeted(
  greeting: string,
  options: RigOptions & { readonly more?: string } = {},
): Promise<CallRig> {
  const rig = new CallRig({ agentYaml: agentYaml(greeting, options.more), ...options });
  rig.open(INFO);
  await rig.agentSpeaks();
  await rig.agentFinishes();
  return rig;
}

async function over(rig: CallRig): Promise<void> {
  rig.hangsUp();
  assert.deepEqual(await rig.leftovers(), { timers: 0, background: 0 });
  assert.deepEqual(rig.bugs, []);
}

/** Every text that anybody but the model gets to see. */
function seen(rig: CallRig): string {
  const texts = (_key: string, value: unknown): unknown => (typeof value === 'number' ? 0 : value);
  return JSON.stringify([rig.events, rig.rows, rig.started, rig.ended], texts);
}

function asked(request: LlmRequest | undefined): string | undefined {
  const last = request?.messages.findLast(({ role }) => role === 'user');
  return typeof last?.content === 'string' ? last.content : undefined;
}

test('keys alone are a turn: the model gets the digits, the store and the watchers as well', async () => {
  const rig = await greeted('Hello there.');
  await rig.presses('417#');
  await rig.agentSpeaks();
  await rig.agentFinishes();
  assert.equal(asked(rig.requests[0]), '4 1 7');
  assert.equal(rig.requests.length, 1, 'no request for each key');
  assert.equal(rig.turns()[1]?.callerText, '4 1 7');
  assert.deepEqual(
    rig.eventsOf('transcript.partial').map(({ turn, text }) => `${turn} ${text}`),
    ['1 4', '1 4 1', '1 4 1 7'],
  );
  assert.deepEqual(
    rig
      .eventsOf('transcript.final')
      .filter(({ text }) => /\d/.test(text))
      .map(({ turn, text }) => `${turn} ${text}`),
    ['1 4 1 7'],
  );
  await over(rig);
});

test('keys without an end are a turn when the caller presses no more', async () => {
  const rig = await greeted('Hello there.', { more: 'dtmf: { timeoutMs: 800 }' });
  await rig.presses('41');
  assert.equal(rig.requests.length, 0);
  await rig.agentSpeaks(2_000);
  await rig.agentFinishes();
  assert.equal(rig.turns()[1]?.callerText, '4 1');
  await over(rig);
});

test('spoken words and keys are one turn', async () => {
  const rig = await greeted('Hello there.');
  await rig.says('My number is');
  await rig.presses('417#');
  await rig.agentSpeaks();
  await rig.agentFinishes();
  assert.equal(rig.turns()[1]?.callerText, 'My number is 4 1 7');
  await over(rig);
});

test('a key stops the agent at once, and what was heard is kept', async () => {
  const rig = new CallRig({ agentYaml: agentYaml('Hello and welcome to the longest greeting of them all.') });
  rig.open(INFO);
  await rig.agentSpeaks();
  await rig.run(900);
  await rig.presses('1', 0);
  assert.equal(rig.carrier.bufferedMs, 0);
  assert.equal(rig.eventsOf('agent.interrupted').length, 1);
  assert.ok((rig.eventsOf('agent.interrupted')[0]?.heardText.length ?? 0) > 0);
  await rig.agentSpeaks(4_000);
  await rig.agentFinishes();
  assert.equal(rig.turns()[1]?.callerText, '1');
  await over(rig);
});

test('a key does not keep the message from an answering machine from being the last of the call', async () => {
  const rig = new CallRig({
    agentYaml: agentYaml('Hello there.', 'voicemail: { say: Please do call us back soon. }'),
  });
  rig.open({ ...INFO, direction: 'outbound' });
  await rig.agentSpeaks();
  rig.calls.answeredBy(INFO.callSid, 'machine_end_beep');
  await rig.run(500);
  await rig.presses('1#');
  await rig.run(25_000);
  assert.equal(rig.ended[0]?.outcome, 'voicemail');
  assert.deepEqual(await rig.leftovers(), { timers: 0, background: 0 });
});

test('keys that nobody answered before the call ended are a turn all the same', async () => {
  const rig = await greeted('Hello there.');
  await rig.presses('417');
  await over(rig);
  assert.equal(rig.turns().at(-1)?.callerText, '4 1 7');
});

test('keys that are too many are counted', async () => {
  const rig = await greeted('Press one or two.', { more: 'dtmf: { digitsMax: 1 }' });
  await rig.presses('12', 20);
  await rig.agentSpeaks();
  await rig.agentFinishes();
  assert.equal(rig.turns()[1]?.callerText, '1');
  const { body } = await rig.metrics.render(undefined);
  assert.match(body, /turnpike_dropped_total\{what="keys"\} 1/);
  await over(rig);
});

test('the answer to a sensitive question goes to the model, and to nobody else', async () => {
  const rig = await greeted('Please enter your card number.', {
    more: 'dtmf: { sensitive: [card number] }',
    answer: (messages) => {
      const text = asked({ messages, tools: [] });
      return [text === 'and now?' ? 'Your card 4171 is fine.' : `I have ${text ?? ''}, thank you.`];
    },
  });
  await rig.presses('4171#');
  await rig.agentSpeaks();
  await rig.agentFinishes();
  assert.equal(asked(rig.requests[0]), '4 1 7 1');
  assert.equal(rig.turns()[1]?.callerText, '[4 digits]');
  assert.equal(rig.turns()[1]?.agentText, 'I have [4 digits], thank you.');
  for (let round = 0; round < 2; round += 1) {
    await rig.says('and now?');
    await rig.agentSpeaks();
    await rig.agentFinishes();
  }
  assert.equal(rig.turns().at(-1)?.heardText, 'Your card [4 digits] is fine.');
  assert.ok(
    rig.requests.at(-1)?.messages.some(({ content }) => content === '4 1 7 1'),
    'the model still knows',
  );
  await over(rig);
  assert.doesNotMatch(seen(rig), /4 ?1 ?7|"text":"4/);
});

test('digits spoken and keyed over the sensitive question itself are not told either', async () => {
  const rig = new CallRig({
    agentYaml: agentYaml(
      'Please tell me your card number and then wait for the end of all this.',
      'dtmf: { sensitive: [card number] }',
    ),
  });
  rig.open(INFO);
  await rig.agentSpeaks();
  await rig.run(900);
  await rig.presses('41');
  await rig.says('seven one');
  await rig.agentSpeaks();
  await rig.agentFinishes();
  assert.equal(asked(rig.requests.at(-1)), '4 1 seven one');
  await over(rig);
  assert.doesNotMatch(seen(rig), /4 1|seven|one/);
});
