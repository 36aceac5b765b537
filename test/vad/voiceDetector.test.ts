import assert from 'node:assert/strict';
import test from 'node:test';
import { encodeMulaw, levelDbfs } from '../../src/audio/mulaw.ts';
import type { VadEvent } from '../../src/vad/port.ts';
import { openVoiceDetector } from '../../src/vad/voiceDetector.ts';
import { StandInModel } from '../helpers/standInModel.ts';
import { VirtualClock } from '../helpers/virtualClock.ts';

const FRAME_BYTES = 160;
const quietFrame = encodeMulaw(new Int16Array(FRAME_BYTES));
const loudFrame = encodeMulaw(
  Int16Array.from({ length: FRAME_BYTES }, (_unused, index) => 8_000 * Math.sin(index)),
);

const startedAtZero = [{ kind: 'voiceStarted', voiceAtMs: 0, levelDbfs: Math.round(levelDbfs(loudFrame)) }];

function rounded(events: readonly VadEvent[]): readonly VadEvent[] {
  return events.map((event) =>
    'levelDbfs' in event ? { ...event, levelDbfs: Math.round(event.levelDbfs) } : event,
  );
}

/** A detector over the stand-in, one session, and frames that come every 20 ms. */
async function openDetector(kind: 'silero' | 'energy' = 'silero') {
  const clock = new VirtualClock();
  const model = new StandInModel();
  const fallbacks: unknown[] = [];
  const delaysMs: number[] = [];
  const detector = await openVoiceDetector(
    { kind, onFallback: (error) => fallbacks.push(error), onJudged: (delayMs) => delaysMs.push(delayMs) },
    clock,
    model.open,
  );
  const events: VadEvent[] = [];
  const session = detector.open((event) => events.push(event));
  const push = async (frame: Uint8Array, count: number): Promise<void> => {
    for (let pushed = 0; pushed < count; pushed += 1) {
      await clock.advance(20);
      session.push(frame, clock.nowMs());
    }
  };
  /** The model says of every window what its loudness says. */
  const answerAll = (): void => {
    while (model.asked.length > 0) model.answer(({ codes }) => (codes[140] === 0xff ? 0.01 : 0.99));
  };
  return { clock, model, detector, session, events, fallbacks, delaysMs, push, answerAll };
}

test('without the model it goes by loudness, and says why once', async () => {
  const clock = new VirtualClock();
  const fallbacks: unknown[] = [];
  const reason = new Error('no such file');
  const detector = await openVoiceDetector(
    { kind: 'silero', onFallback: (error) => fallbacks.push(error) },
    clock,
    () => Promise.reject(reason),
  );
  assert.equal(detector.kind, 'energy');
  assert.deepEqual(fallbacks, [reason]);
  const events: VadEvent[] = [];
  const session = detector.open((event) => events.push(event));
  for (let index = 1; index <= 10; index += 1) session.push(loudFrame, index * 20);
  assert.deepEqual(rounded(events), startedAtZero);
  await detector.close();
  assert.equal(clock.pendingTimers, 0);
});

test('what was asked to be energy never asks for the model', async () => {
  const { detector, model, push, events } = await openDetector('energy');
  await push(quietFrame, 50);
  await push(loudFrame, 10);
  await push(quietFrame, 50);
  assert.equal(detector.kind, 'energy');
  assert.deepEqual(
    events.map(({ kind }) => kind),
    ['voiceStarted', 'voiceFaltered', 'voiceStopped'],
  );
  assert.equal(model.asked.length, 0);
  await detector.close();
  assert.equal(model.closes, 0);
});

test('the model is asked from 96 ms before the first loud window, and not in silence', async () => {
  const { detector, model, push, answerAll, events, delaysMs } = await openDetector();
  await push(quietFrame, 100);
  assert.equal(model.asked.length, 0);
  await push(loudFrame, 2);
  const asked = model.asked.flatMap(({ windows }) => windows);
  assert.equal(asked.length, 4);
  await push(loudFrame, 8);
  answerAll();
  assert.equal(events.length, 1);
  assert.equal(events[0]?.kind, 'voiceStarted');
  assert.ok(delaysMs.every((delayMs) => delayMs >= 0 && delayMs < 200));
  await detector.close();
});

test('when the model is lost, speech that was going on is ended by loudness, and new speech is heard', async () => {
  const { detector, model, push, answerAll, events, fallbacks } = await openDetector();
  await push(quietFrame, 50);
  await push(loudFrame, 10);
  answerAll();
  assert.deepEqual(
    events.map(({ kind }) => kind),
    ['voiceStarted'],
  );
  model.fail();
  model.fail();
  assert.equal(detector.kind, 'energy');
  assert.equal(fallbacks.length, 1);
  await push(quietFrame, 30);
  await push(loudFrame, 10);
  assert.deepEqual(
    events.map(({ kind }) => kind),
    ['voiceStarted', 'voiceFaltered', 'voiceStopped', 'voiceStarted'],
  );
  const later: VadEvent[] = [];
  const session = detector.open((event) => later.push(event));
  for (let index = 1; index <= 10; index += 1) session.push(loudFrame, index * 20);
  assert.deepEqual(rounded(later), startedAtZero);
  await detector.close();
  assert.equal(model.closes, 1);
});

test('what the lost model still owed is judged by loudness, so that no onset is lost with it', async () => {
  const { detector, model, push, events } = await openDetector();
  await push(quietFrame, 50);
  await push(loudFrame, 10);
  assert.deepEqual(events, []);
  model.fail();
  assert.deepEqual(
    events.map(({ kind }) => kind),
    ['voiceStarted'],
  );
  await detector.close();
});

test('media that stays away for half a second after a sound ends speech where it was last heard', async () => {
  const { detector, clock, push, answerAll, events } = await openDetector();
  await push(loudFrame, 16);
  await push(quietFrame, 4);
  answerAll();
  await clock.advance(400);
  assert.deepEqual(
    events.map(({ kind }) => kind),
    ['voiceStarted', 'voiceFaltered'],
  );
  await clock.advance(100);
  assert.deepEqual(events[2], { kind: 'voiceStopped', silenceAtMs: 320, speechMs: 320 });
  await clock.advance(5_000);
  assert.equal(events.length, 3);
  assert.equal(clock.pendingTimers, 0);
  await push(loudFrame, 10);
  answerAll();
  assert.equal(events[3]?.kind, 'voiceStarted');
  const afterMs = events[3]?.kind === 'voiceStarted' ? events[3].voiceAtMs : 0;
  assert.equal(afterMs, 400 + 5_500);
  await detector.close();
});

test('a word that the network breaks in two is one, and one whose end never comes is over after a second and a half', async () => {
  const { detector, clock, session, push, answerAll, events } = await openDetector();
  await push(quietFrame, 48);
  answerAll();
  await push(loudFrame, 16);
  answerAll();
  await clock.advance(1_200);
  for (let late = 0; late < 60; late += 1) {
    session.push(late < 20 ? loudFrame : quietFrame, clock.nowMs());
    answerAll();
  }
  assert.deepEqual(
    events.map(({ kind }) => kind),
    ['voiceStarted', 'voiceFaltered', 'voiceStopped'],
  );
  // When it was spoken, not when it came.
  assert.deepEqual(events[2], { kind: 'voiceStopped', silenceAtMs: 1_696, speechMs: 736 });
  await push(loudFrame, 16);
  answerAll();
  await clock.advance(1_499);
  assert.equal(events.length, 4);
  await clock.advance(1);
  assert.equal(events[4]?.kind, 'voiceStopped');
  await detector.close();
});

test('frames that came while the process stood still are read before speech is taken to be over', async () => {
  const { detector, clock, session, push, answerAll, events } = await openDetector();
  await push(loudFrame, 16);
  answerAll();
  // The loop's next turn: first the timers, then the sockets.
  clock.after(1_500, () => clock.after(0, () => session.push(loudFrame, clock.nowMs())));
  await clock.advance(1_500);
  answerAll();
  assert.equal(events.length, 1);
  await detector.close();
});

test('windows that the model is behind with are counted', async () => {
  const { detector, push } = await openDetector();
  await push(loudFrame, 80);
  assert.ok(detector.droppedWindows > 0);
  await detector.close();
});

test('a closed session and a closed detector say nothing more and leave no timer', async () => {
  const { detector, session, clock, model, push, answerAll, events } = await openDetector();
  await push(loudFrame, 16);
  answerAll();
  assert.equal(events.length, 1);
  await push(loudFrame, 4);
  session.close();
  session.close();
  answerAll();
  await push(quietFrame, 100);
  await detector.close();
  await detector.close();
  assert.equal(events.length, 1);
  assert.equal(model.asked.length, 0);
  assert.equal(model.closes, 1);
  assert.equal(clock.pendingTimers, 0);
});
