import assert from 'node:assert/strict';
import test from 'node:test';
import { silentLogger, type Logger } from '../../src/base/logger.ts';
import { Border } from '../../src/call/border.ts';
import { rehearsalWriter } from '../../src/call/rehearsalParts.ts';
import type { LiveEvent } from '../../src/events/event.ts';
import { CallRig, INFO } from '../helpers/callRig.ts';

const OTHER = { ...INFO, callSid: 'CA00000000000000000000000000000002' };

interface Broken {
  readonly rig: CallRig;
  readonly errors: string[];
}

/** A call that throws when it is about to tell of an event of this type, or to keep a turn, for the `nth` time. */
function breakingAt(type: LiveEvent['type'] | 'turn kept', nth = 1): Broken {
  const errors: string[] = [];
  let left = nth;
  const logger: Logger = {
    ...silentLogger,
    error: (fields, message) => void errors.push(`${message}: ${String(fields['failure'])}`),
    child: () => logger,
  };
  const breakAt = (what: string, callSid: string): void => {
    if (what !== type || callSid !== INFO.callSid) return;
    left -= 1;
    if (left === 0) throw new Error('a bug');
  };
  const rig: CallRig = new CallRig({
    world: {
      logger,
      events: {
        publish: (event) => {
          breakAt(event.type, event.callSid);
          rig.events.push(event);
        },
      },
      writer: {
        ...rehearsalWriter,
        turnFinished: (row) => {
          breakAt('turn kept', row.callSid);
          return Promise.resolve(void rig.rows.push(row));
        },
        callEnded: (call) => Promise.resolve(void rig.ended.push(call)),
      },
    },
  });
  return { rig, errors };
}

/** The call is over and gone, and another one can be held. */
async function onlyThatCall({ rig, errors }: Broken): Promise<void> {
  assert.equal(errors.length, 1, errors.join('\n'));
  assert.match(errors[0] ?? '', /^a bug: the call is closed: Error: a bug\n {4}at /);
  assert.equal(rig.calls.activeCount, 0);
  assert.deepEqual(
    rig.ended.map(({ callSid, outcome }) => [callSid, outcome]),
    [[INFO.callSid, 'failed']],
  );
  assert.deepEqual(rig.closeCodes, [1011]);
  assert.deepEqual(rig.calls.afterStream(INFO.callSid), { kind: 'hangup' });
  assert.deepEqual(await rig.leftovers(), { timers: 0, background: 0 });
  const { body } = await rig.metrics.render(undefined);
  assert.match(body, /turnpike_calls_total\{direction="inbound",outcome="failed"\} 1/);

  rig.open(OTHER);
  await rig.agentSpeaks();
  await rig.agentFinishes();
  await rig.says('Are you well?');
  await rig.agentSpeaks();
  await rig.agentFinishes();
  assert.equal(rig.turns()[1]?.callerText, 'Are you well?');
  rig.hangsUp();
  assert.equal(rig.ended.at(-1)?.outcome, 'completed');
  assert.deepEqual(await rig.leftovers(), { timers: 0, background: 0 });
}

test('a bug while a call begins ends that call alone', async () => {
  const broken = breakingAt('call.started');
  broken.rig.open();
  await onlyThatCall(broken);
});

test('a bug when words come ends that call alone', async () => {
  const broken = breakingAt('transcript.partial');
  const { rig } = broken;
  rig.open();
  await rig.agentSpeaks();
  await rig.agentFinishes();
  await rig.voice();
  rig.words('Hello');
  await onlyThatCall(broken);
});

test('a bug in a timer ends that call alone', async () => {
  const broken = breakingAt('turn.started');
  const { rig } = broken;
  rig.open();
  await rig.agentSpeaks();
  await rig.agentFinishes();
  await rig.says('Hello there');
  await rig.run(2_000);
  await onlyThatCall(broken);
});

test('a bug at a tick of the playout ends that call alone', async () => {
  // The second sentence of the answer begins in the midst of it, at a tick.
  const broken = breakingAt('agent.said', 3);
  const { rig } = broken;
  rig.open();
  await rig.agentSpeaks();
  await rig.agentFinishes();
  await rig.says('Hello there.');
  await rig.agentSpeaks();
  await rig.agentFinishes();
  await onlyThatCall(broken);
});

test("a bug at the carrier's mark ends that call alone", async () => {
  const broken = breakingAt('turn kept');
  const { rig } = broken;
  rig.open();
  await rig.agentSpeaks();
  await rig.agentFinishes();
  await onlyThatCall(broken);
});

test('a bug at an order from outside goes no further than the call', () => {
  const bugs: unknown[] = [];
  const broken = (): never => {
    throw new Error('a bug');
  };
  const live = new Border((error) => bugs.push(error)).live({
    info: INFO,
    hangUp: broken,
    transfer: broken,
    say: broken,
  });
  live.hangUp();
  live.transfer('+15550001111');
  live.say('Hello.');
  assert.equal(bugs.length, 3);
});

test('a bug while a call is closed keeps nothing of it open', async () => {
  const { rig, errors } = breakingAt('turn kept');
  rig.open();
  await rig.agentSpeaks();
  await rig.run(100);
  rig.hangsUp();
  assert.deepEqual(errors, ['a bug at the end: a bug']);
  assert.deepEqual([rig.calls.activeCount, rig.streamClosed, rig.ended.length], [0, 1, 1]);
  assert.deepEqual(await rig.leftovers(), { timers: 0, background: 0 });
});
