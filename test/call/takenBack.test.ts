// Whole calls in which the caller goes on after the answer has begun to be written and before they have heard any of it.
import assert from 'node:assert/strict';
import test from 'node:test';
import type { LlmEvent } from '../../src/llm/port.ts';
import { CallRig, spokenAudio } from '../helpers/callRig.ts';

const FIRST = 'Certainly, Monday would be possible.';
const WHOLE = 'Monday at ten or Tuesday at nine.';
const transfer: LlmEvent = {
  kind: 'toolCall',
  call: { id: 'c1', name: 'transfer', argumentsText: '{"to":"reception"}' },
};

/** The answer to "Can I come on Monday?" has just begun to be written. */
async function answering(first: readonly (string | LlmEvent)[] = [FIRST]): Promise<CallRig> {
  const rig = new CallRig({
    answer: (messages) => (messages.at(-1)?.content.includes('Tuesday') === true ? [WHOLE] : first),
  });
  rig.open();
  await rig.agentSpeaks();
  await rig.agentFinishes();
  await rig.says('Can I come on Monday?');
  await rig.agentSpeaks();
  assert.ok(rig.carrier.bufferedMs > 0);
  return rig;
}

async function over(rig: CallRig): Promise<void> {
  rig.hangsUp();
  assert.deepEqual(await rig.leftovers(), { timers: 0, background: 0 });
  assert.deepEqual(rig.bugs, []);
}

test('the whole is answered once: one message of the caller, one turn, and no half one is stored', async () => {
  const rig = await answering();
  await rig.run(60);
  await rig.says('Or on Tuesday?');
  assert.equal(rig.carrier.cleared, 1);
  await rig.agentSpeaks();
  await rig.agentFinishes();
  const [, turn, ...more] = rig.turns();
  assert.deepEqual(more, []);
  assert.equal(turn?.index, 1);
  assert.equal(turn.callerText, 'Can I come on Monday? Or on Tuesday?');
  assert.equal(turn.heardText, WHOLE);
  assert.equal(turn.interrupted, false);
  assert.equal(rig.rows.filter(({ index }) => index === 1).length, 1);
  assert.deepEqual(
    rig.requests
      .at(-1)
      ?.messages.slice(1)
      .map(({ role, content }) => [role, content]),
    [
      ['assistant', 'Hello, this is Robin.'],
      ['user', 'Can I come on Monday? Or on Tuesday?'],
    ],
  );
  assert.deepEqual(
    rig.eventsOf('turn.withdrawn').map(({ turn: index, callerText }) => [index, callerText]),
    [[1, 'Can I come on Monday?']],
  );
  assert.deepEqual(rig.eventsOf('agent.interrupted'), []);
  const { body } = await rig.metrics.render(undefined);
  assert.match(body, /barge_in_seconds_count\{outcome="interrupted"\} 1/);
  assert.match(body, /speculation_total\{outcome="discarded"\} 1/);
  assert.match(body, /speculation_total\{outcome="used"\} 1/);
  await over(rig);
});

test('a cough in that moment costs a pause, and the answer is heard whole', async () => {
  const rig = await answering();
  await rig.run(60);
  await rig.voice();
  await rig.run(100);
  await rig.silence();
  await rig.run(600);
  await rig.agentFinishes();
  assert.equal(rig.carrier.cleared, 0);
  assert.equal(rig.turns()[1]?.heardText, FIRST);
  assert.deepEqual(rig.eventsOf('turn.withdrawn'), []);
  await over(rig);
});

test('a voice without words takes the answer back, and it is then said from its beginning', async () => {
  const rig = await answering();
  await rig.run(60);
  await rig.voice();
  await rig.run(1_300);
  await rig.silence();
  assert.equal(rig.carrier.cleared, 1);
  const before = rig.carrier.played.length;
  await rig.agentSpeaks();
  await rig.agentFinishes();
  assert.deepEqual(rig.carrier.played.slice(before), [...spokenAudio(FIRST)]);
  assert.equal(rig.requests.length, 1, 'it was kept');
  assert.equal(rig.turns()[1]?.heardText, FIRST);
  assert.equal(rig.turns().length, 2);
  const { body } = await rig.metrics.render(undefined);
  assert.match(body, /speculation_total\{outcome="used"\} 1/, 'and counts once');
  await over(rig);
});

test('an answer of which words were heard is interrupted as ever', async () => {
  const rig = await answering();
  await rig.run(1_200);
  await rig.says('Or on Tuesday?');
  await rig.agentSpeaks();
  await rig.agentFinishes();
  assert.deepEqual(
    rig.turns().map(({ callerText, interrupted }) => [callerText, interrupted]),
    [
      ['', false],
      ['Can I come on Monday?', true],
      ['Or on Tuesday?', false],
    ],
  );
  assert.deepEqual(rig.eventsOf('turn.withdrawn'), []);
  await over(rig);
});

test('what a tool has done is not taken back', async () => {
  const rig = await answering([transfer]);
  await rig.run(60);
  await rig.voice();
  rig.words('Or on Tuesday');
  await rig.run(20);
  assert.deepEqual(rig.eventsOf('turn.withdrawn'), []);
  assert.equal(rig.turns()[1]?.interrupted, true);
  await over(rig);
});

test('a caller who hangs up when the answer was taken back has said all of it', async () => {
  const rig = await answering();
  await rig.run(60);
  await rig.voice();
  rig.words('Or on Tuesday');
  await rig.run(20);
  assert.equal(rig.eventsOf('turn.withdrawn').length, 1);
  await over(rig);
  assert.deepEqual(
    rig.turns().map(({ index, callerText, heardText }) => [index, callerText, heardText]),
    [
      [0, '', 'Hello, this is Robin.'],
      [1, 'Can I come on Monday? Or on Tuesday', ''],
    ],
  );
});
