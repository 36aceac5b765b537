import assert from 'node:assert/strict';
import test from 'node:test';
import type { VoiceWindow } from '../../src/vad/voiceWindow.ts';
import { WAITING_WINDOWS_MAX, WindowQueue, type Lane } from '../../src/vad/windowQueue.ts';
import { StandInModel } from '../helpers/standInModel.ts';
import { VirtualClock } from '../helpers/virtualClock.ts';

/** A window that is told by its bytes. */
function windowOf(code: number): VoiceWindow {
  return { codes: new Uint8Array(288).fill(code), endSample: 256 * (code + 1), endMs: 32 * (code + 1) };
}

const codeOf = (window: { readonly codes: Uint8Array }): number => window.codes[0] ?? -1;

async function openQueue(lanes: number) {
  const clock = new VirtualClock();
  const model = new StandInModel();
  const delaysMs: number[] = [];
  const failures: unknown[] = [];
  const heard: { lane: number; code: number; probability: number }[] = [];
  const queue = await WindowQueue.open(
    model.open,
    { failed: (error) => failures.push(error), judged: (delayMs) => delaysMs.push(delayMs) },
    clock,
  );
  const openLane = (lane: number): Lane =>
    queue.openLane((window, probability) => heard.push({ lane, code: codeOf(window), probability }));
  const opened = Array.from({ length: lanes }, (_unused, lane) => openLane(lane));
  const lane = (index: number): Lane => {
    const found = opened[index];
    assert.ok(found !== undefined);
    return found;
  };
  return { clock, model, queue, lane, openLane, heard, delaysMs, failures };
}

test('with few sessions a window goes to the model as it comes', async () => {
  const { model, lane } = await openQueue(8);
  lane(0).push(windowOf(1));
  assert.deepEqual(
    model.asked.map(({ windows }) => windows.map(codeOf)),
    [[1]],
  );
});

test('with many, the windows of 8 ms go together', async () => {
  const { model, lane, clock } = await openQueue(20);
  lane(3).push(windowOf(3));
  await clock.advance(5);
  lane(7).push(windowOf(7));
  assert.equal(model.asked.length, 0);
  await clock.advance(3);
  assert.deepEqual(
    model.asked.map(({ windows }) => windows.map(codeOf)),
    [[3, 7]],
  );
  assert.equal(clock.pendingTimers, 0);
});

test('a batch that is full does not wait', async () => {
  const { model, lane } = await openQueue(40);
  for (let index = 0; index < 40; index += 1) lane(index).push(windowOf(index));
  assert.deepEqual(
    model.asked.map(({ windows }) => windows.length),
    [32],
  );
});

test('a session has one window in a batch, and its next in the next', async () => {
  const { model, lane, clock } = await openQueue(20);
  for (const code of [1, 2, 3]) lane(0).push(windowOf(code));
  lane(1).push(windowOf(9));
  await clock.advance(8);
  assert.deepEqual(
    model.asked.map(({ windows }) => windows.map(codeOf)),
    [[1, 9], [2], [3]],
  );
});

test('each session hears of its own windows in their order, and how long they took', async () => {
  const { model, lane, clock, heard, delaysMs } = await openQueue(20);
  lane(4).push(windowOf(10));
  lane(5).push(windowOf(20));
  lane(4).push(windowOf(11));
  await clock.advance(8);
  await clock.advance(3);
  while (model.asked.length > 0) model.answer((window) => codeOf(window) / 64);
  assert.deepEqual(heard, [
    { lane: 4, code: 10, probability: 10 / 64 },
    { lane: 5, code: 20, probability: 20 / 64 },
    { lane: 4, code: 11, probability: 11 / 64 },
  ]);
  assert.deepEqual(delaysMs, [11, 11, 11]);
});

test('what finds no batch free goes with the next answer', async () => {
  const { model, lane, heard } = await openQueue(1);
  for (let code = 0; code < 6; code += 1) lane(0).push(windowOf(code));
  assert.equal(model.asked.length, 4);
  model.answer(() => 0);
  assert.deepEqual(
    model.asked.map(({ windows }) => windows.map(codeOf)),
    [[1], [2], [3], [4]],
  );
  while (model.asked.length > 0) model.answer(() => 0);
  assert.deepEqual(
    heard.map(({ code }) => code),
    [0, 1, 2, 3, 4, 5],
  );
});

test('windows that come at once are all judged, and of those that have waited for half a second the oldest are not', async () => {
  const { model, lane, queue, heard, clock } = await openQueue(1);
  for (let code = 0; code < 47; code += 1) lane(0).push(windowOf(code));
  while (model.asked.length > 0) model.answer(() => 0);
  assert.deepEqual([heard.length, queue.droppedWindows], [47, 0]);
  for (let code = 0; code < 4 + 20; code += 1) {
    lane(0).push(windowOf(code));
    await clock.advance(32);
  }
  assert.equal(queue.droppedWindows, 4);
});

test('a model that is behind loses the oldest windows, counted, and each session only its own', async () => {
  const { model, lane, queue, heard } = await openQueue(2);
  const pushed = 4 + WAITING_WINDOWS_MAX + 3;
  for (let code = 0; code < pushed; code += 1) lane(0).push(windowOf(code));
  lane(1).push(windowOf(99));
  assert.equal(queue.droppedWindows, 3);
  while (model.asked.length > 0) model.answer(() => 0);
  const codes = heard.filter((entry) => entry.lane === 0).map(({ code }) => code);
  assert.deepEqual(
    codes,
    Array.from({ length: pushed }, (_unused, code) => code).filter((code) => code < 4 || code > 6),
  );
  assert.equal(heard.filter((entry) => entry.lane === 1).length, 1);
});

test('the first window of a session is fresh, also when the first were dropped', async () => {
  const { model, lane } = await openQueue(2);
  for (let code = 0; code < 4; code += 1) lane(1).push(windowOf(code));
  for (let code = 0; code < WAITING_WINDOWS_MAX + 2; code += 1) lane(0).push(windowOf(code));
  const asked: [number, boolean][] = [];
  while (model.asked.length > 0) {
    asked.push(
      ...(model.asked[0]?.windows ?? []).map((window): [number, boolean] => [window.lane, window.fresh]),
    );
    model.answer(() => 0);
  }
  for (const index of [0, 1]) {
    const freshness = asked.filter(([of]) => of === index).map(([, fresh]) => fresh);
    assert.deepEqual(freshness, [true, ...freshness.slice(1).map(() => false)]);
  }
});

test('a closed session hears nothing more, and its place in the model goes to the next', async () => {
  const { model, lane, openLane, heard } = await openQueue(1);
  lane(0).push(windowOf(1));
  lane(0).close();
  lane(0).close();
  lane(0).push(windowOf(2));
  const next = openLane(7);
  next.push(windowOf(3));
  assert.deepEqual(
    model.asked.map(({ windows }) => windows.map(({ lane, fresh }) => [lane, fresh])),
    [[[0, true]], [[0, true]]],
  );
  model.answer(() => 1);
  model.answer(() => 1);
  assert.deepEqual(heard, [{ lane: 7, code: 3, probability: 1 }]);
});

test('a model that does not answer for two seconds has failed, once, and its thread is closed', async () => {
  const { model, lane, clock, failures, queue } = await openQueue(2);
  for (let code = 0; code < 10; code += 1) lane(0).push(windowOf(code));
  await clock.advance(2_001);
  lane(1).push(windowOf(50));
  lane(1).push(windowOf(51));
  assert.equal(failures.length, 1);
  assert.deepEqual(lane(0).takeUnjudged().map(codeOf), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.deepEqual(lane(0).takeUnjudged(), []);
  await queue.close();
  assert.equal(model.closes, 1);
});

test('a model that was idle for long is not late', async () => {
  const { model, lane, clock, failures } = await openQueue(1);
  for (let code = 0; code < 4; code += 1) lane(0).push(windowOf(code));
  while (model.asked.length > 0) model.answer(() => 0);
  await clock.advance(60_000);
  for (let code = 0; code < 10; code += 1) lane(0).push(windowOf(code));
  assert.deepEqual(failures, []);
});

test('closing ends the thread once and leaves no timer', async () => {
  const { model, lane, clock, queue, heard } = await openQueue(20);
  lane(0).push(windowOf(1));
  await Promise.all([queue.close(), queue.close()]);
  assert.equal(model.closes, 1);
  assert.equal(clock.pendingTimers, 0);
  lane(0).push(windowOf(2));
  await clock.advance(100);
  assert.deepEqual([model.asked, heard], [[], []]);
});
