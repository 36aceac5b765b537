import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { parseAgentFile } from '../../src/agent/file.ts';
import { intentsOf } from '../../src/agent/intentPlan.ts';
import { CallRig, INFO, type RigOptions } from '../helpers/callRig.ts';

const salesYaml = await readFile(
  path.resolve(import.meta.dirname, '../../agents/outbound-sales.yaml'),
  'utf8',
);
const parsed = parseAgentFile(salesYaml, 'outbound-sales.yaml');
assert.ok(parsed.ok);
const sales = parsed.agent;
const lines = Object.fromEntries(
  Object.entries(sales.states?.named ?? {}).map(([name, { line }]) => [name, line ?? '']),
);

interface SalesRig {
  readonly rig: CallRig;
  readonly fields: Record<string, string>;
}

/** An outgoing call to Ada, who has just said hello and heard the first line. */
async function called(options: RigOptions = {}, hello = 'Hello?'): Promise<SalesRig> {
  const fields: Record<string, string> = {};
  const rig: CallRig = new CallRig({
    agentYaml: salesYaml,
    ...options,
    world: {
      intents: intentsOf(sales),
      writer: {
        callStarted: () => undefined,
        turnFinished: (row) => Promise.resolve(void rig.rows.push(row)),
        callEnded: (call) => Promise.resolve(void rig.ended.push(call)),
        leadFields: (_lead, more) => void Object.assign(fields, more),
        pendingWrites: 0,
        flush: () => Promise.resolve(),
      },
      ...options.world,
    },
  });
  rig.open({ ...INFO, direction: 'outbound', leadId: 'lead-1', variables: { name: 'Ada' } });
  await rig.run(200);
  await says(rig, hello);
  return { rig, fields };
}

async function says(rig: CallRig, text: string): Promise<void> {
  await rig.says(text);
  await rig.agentSpeaks();
  await rig.agentFinishes(30_000);
}

function last(rig: CallRig) {
  const turn = rig.turns().at(-1);
  assert.ok(turn !== undefined);
  return turn;
}

/** What the model is told of where the conversation is. */
function stateIn(rig: CallRig): string | undefined {
  const [system] = rig.requests.at(-1)?.messages ?? [];
  return /Where the conversation is now: (\w+)\./u.exec(system?.content ?? '')?.[1];
}

async function overAndGone(rig: CallRig): Promise<void> {
  rig.hangsUp();
  assert.deepEqual(await rig.leftovers(), { timers: 0, background: 0 });
  assert.deepEqual(rig.bugs, []);
}

test('a sales call whose permission is refused twice ends politely without a request to the model', async () => {
  const { rig } = await called();
  assert.match(last(rig).heardText, /^Hi Ada, this is Alex/u);
  await says(rig, 'No.');
  assert.deepEqual([last(rig).heardText, last(rig).source], [lines.permission, 'intent']);
  await says(rig, "No, I'd rather not.");
  assert.deepEqual([last(rig).heardText, last(rig).source], [lines.not_interested, 'intent']);
  await says(rig, 'Okay.');
  assert.equal(last(rig).heardText, sales.lines.goodbye);
  assert.equal(rig.requests.length, 0);
  assert.equal(rig.calls.activeCount, 0, 'hung up');
  assert.equal(rig.ended[0]?.outcome, 'completed');
  await overAndGone(rig);
});

test('"just tell me" is told at once, and the model goes on from there', async () => {
  const { rig } = await called();
  await says(rig, "I'm busy right now.");
  assert.equal(last(rig).heardText, lines.permission);
  await says(rig, 'Just tell me what you want.');
  assert.match(last(rig).heardText, /^It's about appointments that patients miss\. Brightbook lets them/u);
  assert.equal(rig.requests.length, 0);
  await says(rig, 'They call us mostly by phone.');
  assert.equal(rig.requests.length, 1);
  assert.equal(stateIn(rig), 'discovery');
  assert.equal(last(rig).source, 'generated');
  await overAndGone(rig);
});

test('an answer by intent is on the wire as soon as the turn is sure: the wait is the wait for the end of the turn', async () => {
  const { rig } = await called({ ttsFirstByteMs: 5, llmFirstTokenMs: 2_000 });
  await says(rig, 'Sure, go ahead.');
  const { timings, source } = last(rig);
  assert.equal(source, 'intent');
  assert.ok((timings.response ?? 9_999) <= sales.turnTaking.minWaitMs + 30, JSON.stringify(timings));
  assert.equal(timings.llmFirstToken, undefined);
  await overAndGone(rig);
});

test('somebody who does not want to be called again is told so, noted, and hung up on, even with the first words', async () => {
  const { rig, fields } = await called({}, 'Stop calling me!');
  assert.match(last(rig).heardText, /^Of course\. I'll see to it/u);
  assert.deepEqual(fields, { doNotCall: 'yes' });
  assert.equal(rig.calls.activeCount, 0);
  assert.equal(rig.requests.length, 0);
  await overAndGone(rig);
});

test('the goodbye of an intent that is talked over does not end the call', async () => {
  const { rig } = await called();
  await rig.says('Leave me alone!');
  await rig.agentSpeaks();
  await rig.run(400);
  await rig.voice();
  rig.words('Wait');
  await rig.run(700);
  await rig.silence();
  assert.equal(rig.calls.activeCount, 1);
  await rig.agentSpeaks();
  await rig.agentFinishes();
  assert.equal(rig.calls.activeCount, 1);
  await overAndGone(rig);
});

test('what an intent leads to does not happen when the caller goes on', async () => {
  const { rig } = await called();
  await rig.says('Not interested');
  await rig.voice();
  rig.words('is what my boss would say, so tell me how you do it with walk ins');
  await rig.run(500);
  await rig.silence();
  await rig.agentSpeaks();
  await rig.agentFinishes();
  await says(rig, 'And how many do you have?');
  assert.equal(stateIn(rig), 'opening');
  await overAndGone(rig);
});

test('a steer stands in the prompt of its turn and of no other', async () => {
  const { rig } = await called();
  await says(rig, 'Are you a robot?');
  const steer = /They are wary\./u;
  assert.match(rig.requests[0]?.messages[0]?.content ?? '', steer);
  await says(rig, 'We open at nine.');
  assert.doesNotMatch(rig.requests[1]?.messages[0]?.content ?? '', steer);
  await overAndGone(rig);
});

test('a state without a line is entered by the model, and its tools work there', async () => {
  const end = { kind: 'toolCall', call: { id: 'c1', name: 'end_call', argumentsText: '{}' } } as const;
  const { rig } = await called({ answer: () => [end] }, 'Please leave a message after the tone.');
  assert.equal(stateIn(rig), 'voicemail');
  assert.equal(rig.calls.activeCount, 0, 'the model has hung up');
  await overAndGone(rig);
});

test('a tool of the model moves on from where the intent has led', async () => {
  const go = {
    kind: 'toolCall',
    call: { id: 'c1', name: 'go_to_state', argumentsText: '{"state":"opening"}' },
  } as const;
  let asked = 0;
  const { rig } = await called(
    { answer: () => ((asked += 1) === 1 ? [go] : ['Right.']) },
    'Leave a message.',
  );
  assert.match(last(rig).heardText, /^Hi Ada/u, 'from voicemail to opening, with its line');
  await overAndGone(rig);
});

test('what the caller meant is on the event of the turn, also when the model answers', async () => {
  const { rig } = await called();
  await says(rig, 'How did you get my number, and who is this?');
  const found = rig.eventsOf('turn.finished').at(-1)?.intents;
  assert.deepEqual(found, ['guarded', 'who_is_this']);
  const { body } = await rig.metrics.render(undefined);
  assert.match(body, /turnpike_turn_response_seconds_count\{source="intent"\} 1/u);
  await overAndGone(rig);
});

test('a whole sales call: the model and the intents lead from the opening to the close, and the fields are on the lead', async () => {
  const tool = (name: string, given: Readonly<Record<string, string>>) =>
    ({ kind: 'toolCall', call: { id: name, name, argumentsText: JSON.stringify(given) } }) as const;
  const { rig, fields } = await called({
    answer: (messages) => {
      const text = messages.findLast(({ role }) => role === 'user')?.content ?? '';
      if (messages.at(-1)?.role === 'tool') return ['I see. Would that be worth a look?'];
      if (text.startsWith('By phone'))
        return [
          tool('note_field', { name: 'bookingToday', value: 'phone' }),
          tool('go_to_state', { state: 'resonance' }),
        ];
      if (text.startsWith('Monday'))
        return [
          tool('note_field', { name: 'meetingAt', value: 'Monday at ten' }),
          tool('go_to_state', { state: 'close' }),
        ];
      return ['Thank you, and goodbye.', tool('end_call', {})];
    },
  });
  await says(rig, 'Yes.');
  assert.equal(last(rig).heardText, lines.discovery);
  await says(rig, 'By phone, and it is awful.');
  assert.equal(last(rig).source, 'generated');
  await says(rig, 'Sounds good.');
  assert.deepEqual([last(rig).heardText, last(rig).source], [lines.scheduling, 'intent']);
  await says(rig, 'Monday at ten, ada at example dot com.');
  assert.equal(stateIn(rig), 'close');
  await says(rig, 'Lovely, bye bye then.');
  assert.equal(rig.calls.activeCount, 0);
  assert.deepEqual(fields, { bookingToday: 'phone', meetingAt: 'Monday at ten' });
  await overAndGone(rig);
});

test('without intents the model answers everything', async () => {
  const rig = new CallRig({ agentYaml: salesYaml });
  rig.open({ ...INFO, variables: { name: 'Ada' } });
  await rig.run(200);
  await says(rig, 'Hello?');
  await says(rig, 'No.');
  assert.equal(rig.requests.length, 1);
  assert.deepEqual(rig.eventsOf('turn.finished').at(-1)?.intents, []);
  await overAndGone(rig);
});
