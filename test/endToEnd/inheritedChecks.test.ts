// The checks that the design before this one recommended to whoever runs it: each can be seen in the log.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { isRecord, parseJson, type JsonRecord } from '../../src/base/json.ts';
import { EventBus, LOST_EVENTS_MAX, QUEUED_EVENTS_MAX } from '../../src/events/bus.ts';
import type { LiveEvent } from '../../src/events/event.ts';
import { CallRig } from '../helpers/callRig.ts';
import { eventually, GatewayRig, type Held } from '../helpers/gatewayRig.ts';
import { VirtualClock } from '../helpers/virtualClock.ts';

function logged(lines: readonly string[], message: string): readonly JsonRecord[] {
  return lines
    .map((line) => parseJson(line))
    .filter(isRecord)
    .filter(({ msg }) => msg === message);
}

suite('a call of three turns, by its log', () => {
  let rig: GatewayRig;
  let held: Held;
  let during: readonly string[];

  before(async () => {
    rig = await GatewayRig.open();
    const isWarm = (): boolean => logged(rig.log, 'warm-up completed').length === 1;
    await eventually(isWarm, 'it has warmed up');
    const linesBefore = rig.log.length;
    held = await rig.hold([
      { say: 'Do you have parking?' },
      { say: 'Tell me about cleanings.' },
      { say: 'Goodbye.' },
      { waitForHangUp: 20_000 },
    ]);
    await rig.stored(held.call.callSid);
    during = rig.log.slice(linesBefore);
  });
  after(() => rig.close());

  test('the time to the first token is logged with each turn that asked the model', () => {
    const turns = logged(during, 'turn finished').filter(({ source }) => source === 'generated');
    assert.equal(turns.length, 3);
    for (const { llmFirstToken } of turns) assert.ok(Number(llmFirstToken) > 0, JSON.stringify(turns));
  });

  test('what is said again comes out of the memory', () => {
    const lookups = logged(during, 'looked for speech').map(
      ({ cache, result }) => `${String(cache)} ${String(result)}`,
    );
    // The same words answer both questions.
    assert.ok(lookups.includes('tts_memory miss') && lookups.includes('tts_memory hit'), lookups.join());
  });

  test('each turn is one commit', async () => {
    const rows = logged(during, 'committed').map((line) => Number(line['rows']));
    const stored = await rig.stored(held.call.callSid);
    // The call's beginning, four turns (the greeting is one) and its end; neighbours in time may share a commit.
    assert.equal(stored.turns.length, 4);
    assert.equal(
      rows.reduce((sum, count) => sum + count, 0),
      6,
    );
    assert.ok(rows.length <= 6, rows.join(' '));
    const whole =
      'Agent: Hello, this is Robin.\nCaller: Do you have parking?\nAgent: I can help you with that.\nCaller: Tell me about cleanings.\nAgent: I can help you with that.\nCaller: Goodbye.\nAgent: Have a lovely day.';
    const isWhole = async (): Promise<boolean> => (await rig.stored(held.call.callSid)).transcript === whole;
    await eventually(isWhole, 'the transcript is whole');
  });

  test('the warm-up says that it is complete, before the first call', () => {
    const completed = rig.log.findIndex((line) => line.includes('"warm-up completed"'));
    const started = rig.log.findIndex((line) => line.includes('"call started"'));
    assert.ok(completed >= 0 && completed < started, `${completed} ${started}`);
  });
});

/** When each thing happened in a call that `watch` watches, and to what the watcher came. */
async function callWatchedBy(bufferedBytes: number | undefined): Promise<{
  readonly events: readonly LiveEvent[];
  readonly dropped: readonly string[];
  readonly lost: number;
}> {
  const events: LiveEvent[] = [];
  const dropped: string[] = [];
  let bus: EventBus | undefined;
  const rig = new CallRig({
    world: {
      events: {
        publish: (event) => {
          events.push(event);
          bus?.publish(event);
        },
      },
    },
  });
  bus = new EventBus({ clock: rig.clock, background: true });
  if (bufferedBytes !== undefined) {
    bus.watch(
      {},
      { send: () => undefined, bufferedBytes: () => bufferedBytes, onDropped: (why) => dropped.push(why) },
    );
  }
  rig.open();
  await rig.agentFinishes();
  await rig.says('Can you help me?');
  await rig.run(6_000);
  rig.hangsUp();
  await rig.run(10);
  bus.close();
  return { events, dropped, lost: bus.lostEvents };
}

test('a watcher that does not read delays no turn by a millisecond', async () => {
  const alone = await callWatchedBy(undefined);
  const stalled = await callWatchedBy(Number.MAX_SAFE_INTEGER);
  assert.ok(alone.events.some(({ type }) => type === 'turn.finished'));
  assert.deepEqual(stalled.events, alone.events);
});

test('what a watcher that does not read misses is bounded, counted, and in the end it is let go', async () => {
  const clock = new VirtualClock();
  const bus = new EventBus({ clock, background: true });
  const dropped: string[] = [];
  bus.watch({}, { send: assert.fail, bufferedBytes: () => Infinity, onDropped: (why) => dropped.push(why) });
  for (let turn = 0; turn < QUEUED_EVENTS_MAX + LOST_EVENTS_MAX; turn += 1) {
    bus.publish({ type: 'transcript.partial', callSid: 'CA1', at: turn, turn, text: 'hello' });
  }
  await clock.advance(100);
  assert.deepEqual([dropped, bus.lostEvents, bus.watchers], [['slow'], LOST_EVENTS_MAX, 0]);
});

suite('with the improvement switched off', () => {
  test('an answer waits for watchers to read, and no longer than it is told', async () => {
    const clock = new VirtualClock();
    const bus = new EventBus({ clock, background: false });
    let buffered = 300;
    bus.watch({}, { send: () => undefined, bufferedBytes: () => buffered, onDropped: () => undefined });
    let taken = false;
    void bus.taken(2_000).then(() => (taken = true));
    await clock.advance(500);
    assert.equal(taken, false);
    buffered = 0;
    await clock.advance(2);
    assert.equal(taken, true);
    buffered = 300;
    taken = false;
    void bus.taken(2_000).then(() => (taken = true));
    await clock.advance(2_001);
    assert.equal(taken, true);
    bus.close();
  });

  test('what is awaited before an answer is on the caller’s wait', async () => {
    const waits: number[] = [];
    for (const commitMs of [0, 80]) {
      const rig: CallRig = new CallRig({
        world: {
          beforeAnswer: () => new Promise((resolve) => void rig.clock.after(commitMs, resolve)),
          turnSettings: { ...new CallRig().world.turnSettings, speculate: false },
        },
      });
      rig.open();
      await rig.agentFinishes();
      await rig.says('Can you help me?');
      await rig.run(6_000);
      waits.push(rig.turns()[1]?.timings.response ?? NaN);
      rig.hangsUp();
    }
    const [without = NaN, waited = NaN] = waits;
    assert.equal(Math.round(waited - without), 80);
  });
});
