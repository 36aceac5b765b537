import assert from 'node:assert/strict';
import test from 'node:test';
import { INTERRUPTED_NOTE } from '../../src/llm/history.ts';
import { echoBrain, frontDeskBrain, type SimMessage, type SimReply } from '../../src/sim/brain.ts';

function message(role: string, content: string): SimMessage {
  return { role, content, toolCallId: '', toolCallIds: [] };
}

const user = (content: string): SimMessage => message('user', content);
const agent = (content: string): SimMessage => message('assistant', content);

async function answer(messages: readonly SimMessage[], tools: readonly string[] = []): Promise<SimReply> {
  return await frontDeskBrain()(messages, tools);
}

for (const [words, expected] of [
  ["Hi, I'd like to book an appointment for a cleaning.", /Maria/],
  ['Do you take Delta Dental insurance?', /Delta Dental/],
  ['How much is that going to cost?', /ninety five dollars/],
  ['Where are you located?', /Harbour Street/],
  ['What are your opening hours?', /Monday to Friday/],
  ['I need to reschedule my appointment', /move that/],
  ['My tooth really hurts', /emergency slots/],
  ['Tuesday morning is good', /full name/],
  ['My name is Anna Berg', /reminder/],
  ['Can I talk to a real person', /call you back/],
  ['Are you a robot?', /Robin/],
  ['Hello?', /Robin/],
  ['Thank you so much', /welcome/],
  ['Yes please do', /Wonderful/],
  ['Sorry, what was that', /Tuesday at nine thirty/],
  ['Purple elephants', /new appointment/],
] as const) {
  test(`"${words}" is answered to the point`, async () => {
    const { text } = await answer([user(words)]);
    assert.match(text ?? '', expected);
    assert.match(text ?? '', /[.?!]$/);
  });
}

test('the same question again is answered on, not repeated', async () => {
  const first = await answer([user('What are your hours?')]);
  const second = await answer([
    user('What are your hours?'),
    agent(first.text ?? ''),
    user('And on the weekend?'),
  ]);
  assert.notEqual(second.text, first.text);
  assert.match(second.text ?? '', /Thursdays/);
});

test('a goodbye ends the call with the tool for it, where it is on offer', async () => {
  const with_ = await answer([user('Great, thanks, goodbye!')], ['end_call']);
  assert.equal(with_.toolCalls?.[0]?.name, 'end_call');
  assert.doesNotThrow(() => JSON.parse(with_.toolCalls?.[0]?.arguments ?? ''));
  assert.match(with_.text ?? '', /goodbye/);
  assert.equal((await answer([user('Bye')])).toolCalls, undefined);
  const after: SimMessage = { ...message('tool', 'ok'), toolCallId: 'c' };
  assert.deepEqual(await answer([user('Bye'), agent(''), after], ['end_call']), { text: '' });
});

test('speaks of what was cut off when the caller changes the subject, and not otherwise', async () => {
  const cut = agent(`A check-up with a cleaning is ninety five${INTERRUPTED_NOTE}`);
  const changed = await answer([user('How much is it?'), cut, user('Wait, where are you located?')]);
  assert.match(changed.text ?? '', /^Sure\. We are at twelve/);
  const other = await answer([user('How much is it?'), cut, user('And do you take insurance?')]);
  assert.match(other.text ?? '', /^Of course, we can come back to the price in a moment\. We work/);
  const nothingHeard = await answer([user('How much?'), agent(INTERRUPTED_NOTE), user('And your hours?')]);
  assert.match(nothingHeard.text ?? '', /^Sure\. We are open/);
});

test('the same conversation gets the same words', async () => {
  const messages = [user('Hello'), agent('Hi'), user('a cleaning please')];
  assert.deepEqual(await answer(messages), await answer(messages));
});

test('the echo is two sentences of as many words, whatever was heard', async () => {
  for (const heard of ['one', 'a much longer thing than that, really: it goes on and on', '...', '']) {
    const { text } = await echoBrain()([user(heard)], []);
    assert.match(text ?? '', /^You said [^.]+\. Then I heard [^.]+\.$/);
    assert.equal(text?.split(' ').length, 17);
  }
});
