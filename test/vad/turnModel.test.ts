import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import {
  ANSWER_MS_MAX,
  openTurnModel,
  STUCK_MS_MAX,
  WAITING_ASKS_MAX,
  type MeasuredTurnModel,
} from '../../src/vad/turnModel.ts';
import type { EndVerdict } from '../../src/vad/turnModelPort.ts';
import type { OpenTurnThread, TurnThreadListener } from '../../src/vad/turnModelThread.ts';
import { DELICATE_MODEL, FEATURES_MODEL, modelFile } from '../helpers/turnModelFile.ts';
import { until } from '../helpers/until.ts';
import { VirtualClock } from '../helpers/virtualClock.ts';

const FIRST_BYTE = (mulaw: Uint8Array): number => mulaw[0] ?? -1;

/** A thread that answers when the test says so; a turn is told by its first byte. */
class StandIn {
  readonly clock = new VirtualClock();
  readonly asked: number[] = [];
  readonly lost: unknown[] = [];
  closed = 0;
  listener: TurnThreadListener | undefined;

  readonly openThread: OpenTurnThread = (_file, listener) => {
    this.listener = listener;
    return Promise.resolve({
      judge: (mulaw) => void this.asked.push(FIRST_BYTE(mulaw)),
      close: () => {
        this.closed += 1;
        return Promise.resolve();
      },
    });
  };

  open(): Promise<MeasuredTurnModel> {
    const onLost = (error: unknown): void => void this.lost.push(error);
    return openTurnModel({ file: 'model.onnx', onLost }, this.clock, this.openThread);
  }
}

function turn(first: number): Uint8Array {
  return Uint8Array.of(first);
}

test('one turn at a time goes to the thread, in the order of asking, and each call hears of its own', async () => {
  const standIn = new StandIn();
  const model = await standIn.open();
  const heard: (readonly [string, EndVerdict])[] = [];
  const a = model.open((verdict) => heard.push(['a', verdict]));
  const b = model.open((verdict) => heard.push(['b', verdict]));
  a.ask(turn(1), 100);
  b.ask(turn(2), 200);
  assert.deepEqual(standIn.asked, [1]);
  standIn.listener?.judged(0.9);
  assert.deepEqual(standIn.asked, [1, 2]);
  standIn.listener?.judged(0.1);
  assert.deepEqual(heard, [
    ['a', { probability: 0.9, silenceAtMs: 100 }],
    ['b', { probability: 0.1, silenceAtMs: 200 }],
  ]);
  assert.equal(model.unanswered, 0);
  await model.close();
  assert.equal(standIn.clock.pendingTimers, 0);
});

test('of one call the newest question counts, whether the older one waits or is being judged', async () => {
  const standIn = new StandIn();
  const model = await standIn.open();
  const heard: number[] = [];
  const call = model.open(({ silenceAtMs }) => heard.push(silenceAtMs));
  for (const first of [1, 2, 3]) call.ask(turn(first), first);
  assert.deepEqual(standIn.asked, [1]);
  standIn.listener?.judged(0.5);
  assert.deepEqual([standIn.asked, heard], [[1, 3], []]);
  standIn.listener?.judged(0.5);
  assert.deepEqual([heard, model.unanswered], [[3], 2]);
  await model.close();
});

test('an answer after the deadline is not told, and the thread goes on', async () => {
  const standIn = new StandIn();
  const model = await standIn.open();
  const heard: number[] = [];
  const a = model.open(({ silenceAtMs }) => heard.push(silenceAtMs));
  const b = model.open(({ silenceAtMs }) => heard.push(silenceAtMs));
  a.ask(turn(1), 1);
  b.ask(turn(2), 2);
  await standIn.clock.advance(ANSWER_MS_MAX);
  assert.equal(model.unanswered, 2);
  standIn.listener?.judged(0.5);
  // The second is not even asked any more.
  assert.deepEqual([standIn.asked, heard], [[1], []]);
  a.ask(turn(3), 3);
  await standIn.clock.advance(ANSWER_MS_MAX - 1);
  standIn.listener?.judged(0.5);
  assert.deepEqual([standIn.asked, heard], [[1, 3], [3]]);
  await model.close();
});

test('more questions than can be answered in time push out the oldest', async () => {
  const standIn = new StandIn();
  const model = await standIn.open();
  for (let first = 0; first < WAITING_ASKS_MAX + 3; first += 1) {
    model.open(() => assert.fail('nobody answers')).ask(turn(first), first);
  }
  // One is with the thread.
  assert.equal(model.unanswered, 2);
  await model.close();
  assert.deepEqual([standIn.closed, standIn.clock.pendingTimers], [1, 0]);
});

test('a call that is over hears nothing and asks nothing', async () => {
  const standIn = new StandIn();
  const model = await standIn.open();
  const call = model.open(() => assert.fail('it is closed'));
  call.ask(turn(1), 1);
  call.close();
  call.close();
  call.ask(turn(2), 2);
  standIn.listener?.judged(0.5);
  assert.deepEqual(standIn.asked, [1]);
  // A thread that answers what it was not asked is not believed either.
  standIn.listener?.judged(0.5);
  await model.close();
});

test('a model that hangs is given up, once, and nothing is asked after that', async () => {
  const standIn = new StandIn();
  const model = await standIn.open();
  const call = model.open(() => assert.fail('nobody answers'));
  call.ask(turn(1), 1);
  await standIn.clock.advance(STUCK_MS_MAX);
  standIn.listener?.failed(new Error('and now it has died'));
  call.ask(turn(2), 2);
  assert.match(String(standIn.lost), /did not answer for 2000 ms/);
  assert.deepEqual([standIn.lost.length, standIn.asked, standIn.closed], [1, [1], 1]);
  await model.close();
  assert.deepEqual([standIn.closed, standIn.clock.pendingTimers], [1, 0]);
});

async function openReal(
  t: TestContext,
  file: string,
): Promise<{ readonly model: MeasuredTurnModel; readonly lost: unknown[] }> {
  const lost: unknown[] = [];
  const model = await openTurnModel({ file, onLost: (error) => lost.push(error) }, systemClock);
  t.after(() => model.close());
  return { model, lost };
}

test('a real model in its thread answers', async (t) => {
  const { model, lost } = await openReal(t, await modelFile(t, FEATURES_MODEL));
  const verdicts: EndVerdict[] = [];
  const call = model.open((verdict) => verdicts.push(verdict));
  // On a busy machine an answer may be late: then it is asked again.
  let asks = 0;
  await until(
    () => {
      if (verdicts.length === 0 && model.unanswered === asks) {
        asks += 1;
        call.ask(new Uint8Array(8_000).fill(0x80), asks);
      }
      return verdicts.length > 0;
    },
    'the model answers',
    20_000,
  );
  assert.equal(verdicts[0]?.silenceAtMs, asks);
  assert.ok((verdicts[0]?.probability ?? -1) >= 0 && (verdicts[0]?.probability ?? 2) <= 1);
  await model.close();
  await model.close();
  assert.deepEqual(lost, []);
});

test('a model that fails at a turn is lost for all, and that is told once', async (t) => {
  const { model, lost } = await openReal(t, await modelFile(t, DELICATE_MODEL));
  const call = model.open(() => assert.fail('there is no answer'));
  call.ask(new Uint8Array(8_000).fill(0x00), 1);
  await until(() => lost.length > 0, 'the loss is told', 10_000);
  call.ask(new Uint8Array(8_000), 2);
  await model.close();
  assert.equal(lost.length, 1);
  assert.match(String(lost[0]), /one probability/);
});

test('a file that is not there costs a word and nothing else', async (t) => {
  const { model, lost } = await openReal(t, '/nowhere/model.onnx');
  model.open(() => assert.fail('there is no model')).ask(turn(1), 1);
  assert.equal(lost.length, 1);
  assert.match(String(lost[0]), /nowhere.*cannot be loaded/);
});
