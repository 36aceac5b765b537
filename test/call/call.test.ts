import assert from 'node:assert/strict';
import test from 'node:test';
import { turnSettingsOf } from '../../src/call/turnSettings.ts';
import { ProviderError } from '../../src/base/errors.ts';
import { CallRig, INFO, type RigOptions } from '../helpers/callRig.ts';

const endCall = { kind: 'toolCall', call: { id: 'c1', name: 'end_call', argumentsText: '{}' } } as const;
const transfer = {
  kind: 'toolCall',
  call: { id: 'c2', name: 'transfer', argumentsText: '{"to":"reception"}' },
} as const;

/** A call whose greeting is over. */
async function greeted(options: RigOptions = {}): Promise<CallRig> {
  const rig = new CallRig(options);
  rig.open();
  await rig.agentSpeaks();
  await rig.agentFinishes();
  return rig;
}

/** Ends the call and sees that nothing of it is left. */
async function overAndGone(rig: CallRig): Promise<void> {
  rig.hangsUp();
  assert.equal(rig.calls.activeCount, 0);
  assert.deepEqual(await rig.leftovers(), { timers: 0, background: 0 });
  assert.deepEqual(rig.bugs, []);
  assert.equal(rig.ended.length, 1);
}

test('a call is greeted, listened to, answered and stored', async () => {
  const rig = await greeted();
  await rig.says('I need an appointment.');
  await rig.agentSpeaks();
  await rig.agentFinishes();
  const turns = rig.turns();
  assert.deepEqual(
    turns.map((turn) => [turn.index, turn.callerText, turn.heardText, turn.interrupted, turn.source]),
    [
      [0, '', 'Hello, this is Robin.', false, 'cached'],
      [
        1,
        'I need an appointment.',
        'Certainly, I can do that for you. What day would you like?',
        false,
        'generated',
      ],
    ],
  );
  assert.equal(rig.started.length, 1);
  await overAndGone(rig);
});

test('the stages of a turn add up to the wait, and nothing of it is unexplained', async () => {
  const rig = await greeted();
  await rig.says('I need an appointment.');
  await rig.agentSpeaks();
  await rig.agentFinishes();
  const timings = rig.turns()[1]?.timings;
  assert.ok(timings !== undefined);
  assert.equal(timings.llmFirstToken, 300);
  assert.equal(timings.ttsFirstAudio, 100);
  assert.ok((timings.response ?? 0) >= 600 && (timings.response ?? 0) < 700, JSON.stringify(timings));
  assert.ok((timings.heard ?? 0) > (timings.response ?? 0));
  const { body } = await rig.metrics.render(undefined);
  assert.match(body, /turnpike_turn_unaccounted_seconds_sum 0(\.00\d+)?\n/);
  assert.match(body, /turnpike_speculation_total\{outcome="used"\} 1/);
  await overAndGone(rig);
});

test('the reply is prepared while the wait runs: with speculation the caller waits less', async () => {
  const waits: number[] = [];
  for (const speculate of [true, false]) {
    const base = new CallRig();
    const rig = await greeted({
      world: {
        turnSettings: {
          ...turnSettingsOf(base.agent, speculate),
          idleAfterMs: [8_000],
          giveUpAfterMs: 8_000,
        },
      },
    });
    await rig.says('What are your prices');
    await rig.agentSpeaks();
    await rig.agentFinishes();
    waits.push(rig.turns()[1]?.timings.response ?? 0);
    await overAndGone(rig);
  }
  assert.ok((waits[0] ?? 0) + 150 <= (waits[1] ?? 0), waits.join(' against '));
});

test('who speaks when all was said interrupts nothing, though the last mark was lost', async () => {
  const rig = await greeted({ answer: () => ['We close at six.'] });
  await rig.says('When do you close?');
  await rig.agentSpeaks();
  rig.carrier.loseMarks = true;
  await rig.agentFinishes();
  await rig.run(200);
  await rig.voice();
  rig.words('wait');
  await rig.run(100);
  const turn = rig.turns()[1];
  assert.deepEqual([turn?.heardText, turn?.interrupted], ['We close at six.', false]);
  assert.deepEqual(rig.eventsOf('agent.interrupted'), []);
  await overAndGone(rig);
});

test('the caller talking over the agent stops it, and history and store hold what was heard', async () => {
  const rig = await greeted({
    answer: (messages) =>
      messages.length < 4
        ? ['We are open from eight to six on every single working day. ', 'And on Saturday mornings too.']
        : ['Sure.'],
  });
  await rig.says('When are you open?');
  await rig.agentSpeaks();
  await rig.run(1_500);
  await rig.voice();
  rig.words('Wait');
  await rig.run(60);
  assert.equal(rig.carrier.cleared, 1);
  assert.equal(rig.carrier.bufferedMs, 0, 'silent at once');
  await rig.silence();
  await rig.agentSpeaks();
  await rig.agentFinishes();
  const turn = rig.turns()[1];
  assert.ok(turn?.interrupted);
  assert.ok(
    'We are open from eight to six on every single working day.'.startsWith(turn.heardText),
    turn.heardText,
  );
  const words = turn.heardText.split(' ').length;
  assert.ok(words >= 4 && words <= 6, turn.heardText);
  const history = rig.requests.at(-1)?.messages ?? [];
  const cut = history.find(
    (message) => message.role === 'assistant' && message.content.includes('interrupted'),
  );
  assert.ok(cut?.content.startsWith(turn.heardText));
  assert.equal(rig.turns()[2]?.callerText, 'Wait');
  assert.equal(rig.eventsOf('agent.interrupted')[0]?.heardText, turn.heardText);
  await overAndGone(rig);
});

test('a cough over the agent holds it for a moment and lets it go on, with nothing lost', async () => {
  const rig = await greeted();
  await rig.says('I need an appointment.');
  await rig.agentSpeaks();
  await rig.run(600);
  const before = rig.carrier.written.length;
  await rig.voice();
  await rig.run(120);
  assert.ok(rig.carrier.written.length - before <= 640, 'held');
  await rig.silence();
  await rig.run(700);
  await rig.agentFinishes();
  assert.equal(rig.carrier.cleared, 0);
  assert.equal(rig.turns()[1]?.heardText, 'Certainly, I can do that for you. What day would you like?');
  assert.equal(rig.turns()[1]?.interrupted, false);
  await overAndGone(rig);
});

test('the agent ends the call after its last words, and the carrier is told to hang up', async () => {
  const rig = await greeted({ answer: () => ['Goodbye and take care. ', endCall] });
  await rig.says('That was all.');
  await rig.agentSpeaks();
  assert.equal(rig.streamClosed, 0);
  await rig.agentFinishes();
  assert.equal(rig.streamClosed, 1);
  assert.equal(rig.turns()[1]?.heardText, 'Goodbye and take care.');
  assert.deepEqual(rig.calls.afterStream(INFO.callSid), { kind: 'hangup' });
  assert.equal(rig.ended[0]?.outcome, 'completed');
  assert.deepEqual(await rig.leftovers(), { timers: 0, background: 0 });
});

test('a caller who objects to the goodbye keeps the call', async () => {
  const rig = await greeted({
    answer: (messages) =>
      messages.some((message) => message.content.includes('question'))
        ? ['Of course.']
        : ['Goodbye and take very good care of yourself. ', endCall],
  });
  await rig.says('That was all.');
  await rig.agentSpeaks();
  await rig.run(300);
  await rig.says('Wait a question');
  await rig.agentSpeaks();
  await rig.agentFinishes();
  assert.equal(rig.streamClosed, 0);
  assert.equal(rig.calls.activeCount, 1);
  await overAndGone(rig);
});

test('a transfer is said first and then answered to the carrier', async () => {
  const rig = await greeted({ answer: () => [transfer] });
  await rig.says('A human please.');
  await rig.agentSpeaks();
  await rig.agentFinishes();
  assert.equal(rig.turns()[1]?.heardText, 'I will put you through.');
  assert.deepEqual(rig.calls.afterStream(INFO.callSid), { kind: 'dial', to: '+15550001111' });
  assert.equal(rig.ended[0]?.outcome, 'transferred');
});

test('nobody speaking is asked, then said goodbye to', async () => {
  const rig = await greeted();
  await rig.run(5_200);
  await rig.agentFinishes();
  await rig.run(5_200);
  await rig.agentFinishes();
  assert.deepEqual(
    rig.eventsOf('agent.said').map((event) => event.text),
    ['Hello, this is Robin.', 'Are you there?', 'Goodbye then.'],
  );
  assert.equal(rig.calls.activeCount, 0);
  assert.equal(rig.turns()[0]?.heardText, 'Hello, this is Robin. Are you there? Goodbye then.');
});

test('a stream that is lost is connected again, and the conversation goes on where it was', async () => {
  const rig = await greeted();
  await rig.says('My name is Ada.');
  await rig.agentSpeaks();
  await rig.agentFinishes();
  rig.breaksOff();
  assert.equal(rig.ended.length, 0);
  assert.deepEqual(rig.calls.afterStream(INFO.callSid), { kind: 'connect', info: INFO });
  rig.open();
  await rig.agentSpeaks();
  await rig.agentFinishes();
  assert.equal(rig.eventsOf('agent.said').at(-1)?.text, 'We were cut off.');
  await rig.says('Do you know my name?');
  await rig.agentSpeaks();
  await rig.agentFinishes();
  assert.ok(rig.requests.at(-1)?.messages.some((message) => message.content === 'My name is Ada.'));
  assert.deepEqual(
    rig.turns().map((turn) => [turn.index, turn.callerText]),
    [
      [0, ''],
      [1, 'My name is Ada.'],
      [2, ''],
      [3, 'Do you know my name?'],
    ],
    'the line after the loss has a turn of its own',
  );
  assert.equal(rig.started.length, 1);
  await overAndGone(rig);
});

test('what nobody had answered when the stream was lost is known when it is back', async () => {
  const rig = await greeted();
  await rig.voice();
  rig.words('My name is Ada');
  rig.breaksOff();
  rig.open();
  await rig.agentSpeaks();
  await rig.agentFinishes();
  await rig.says('Do you know my name?');
  await rig.agentSpeaks();
  assert.ok(rig.requests.at(-1)?.messages.some((message) => message.content.includes('My name is Ada')));
  assert.equal(rig.turns()[1]?.callerText, 'My name is Ada');
  await overAndGone(rig);
});

test('a second stream for a call that says its last words ends it: it is not begun anew', async () => {
  const rig = await greeted({ answer: () => ['Goodbye. ', endCall] });
  await rig.says('That was all.');
  await rig.agentSpeaks();
  rig.calls.prepare(INFO);
  rig.open();
  assert.equal(rig.calls.activeCount, 0);
  assert.equal(rig.started.length, 1);
  assert.deepEqual(
    rig.ended.map(({ outcome }) => outcome),
    ['completed'],
  );
  assert.equal(rig.streamClosed, 2);
  assert.deepEqual(rig.calls.afterStream(INFO.callSid), { kind: 'hangup' });
  await overAndGone(rig);
});

test('a process that drains waits until the carrier knows what comes next, but not for ever', async () => {
  const rig = await greeted({ answer: () => ['Goodbye. ', endCall] });
  const idle: string[] = [];
  const noteIdle = async (who: string): Promise<void> => rig.calls.idle().then(() => void idle.push(who));
  const live = noteIdle('live');
  await rig.says('That was all.');
  await rig.agentSpeaks();
  await rig.agentFinishes();
  assert.equal(rig.calls.activeCount, 0);
  assert.deepEqual(idle, [], 'the carrier has not asked');
  assert.deepEqual(rig.calls.afterStream(INFO.callSid), { kind: 'hangup' });
  await live;

  rig.open();
  await rig.agentSpeaks();
  await rig.agentFinishes();
  const unasked = noteIdle('unasked');
  rig.calls.find(INFO.callSid)?.hangUp();
  await rig.clock.advance(2_900);
  assert.deepEqual(idle, ['live']);
  await rig.clock.advance(200);
  await unasked;
  assert.deepEqual(await rig.leftovers(), { timers: 0, background: 0 });
});

test('a process that drains waits for a call that is being connected again, and for one that rings', async () => {
  const rig = await greeted();
  rig.breaksOff();
  let idle = false;
  const noted = rig.calls.idle().then(() => {
    idle = true;
  });
  await rig.clock.advance(1_000);
  rig.calls.prepare(INFO);
  rig.open();
  await rig.agentSpeaks();
  assert.equal(idle, false);
  rig.hangsUp();
  await noted;
  assert.deepEqual(await rig.leftovers(), { timers: 0, background: 0 });
});

test('a caller who leaves while the stream is being brought back is counted once', async () => {
  const rig = await greeted();
  rig.breaksOff();
  rig.calls.neverStarted(INFO, 'completed');
  await rig.clock.advance(31_000);
  assert.deepEqual(
    rig.ended.map(({ outcome }) => outcome),
    ['abandoned'],
  );
  assert.equal(rig.started.length, 1);
  assert.deepEqual(await rig.leftovers(), { timers: 0, background: 0 });
});

test('a caller who hangs up while the stream is lost has ended the call, at once', async () => {
  const rig = await greeted();
  rig.breaksOff();
  rig.calls.hungUp(INFO);
  assert.deepEqual(
    rig.ended.map(({ outcome }) => outcome),
    ['completed'],
  );
  assert.deepEqual(rig.calls.afterStream(INFO.callSid), { kind: 'hangup' });
  assert.deepEqual(await rig.leftovers(), { timers: 0, background: 0 });
});

test('a stream that is over before the call begins is a call all the same', async () => {
  const rig = new CallRig();
  rig.openEnded();
  assert.deepEqual([rig.started.length, rig.ended.length], [1, 1]);
  assert.equal(rig.calls.activeCount, 0);
  assert.deepEqual(await rig.leftovers(), { timers: 0, background: 0 });
});

test('a goodbye that the caller speaks into before it sounds is taken back, and given when they meant nothing', async () => {
  const rig = await greeted({ answer: () => [endCall], ttsFirstByteMs: 1_000 });
  await rig.says('That was all.');
  await rig.run(900);
  assert.equal(rig.eventsOf('turn.started').length, 1, 'released, and nothing sounds yet');
  await rig.voice();
  await rig.run(300);
  await rig.silence();
  await rig.agentSpeaks();
  await rig.agentFinishes();
  assert.equal(rig.eventsOf('agent.said').at(-1)?.text, 'Goodbye then.');
  assert.equal(rig.ended[0]?.outcome, 'completed');
  assert.deepEqual(await rig.leftovers(), { timers: 0, background: 0 });
});

test('a caller who goes on before the goodbye sounds is not hung up on', async () => {
  const rig = await greeted({
    answer: (messages) =>
      messages.some((message) => message.content.includes('question')) ? ['Of course.'] : [endCall],
    ttsFirstByteMs: 1_000,
  });
  await rig.says('That was all.');
  await rig.run(900);
  assert.equal(rig.eventsOf('turn.started').length, 1, 'released, and nothing sounds yet');
  await rig.says('One more question');
  await rig.agentSpeaks();
  await rig.agentFinishes();
  assert.equal(rig.eventsOf('agent.said').at(-1)?.text, 'Of course.');
  await rig.run(1_000);
  assert.equal(rig.calls.activeCount, 1);
  await overAndGone(rig);
});

test('a stream that is lost for good ends the call', async () => {
  const rig = await greeted();
  rig.breaksOff();
  await rig.clock.advance(31_000);
  assert.equal(rig.ended[0]?.outcome, 'abandoned');
  assert.deepEqual(await rig.leftovers(), { timers: 0, background: 0 });
});

test('a model that fails is apologised for and the call goes on', async () => {
  let broken = true;
  const failure = new ProviderError('server', 'down', { stage: 'llm', provider: 'fake' });
  const rig = await greeted({ answer: () => (broken ? [failure] : ['Here I am.']) });
  await rig.says('Hello there.');
  await rig.agentSpeaks();
  await rig.agentFinishes();
  assert.equal(rig.turns()[1]?.source, 'fallback');
  assert.equal(rig.turns()[1]?.heardText, 'Sorry about that.');
  broken = false;
  await rig.says('Hello again.');
  await rig.agentSpeaks();
  await rig.agentFinishes();
  assert.equal(rig.turns()[2]?.heardText, 'Here I am.');
  await overAndGone(rig);
});

test('a voice that fails leaves the call alive and listening', async () => {
  const rig = await greeted({ mute: (text) => !text.startsWith('Hello') });
  await rig.says('Hello there.');
  await rig.run(3_000);
  assert.equal(rig.calls.activeCount, 1);
  assert.equal(rig.turns()[1]?.heardText, '');
  await overAndGone(rig);
});

test('a hang-up in the middle of a reply stores what was heard and stops everything', async () => {
  const rig = await greeted();
  await rig.says('I need an appointment.');
  await rig.agentSpeaks();
  await rig.run(700);
  await overAndGone(rig);
  const turn = rig.turns()[1];
  assert.ok(turn?.interrupted);
  assert.ok('Certainly, I can do that for you.'.startsWith(turn.heardText));
});

test('what the caller said last is not lost when they hang up before an answer', async () => {
  const rig = await greeted({ llmFirstTokenMs: 3_000 });
  await rig.says('Never mind, goodbye.');
  await rig.run(100);
  await overAndGone(rig);
  assert.equal(rig.turns()[1]?.callerText, 'Never mind, goodbye.');
});

test('hung up from outside, it ends at once; told to say something, it says it', async () => {
  const rig = await greeted();
  rig.calls.find(INFO.callSid)?.say('This call is recorded.');
  await rig.agentSpeaks();
  await rig.agentFinishes();
  assert.equal(rig.eventsOf('agent.said').at(-1)?.text, 'This call is recorded.');
  rig.calls.find(INFO.callSid)?.hangUp();
  assert.equal(rig.calls.activeCount, 0);
  assert.equal(rig.streamClosed, 1);
  assert.deepEqual(rig.calls.afterStream(INFO.callSid), { kind: 'hangup' });
});

test('the ears are opened while the phone rings and given to the call', async () => {
  const rig = new CallRig();
  rig.calls.prepare(INFO);
  rig.calls.prepare(INFO);
  assert.equal(rig.sttSessions, 1);
  rig.open();
  assert.equal(rig.sttSessions, 1);
  await rig.run(100);
  await overAndGone(rig);
});

test('a call that rings and never comes is forgotten', async () => {
  const rig = new CallRig();
  rig.calls.prepare(INFO);
  await rig.clock.advance(61_000);
  assert.deepEqual(await rig.leftovers(), { timers: 0, background: 0 });
  assert.deepEqual(rig.calls.afterStream(INFO.callSid), { kind: 'unknown' });
});

const LEAVES_MESSAGES = `
name: caller
prompt: You are Robin.
greeting: Hello, am I speaking with the owner of the house at the corner?
providers:
  stt: [{ provider: openai, model: fake }]
  llm: [{ provider: openai, model: fake }]
  tts: [{ provider: openai, model: fake, voice: fake }]
voicemail: { say: Please call us back. }
`;

test('a machine that is known for one before the stream is there is left the message all the same', async () => {
  const rig = new CallRig({ agentYaml: LEAVES_MESSAGES });
  assert.equal(rig.calls.answeredBy(INFO.callSid, 'machine_end_beep'), false, 'no such call');
  rig.calls.prepare(INFO);
  assert.equal(rig.calls.answeredBy(INFO.callSid, 'machine_end_beep'), true);
  rig.open();
  await rig.agentSpeaks();
  await rig.agentFinishes();
  assert.equal(rig.eventsOf('agent.said').at(-1)?.text, 'Please call us back.');
  assert.deepEqual(
    rig.ended.map(({ outcome }) => outcome),
    ['voicemail'],
  );
  assert.deepEqual(await rig.leftovers(), { timers: 0, background: 0 });
});

test('a machine that answers is left a message and hung up on', async () => {
  const rig = await greeted({ agentYaml: LEAVES_MESSAGES });
  rig.calls.answeredBy(INFO.callSid, 'machine_end_beep');
  await rig.agentSpeaks();
  await rig.agentFinishes();
  assert.equal(rig.eventsOf('agent.said').at(-1)?.text, 'Please call us back.');
  assert.equal(rig.ended[0]?.outcome, 'voicemail');
});

test('calls that never got a stream are stored with why', () => {
  const rig = new CallRig();
  for (const [status, outcome] of [
    ['busy', 'busy'],
    ['no-answer', 'no_answer'],
    ['failed', 'failed'],
  ] as const) {
    rig.calls.neverStarted({ ...INFO, direction: 'outbound' }, status);
    assert.equal(rig.ended.at(-1)?.outcome, outcome);
  }
});

test('a caller who waits long hears a filler, then the answer, and the wait that is measured is the answer\u2019s', async () => {
  const rig = await greeted({ llmFirstTokenMs: 3_500 });
  await rig.says('I need an appointment.');
  await rig.agentSpeaks();
  await rig.run(100);
  assert.equal(rig.eventsOf('agent.said').at(-1)?.text, 'One moment, please.');
  await rig.run(2_500);
  await rig.agentFinishes();
  const turn = rig.turns()[1];
  assert.ok(turn !== undefined);
  assert.ok(turn.heardText.startsWith('One moment, please. Certainly,'), turn.heardText);
  assert.ok((turn.timings.response ?? 0) > 3_500, JSON.stringify(turn.timings));
  assert.match((await rig.metrics.render(undefined)).body, /dead_air_total\{remedy="filler"\} 1/);
  await overAndGone(rig);
});

test('a caller who waits too long is told so, and the call goes on', async () => {
  let slow = true;
  const rig = await greeted({
    answer: () => ['Here I am.'],
    world: {
      model: {
        provider: 'fake',
        model: 'fake',
        warmUp: () => Promise.resolve(),
        async *complete(_request, signal) {
          if (slow)
            await new Promise((_resolve, reject) =>
              signal.addEventListener('abort', () => reject(signal.reason)),
            );
          yield { kind: 'text', text: 'Here I am.' };
          yield { kind: 'finished', reason: 'stop' };
        },
      },
    },
  });
  await rig.says('Hello there.');
  await rig.run(8_300);
  await rig.agentFinishes();
  assert.equal(rig.turns()[1]?.heardText, 'One moment, please. Let me see. Sorry about that.');
  assert.equal(rig.turns()[1]?.source, 'fallback');
  slow = false;
  await rig.says('Hello again.');
  await rig.agentSpeaks();
  await rig.agentFinishes();
  assert.equal(rig.turns()[2]?.heardText, 'Here I am.');
  await overAndGone(rig);
});

test('an agent with states that does not greet answers "hello" with the line of its first state, without the model', async () => {
  const rig = new CallRig({
    agentYaml: `
name: seller
prompt: You sell.
variables: { name: there }
providers:
  stt: [{ provider: openai, model: fake }]
  llm: [{ provider: openai, model: fake }]
  tts: [{ provider: openai, model: fake, voice: fake }]
states:
  initial: opening
  named:
    opening: { prompt: Find out who it is., line: "Hi {{name}}, is this a bad time?" }
`,
  });
  rig.open({ ...INFO, variables: { name: 'Ada' } });
  await rig.run(200);
  await rig.says('Hello?');
  await rig.agentSpeaks();
  await rig.agentFinishes();
  const opening = rig.turns().find((turn) => turn.index === 1);
  assert.equal(opening?.heardText, 'Hi Ada, is this a bad time?');
  assert.equal(opening?.source, 'cached');
  assert.equal(rig.requests.length, 0);
  await rig.says('No, go on.');
  await rig.agentSpeaks();
  assert.equal(rig.requests.length, 1);
  await overAndGone(rig);
});

test('as many lines wait to be said as may, and whoever wants one more is told', async () => {
  const rig = new CallRig();
  rig.open();
  await rig.run(100);
  const live = rig.calls.find(INFO.callSid);
  const taken = Array.from({ length: 10 }, (_unused, i) => live?.say(`Line ${i}.`));
  assert.deepEqual(taken, [...Array.from({ length: 8 }, () => true), false, false]);
  await rig.run(15_000);
  const said = rig.eventsOf('agent.said').map((event) => event.text);
  assert.ok(said.includes('Line 7.'), said.join(' '));
  assert.ok(!said.includes('Line 8.'));
  rig.hangsUp();
  await rig.run(0);
  assert.equal(live?.say('After the end.'), false);
});
