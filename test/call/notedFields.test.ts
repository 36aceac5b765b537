// What the model notes on a lead: under which names, and without what is nobody's business.
import assert from 'node:assert/strict';
import test from 'node:test';
import type { ChatMessage, LlmEvent } from '../../src/llm/port.ts';
import { CallRig, INFO } from '../helpers/callRig.ts';
import { keepingWriter } from '../helpers/simulatedWorld.ts';

const AGENT = `
name: desk
greeting: Hello.
prompt: You are Robin.
providers:
  stt: [{ provider: openai, model: fake }]
  llm: [{ provider: openai, model: fake }]
  tts: [{ provider: openai, model: fake, voice: fake }]
dtmf: { sensitive: [PIN] }
`;
const STATES = `
states:
  initial: talk
  named:
    talk: { prompt: Talk., fields: [{ name: address2, description: The second line of their address }] }
    end: { prompt: Say goodbye., fields: [{ name: phone, description: Where they can be reached }] }
`;

interface Noting {
  readonly rig: CallRig;
  readonly noted: Readonly<Record<string, string>>[];
  /** What the model was told of its last call of a tool. */
  readonly result: () => string;
}

/** The caller says something, upon which the model notes something; and so on. */
async function noting(
  turns: readonly (readonly [said: string, name: string, value: string])[],
  agentYaml = AGENT,
  question = 'Go on, please.',
): Promise<Noting> {
  const noted: Readonly<Record<string, string>>[] = [];
  const answer = (messages: readonly ChatMessage[]): readonly (string | LlmEvent)[] => {
    if (messages.at(-1)?.role === 'tool') return [question];
    const text = messages.at(-1)?.content;
    const [, name = '', value = ''] = turns.find(([said]) => said === text) ?? [];
    const call = { id: name, name: 'note_field', argumentsText: JSON.stringify({ name, value }) };
    return [{ kind: 'toolCall', call }];
  };
  const rig: CallRig = new CallRig({
    agentYaml,
    answer,
    world: {
      writer: {
        ...keepingWriter({ started: [], rows: [], ended: [] }),
        leadFields: (_leadId, fields) => void noted.push(fields),
      },
    },
  });
  rig.open({ ...INFO, leadId: 'lead-1' });
  await rig.agentSpeaks();
  await rig.agentFinishes();
  for (const [said] of turns) {
    await rig.says(said);
    await rig.agentSpeaks();
    await rig.agentFinishes();
  }
  const result = (): string =>
    rig.requests.at(-1)?.messages.findLast(({ role }) => role === 'tool')?.content ?? '';
  return { rig, noted, result };
}

for (const name of [
  'card it is 4111 1111',
  '4111111111111111',
  'card4111111111111111',
  'n41234',
  'n'.repeat(65),
  '__proto__',
  'name',
  'phone',
  'Phone',
  'caf\u00e9',
]) {
  test(`nothing is noted under "${name}", and the model is told`, async () => {
    const { noted, result } = await noting([['hello', name, 'something']]);
    assert.deepEqual(noted, []);
    assert.match(result(), /^A name is at most 64 letters, digits, _ and -/u);
  });
}

for (const name of ['size', 'address2', 'next-visit', 'do_not_call', 'n'.repeat(64)]) {
  test(`a field may be called ${name}`, async () => {
    const { noted, result } = await noting([['hello', name, 'something']]);
    assert.deepEqual(noted, [{ [name]: 'something' }]);
    assert.equal(result(), 'Noted.');
  });
}

test('where states name fields they are the only ones, in any state', async () => {
  const refused = await noting([['hello', 'size', 'large']], AGENT + STATES);
  assert.deepEqual(refused.noted, []);
  assert.equal(refused.result(), 'Only these can be noted: address2, phone.');
  const { noted } = await noting([['hello', 'phone', '555 0100']], AGENT + STATES);
  assert.deepEqual(noted, [{ phone: '555 0100' }]);
});

test('a PIN is noted neither as a value nor within a name', async () => {
  const { rig, noted } = await noting(
    [
      ['hello', 'mood', 'fine'],
      ['4 8', 'pin48', '4 8'],
    ],
    AGENT,
    'Your PIN?',
  );
  assert.deepEqual(noted, [{ mood: 'fine' }]);
  rig.hangsUp();
  const second = await noting(
    [
      ['hello', 'mood', 'fine'],
      ['4 8', 'pin', '4 8'],
    ],
    AGENT,
    'Your PIN?',
  );
  assert.deepEqual(second.noted.at(-1), { pin: '[2 digits]' });
});

test('what was noted before a number was known to be one is put right, and nothing else of it', async () => {
  const { rig, noted } = await noting([
    ['it is 4111 1111', 'half', '41111111'],
    ['by the way I am here on Monday', 'day', 'Monday'],
    ['so it is 4111 1111 1111 1111', 'whole', '4111 1111 1111 1111'],
  ]);
  assert.deepEqual(noted, [
    { half: '41111111' },
    { day: 'Monday' },
    { half: '[digits]' },
    { whole: '[card number]' },
  ]);
  rig.hangsUp();
});
