// Calls that outlive their process: two instances, the first of which is gone, and what it has left of the call.
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { CallCheckpoints, CheckpointState, TakenUp } from '../../src/store/port.ts';
import { parseSnapshot, snapshotJson, type CallSnapshot } from '../../src/call/snapshot.ts';
import type { CallWorld } from '../../src/call/world.ts';
import { CallRig, INFO, type RigOptions } from '../helpers/callRig.ts';
import { KeptSpans } from '../helpers/keptSpans.ts';
import { VirtualClock } from '../helpers/virtualClock.ts';

/** What the instances have in common: a row a call, which one of them holds. */
class SharedRows {
  readonly #rows = new Map<string, { holder: string; state: CheckpointState }>();
  /** The database is away. */
  away = false;

  of(instance: string): CallCheckpoints {
    const held = new Set<string>();
    let onLost: (callSid: string) => void = () => undefined;
    const write = (callSid: string, state: CheckpointState): void => {
      const known = this.#rows.get(callSid);
      if (held.has(callSid) && known?.holder !== instance) {
        held.delete(callSid);
        onLost(callSid);
        return;
      }
      held.add(callSid);
      const snapshot: unknown = JSON.parse(JSON.stringify(state.snapshot));
      this.#rows.set(callSid, { holder: instance, state: { ...state, snapshot } });
    };
    return {
      changed: (callSid, take) => queueMicrotask(() => write(callSid, take())),
      takeUp: (callSid): Promise<TakenUp> => {
        if (this.away) return Promise.reject(new Error('the database is away'));
        const row = this.#rows.get(callSid);
        if (row === undefined) return Promise.resolve({ kind: 'unknown' });
        row.holder = instance;
        held.add(callSid);
        return Promise.resolve({ kind: row.state.ended ? 'ended' : 'taken', snapshot: row.state.snapshot });
      },
      isTaken: (callSid) => Promise.resolve(this.#rows.get(callSid)?.holder !== instance),
      watchLost: (listener) => {
        onLost = listener;
      },
      flush: () => Promise.resolve(),
    };
  }

  spoil(callSid: string): void {
    const row = this.#rows.get(callSid);
    if (row !== undefined) row.state = { ...row.state, snapshot: { version: 0 } };
  }
}

const AGENT = `
name: desk
prompt: Be brief.
greeting: Hello there.
lines: { reconnected: Sorry about that. }
providers:
  stt: [{ provider: openai, model: m }]
  llm: [{ provider: openai, model: m }]
  tts: [{ provider: openai, model: m, voice: v }]
`;

function instances(options: RigOptions = {}) {
  const rows = new SharedRows();
  const rig = (name: string, clock?: VirtualClock, world: Partial<CallWorld> = {}): CallRig =>
    new CallRig({
      agentYaml: AGENT,
      ...options,
      ...(clock === undefined ? {} : { clock }),
      world: { checkpoints: rows.of(name), ...options.world, ...world },
    });
  return { rows, rig };
}

async function takenUp(rig: CallRig): Promise<void> {
  assert.deepEqual(await rig.calls.takeUp(INFO), { kind: 'connect', info: INFO });
  rig.open();
}

/** What the model was told was said, without the prompt. */
function told(rig: CallRig): readonly string[] {
  const messages = rig.requests.at(-1)?.messages ?? [];
  return messages.filter(({ role }) => role !== 'system').map(({ role, content }) => `${role}: ${content}`);
}

test('killed while it speaks: another instance goes on from what was heard', async () => {
  const { rig } = instances({ answer: () => ['We have three of them. ', 'The first one is red.'] });
  const first = rig('a');
  first.open();
  await first.agentSpeaks();
  await first.agentFinishes();
  await first.says('What do you have?');
  await first.agentSpeaks();
  await first.run(1_500);
  const heard = first.eventsOf('agent.heard').at(-1)?.heardText ?? '';
  assert.ok(heard.startsWith('We have') && !heard.includes('red'), heard);

  const second = rig('b');
  await takenUp(second);
  await second.agentSpeaks();
  await second.agentFinishes();
  assert.deepEqual(
    second.eventsOf('agent.said').map(({ text }) => text),
    ['Sorry about that.'],
  );
  assert.deepEqual(
    second.eventsOf('call.resumed').map(({ how }) => how),
    ['crash'],
  );
  assert.equal(second.eventsOf('call.started').length, 0);
  await second.says('And the first one?');
  await second.agentSpeaks();
  await second.agentFinishes();
  assert.deepEqual(told(second), [
    'assistant: Hello there.',
    'user: What do you have?',
    `assistant: ${heard}\u2014 [the caller interrupted here]`,
    'assistant: Sorry about that.',
    'user: And the first one?',
  ]);
  const row = second.turns().at(-1);
  assert.ok(row !== undefined && row.part > 0 && row.index > 1, 'its turns overwrite no others');
});

test('killed while it thinks: the question is answered behind the bridging line', async () => {
  const { rig } = instances({ answer: () => ['It is red.'] });
  const first = rig('a');
  first.open();
  await first.agentSpeaks();
  await first.agentFinishes();
  await first.says('Which colour is it?');
  await first.run(400);
  assert.equal(first.eventsOf('turn.started').length, 1);
  assert.equal(first.carrier.bufferedMs, 0);

  const second = rig('b');
  await takenUp(second);
  await second.agentSpeaks();
  await second.agentFinishes();
  assert.deepEqual(
    second.eventsOf('agent.said').map(({ text }) => text),
    ['Sorry about that.', 'It is red.'],
  );
  assert.deepEqual(told(second), ['assistant: Hello there.', 'user: Which colour is it?']);
});

test('killed while the caller speaks: what was understood by then is answered behind the bridging line', async () => {
  const { rig } = instances({ answer: () => ['It is red.'] });
  const first = rig('a');
  first.open();
  await first.agentSpeaks();
  await first.agentFinishes();
  await first.run(500);
  await first.voice();
  for (const word of ['Which', 'colour', 'is', 'it?']) {
    await first.run(300);
    first.words(word);
  }
  // No word of it is final yet.
  await first.run(20);
  assert.equal(first.eventsOf('transcript.final').length, 0);

  const second = rig('b');
  await takenUp(second);
  await second.agentSpeaks();
  await second.agentFinishes();
  assert.deepEqual(
    second.eventsOf('agent.said').map(({ text }) => text),
    ['Sorry about that.', 'It is red.'],
  );
  assert.deepEqual(told(second), ['assistant: Hello there.', 'user: Which colour is it?']);
});

test('a stream that was lost while it thought is taken up by the same instance with the answer', async () => {
  const rig = new CallRig({ agentYaml: AGENT, answer: () => ['It is red.'] });
  rig.open();
  await rig.agentSpeaks();
  await rig.agentFinishes();
  await rig.says('Which colour is it?');
  await rig.run(400);
  rig.breaksOff();
  rig.open();
  await rig.agentSpeaks();
  await rig.agentFinishes();
  assert.deepEqual(
    rig.eventsOf('agent.said').map(({ text }) => text),
    ['Hello there.', 'Sorry about that.', 'It is red.'],
  );
});

/** The caller has asked, waited and heard "one moment"; the answer is not there yet. */
async function consoled(rig: CallRig): Promise<void> {
  rig.open();
  await rig.agentSpeaks();
  await rig.agentFinishes();
  await rig.run(500);
  await rig.says('Which colour is it?');
  await rig.agentSpeaks();
  await rig.agentFinishes();
  assert.deepEqual(
    rig.eventsOf('agent.said').map(({ text }) => text),
    ['Hello there.', 'One moment, please.'],
  );
}

test('who was asked to wait a moment, and whose stream is lost then, is answered', async () => {
  const rig = new CallRig({ agentYaml: AGENT, answer: () => ['It is red.'], llmFirstTokenMs: 5_000 });
  await consoled(rig);
  rig.breaksOff();
  await rig.run(300);
  rig.open();
  await rig.run(10_000);
  const said = rig.eventsOf('agent.said').map(({ text }) => text);
  assert.deepEqual([said[2], said.at(-1)], ['Sorry about that.', 'It is red.']);
  assert.deepEqual(told(rig), ['assistant: Hello there.', 'user: Which colour is it?']);
});

test('killed when the caller was asked to wait a moment: another instance answers, also after a second loss', async () => {
  const { rig } = instances({ answer: () => ['It is red.'], llmFirstTokenMs: 5_000 });
  const first = rig('a');
  await consoled(first);
  const second = rig('b');
  await takenUp(second);
  await second.agentSpeaks();
  await second.agentFinishes();
  assert.deepEqual(
    second.eventsOf('agent.said').map(({ text }) => text),
    ['Sorry about that.'],
  );
  const third = rig('c');
  await takenUp(third);
  await third.run(10_000);
  assert.equal(third.eventsOf('agent.said').at(-1)?.text, 'It is red.');
});

test('who has heard a word of the answer is not answered again', async () => {
  const rig = new CallRig({
    agentYaml: AGENT,
    answer: () => ['It is red, and that is nice.'],
    llmFirstTokenMs: 5_000,
  });
  await consoled(rig);
  for (let ms = 0; ms < 5_000 && rig.eventsOf('agent.said').length < 3; ms += 20) await rig.run(20);
  await rig.run(800);
  rig.breaksOff();
  await rig.run(300);
  rig.open();
  await rig.run(4_000);
  assert.deepEqual(
    rig.eventsOf('agent.said').map(({ text }) => text),
    ['Hello there.', 'One moment, please.', 'It is red, and that is nice.', 'Sorry about that.'],
  );
});

test('what the caller says while a line is being made is answered, whoever goes on with the call', async () => {
  const options: RigOptions = { agentYaml: AGENT, answer: () => ['It is red.'], ttsFirstByteMs: 3_000 };
  const { rig } = instances(options);
  const first = rig('a');
  const same = new CallRig(options);
  for (const one of [first, same]) {
    one.open();
    await one.run(200);
    await one.says('Which colour is it?');
    await one.run(200);
    assert.deepEqual(one.eventsOf('agent.said'), [], 'the greeting is not there yet');
  }
  const second = rig('b');
  await takenUp(second);
  same.breaksOff();
  await same.run(300);
  same.open();
  for (const one of [second, same]) {
    await one.run(9_000);
    assert.deepEqual(
      one.eventsOf('agent.said').map(({ text }) => text),
      ['Sorry about that.', 'It is red.'],
    );
  }
  assert.ok(same.turns().some(({ callerText }) => callerText === 'Which colour is it?'));
});

test('a call that had ended stays ended, as it was to end', async () => {
  const { rig } = instances();
  const first = rig('a');
  first.open();
  await first.agentSpeaks();
  first.calls.find(INFO.callSid)?.transfer('+15550009999');
  await first.agentFinishes();
  assert.equal(first.ended.length, 1);
  const second = rig('b');
  assert.deepEqual(await second.calls.takeUp(INFO), { kind: 'dial', to: '+15550009999' });
  assert.equal(second.ended.length, 0);
});

test('killed during its last words: the call ends as was decided, and is written down', async () => {
  const { rig } = instances();
  const first = rig('a');
  first.open();
  await first.agentSpeaks();
  first.calls.find(INFO.callSid)?.transfer('+15550009999');
  await first.run(20);
  assert.equal(first.ended.length, 0);
  const second = rig('b');
  assert.deepEqual(await second.calls.takeUp(INFO), { kind: 'dial', to: '+15550009999' });
  assert.deepEqual(second.calls.afterStream(INFO.callSid), { kind: 'dial', to: '+15550009999' });
  await second.run(1);
  assert.deepEqual(
    second.ended.map(({ outcome }) => outcome),
    ['transferred'],
  );
});

test('two instances never hold one call: the one that lives on without the carrier lets it go without a word', async () => {
  const { rig } = instances();
  const clock = new VirtualClock();
  const first = rig('a', clock);
  first.open();
  await first.agentSpeaks();
  await first.agentFinishes();
  const second = rig('b');
  await takenUp(second);
  await first.says('Are you there?');
  await first.run(3_000);
  assert.equal(first.calls.activeCount, 0);
  assert.equal(first.streamClosed, 1);
  assert.deepEqual(first.ended, []);
  assert.deepEqual(first.calls.afterStream(INFO.callSid), { kind: 'elsewhere', info: INFO });
  assert.equal(second.calls.activeCount, 1);
});

test('an instance that learns that it has lost a call does not take it back', async () => {
  const { rig } = instances();
  const first = rig('a');
  first.open();
  await first.agentSpeaks();
  await first.agentFinishes();
  const second = rig('b');
  await takenUp(second);
  await second.agentSpeaks();
  await second.agentFinishes();
  // Its stream is half open: nobody hears what it says into the silence.
  await first.run(9_000);
  assert.equal(first.calls.activeCount, 0);
  await second.says('Are you there?');
  await second.agentSpeaks();
  await second.agentFinishes();
  assert.deepEqual([second.calls.activeCount, second.streamClosed], [1, 0]);
});

test('an instance that learns over its last words that it has lost the call has not ended it', async () => {
  const { rig } = instances();
  const first = rig('a');
  first.open();
  await first.agentSpeaks();
  await first.agentFinishes();
  const second = rig('b');
  await takenUp(second);
  await first.says('Goodbye.');
  await first.agentSpeaks();
  first.calls.find(INFO.callSid)?.transfer('+15550009999');
  await first.run(1_000);
  assert.deepEqual([first.calls.activeCount, first.ended.length], [0, 0]);
  await second.says('Are you there?');
  await second.run(1_000);
  assert.equal(second.calls.activeCount, 1);
});

test('an instance that waits for a lost stream learns at the end that another one has the call', async () => {
  const { rig } = instances();
  const first = rig('a');
  first.open();
  await first.agentSpeaks();
  await first.agentFinishes();
  first.breaksOff();
  await first.run(20);
  const second = rig('b');
  await takenUp(second);
  await first.run(31_000);
  assert.deepEqual(first.calls.afterStream(INFO.callSid), { kind: 'unknown' });
  assert.deepEqual(first.ended, [], 'it has not ended');
});

test('what another version has left is no history, and the call goes on all the same', async () => {
  const { rig, rows } = instances();
  const first = rig('a');
  first.open();
  await first.agentSpeaks();
  await first.agentFinishes();
  rows.spoil(INFO.callSid);
  const second = rig('b');
  await takenUp(second);
  await second.agentSpeaks();
  assert.equal(second.calls.activeCount, 1);
});

test('a call that goes on without its history overwrites nothing of what was said before', async () => {
  const transcripts: { index: number; by: string }[] = [];
  const transcribing = (by: string): Partial<CallWorld> => ({
    transcripts: {
      turnChanged: (_callSid, index) => void transcripts.push({ by, index }),
      flush: () => Promise.resolve(),
    },
  });
  const keys = (rig: CallRig): readonly string[] => rig.turns().map(({ part, index }) => `${part} ${index}`);
  const { rig, rows } = instances();
  const first = rig('a', undefined, transcribing('a'));
  first.open();
  await first.agentSpeaks();
  await first.agentFinishes();
  await first.says('My name is Peterson.');
  await first.agentSpeaks();
  await first.agentFinishes();
  for (const lost of ['unreadable', 'away'] as const) {
    const second = rig('b', undefined, transcribing('b'));
    if (lost === 'unreadable') rows.spoil(INFO.callSid);
    else rows.away = true;
    await second.calls.takeUp(INFO).catch(() => undefined);
    second.open(INFO, true);
    await second.agentSpeaks();
    await second.agentFinishes();
    await second.says('Hello? Who is this?');
    await second.agentSpeaks();
    await second.agentFinishes();
    const written = new Set(keys(second));
    assert.ok(written.size > 1);
    assert.deepEqual(
      keys(first).filter((key) => written.has(key)),
      [],
      lost,
    );
  }
  const transcribed = (by: string): ReadonlySet<number> =>
    new Set(transcripts.filter((one) => one.by === by).map(({ index }) => index));
  const after = transcribed('b');
  assert.deepEqual(
    [...transcribed('a')].filter((index) => after.has(index)),
    [],
  );
});

test('without the rows nobody knows anything, and who asks hears that they are away', async () => {
  const { rig, rows } = instances();
  const second = rig('b');
  assert.deepEqual(await second.calls.takeUp(INFO), { kind: 'unknown' });
  rows.away = true;
  await assert.rejects(second.calls.takeUp(INFO), /away/);
});

test('handed over at a deploy: the next instance says so', async () => {
  const { rig } = instances();
  const first = rig('a');
  first.open();
  await first.agentSpeaks();
  await first.agentFinishes();
  await first.run(2_000);
  const handedOver = first.calls.handOver();
  await first.run(1_600);
  assert.equal(first.calls.activeCount, 0);
  assert.deepEqual(first.calls.afterStream(INFO.callSid), { kind: 'elsewhere', info: INFO });
  const second = rig('b');
  await takenUp(second);
  await second.run(100);
  assert.deepEqual(
    second.eventsOf('call.resumed').map(({ how }) => how),
    ['handover'],
  );
  await first.run(4_000);
  await handedOver;
  assert.deepEqual(first.ended, []);
});

test('a caller who hangs up when the instance is gone: whoever is asked ends the call, once', async () => {
  const { rig } = instances();
  const first = rig('a');
  first.open();
  await first.agentSpeaks();
  await first.agentFinishes();
  await first.run(1_000);
  const clock = new VirtualClock();
  const second = rig('b', clock);
  second.calls.hungUp(INFO);
  await second.run(3_000);
  assert.deepEqual(
    second.ended.map(({ callSid, outcome }) => [callSid, outcome]),
    [[INFO.callSid, 'completed']],
  );
  assert.deepEqual(
    second.eventsOf('call.ended').map(({ outcome }) => outcome),
    ['completed'],
  );
  assert.deepEqual(second.calls.afterStream(INFO.callSid), { kind: 'hangup' });
  const third = rig('c');
  third.calls.hungUp(INFO);
  await third.run(3_000);
  assert.deepEqual(third.ended, []);
  assert.deepEqual(await third.leftovers(), { timers: 0, background: 0 });
});

test('a call whose instance hears of the hang-up itself is ended by that one alone', async () => {
  const { rig } = instances();
  const first = rig('a');
  first.open();
  await first.agentSpeaks();
  const second = rig('b');
  second.calls.hungUp(INFO);
  await second.run(500);
  first.hangsUp();
  await first.run(20);
  await second.run(3_000);
  assert.deepEqual([first.ended.length, second.ended.length], [1, 0]);
  assert.deepEqual([first.ended[0]?.outcome, first.bugs, second.bugs], ['completed', [], []]);
});

test('without the rows nobody ends a call that may be another’s', async () => {
  const { rig, rows } = instances();
  const second = rig('b');
  second.calls.hungUp(INFO);
  rows.away = true;
  second.calls.hungUp({ ...INFO, callSid: 'CA2' });
  await second.run(3_000);
  assert.deepEqual([second.ended, second.bugs], [[], []]);
});

test('what a caller must not have told is not left for others', async () => {
  const { rig, rows } = instances({ answer: () => ['Thank you, I have noted that.'] });
  const first = rig('a');
  first.open();
  await first.agentSpeaks();
  await first.agentFinishes();
  await first.says('My card is 4111 1111 1111 1111.');
  await first.agentSpeaks();
  await first.agentFinishes();
  const left = await rows.of('b').takeUp(INFO.callSid);
  assert.ok(left.kind === 'taken');
  const text = JSON.stringify(left.snapshot);
  assert.match(text, /My card is/);
  assert.doesNotMatch(text.replace(/\D/g, ''), /4111111111111111/);
});

test('another instance goes on in the same trace', async () => {
  const spans = new KeptSpans();
  const { rig } = instances();
  const traced = (name: string): CallRig => {
    const clock = new VirtualClock();
    return rig(name, clock, { tracer: spans.tracer(clock) });
  };
  const first = traced('a');
  first.open();
  await first.agentSpeaks();
  await first.agentFinishes();
  const second = traced('b');
  await takenUp(second);
  await second.agentSpeaks();
  await second.agentFinishes();
  second.hangsUp();
  await second.leftovers();
  const [going] = spans.named('call');
  // The one that died has told nobody of the call, but of its first turn.
  const before = spans.one('turn', 'turnpike.turn', 0);
  assert.equal(going?.parent?.spanId, before.parent?.spanId);
  assert.equal(going?.context.traceId, before.context.traceId);
});

const text = fc.string({ maxLength: 40 });
const snapshots: fc.Arbitrary<CallSnapshot> = fc.record({
  info: fc.record({
    callSid: text,
    accountSid: text,
    direction: fc.constantFrom('inbound' as const, 'outbound' as const),
    from: text,
    to: text,
    leadId: fc.option(text, { nil: undefined }),
    variables: fc.dictionary(
      text.filter((key) => key !== '__proto__'),
      text,
      { maxKeys: 4 },
    ),
  }),
  agent: text,
  startedAtMs: fc.nat(),
  turn: fc.nat(),
  parts: fc.nat(),
  state: fc.option(text, { nil: undefined }),
  omittedItems: fc.nat(),
  items: fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant('caller' as const), text }),
      fc.record({ kind: fc.constant('agent' as const), text, cut: fc.boolean() }),
      fc.record({
        kind: fc.constant('toolCalls' as const),
        text,
        calls: fc.array(fc.record({ id: text, name: text, argumentsText: text }), { maxLength: 3 }),
      }),
      fc.record({ kind: fc.constant('toolResult' as const), callId: text, text }),
    ),
    { maxLength: 20 },
  ),
  ending: fc.option(
    fc.oneof(
      fc.record({ kind: fc.constant('dial' as const), to: text, forced: fc.boolean() }),
      fc.record({
        kind: fc.constant('hangup' as const),
        outcome: fc.constantFrom('completed' as const, 'voicemail' as const),
        forced: fc.boolean(),
      }),
    ),
    { nil: undefined },
  ),
  handedOver: fc.boolean(),
  traceparent: fc.option(fc.constantFrom('00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'), {
    nil: undefined,
  }),
});

test('a call that is written down is read as it was', () => {
  fc.assert(
    fc.property(snapshots, (snapshot) => {
      const read = parseSnapshot(JSON.parse(JSON.stringify(snapshotJson(snapshot))));
      assert.deepEqual(JSON.parse(JSON.stringify(read)), JSON.parse(JSON.stringify(snapshot)));
    }),
  );
});

test('anything else is not read at all', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      assert.equal(parseSnapshot(value), undefined);
    }),
  );
});
