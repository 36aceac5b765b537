import assert from 'node:assert/strict';
import test from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { rehearseCall } from '../../src/call/rehearsal.ts';
import type { CallWorld } from '../../src/call/world.ts';
import { openVoiceDetector } from '../../src/vad/voiceDetector.ts';
import { CallRig } from '../helpers/callRig.ts';

const GO_ON = new AbortController().signal;

/** Fails when anything of the world is used that tells somebody of a call. */
function untouchable(rig: CallRig, more: Partial<CallWorld> = {}): CallWorld {
  const touched = (): never => assert.fail('the world was touched');
  return {
    ...rig.world,
    model: { ...rig.world.model, complete: touched },
    voice: { ...rig.world.voice, speak: touched },
    events: { publish: touched },
    writer: { ...rig.world.writer, callStarted: touched, turnFinished: touched, callEnded: touched },
    openRecording: touched,
    fetch: touched,
    ...more,
  };
}

/** Without those of the process itself, which never stand still. */
async function ownMetrics(rig: CallRig): Promise<readonly string[]> {
  const { body } = await rig.metrics.render(undefined);
  return body.split('\n').filter((line) => !/^turnpike_(?:process|nodejs)_/.test(line));
}

test('a rehearsed call goes the whole way, and nobody outside learns of it', async () => {
  const rig = new CallRig();
  const before = await ownMetrics(rig);
  const rehearsed = await rehearseCall(untouchable(rig), systemClock, GO_ON);
  assert.equal(rehearsed.turns, 2);
  // A greeting and two answers, each longer than a second.
  assert.ok(rehearsed.messagesOut > 25, `${rehearsed.messagesOut} messages`);
  assert.ok(rehearsed.framesIn > 100, `${rehearsed.framesIn} frames`);
  const after = await ownMetrics(rig);
  assert.deepEqual(after, before);
  assert.deepEqual([rig.sttSessions, rig.bugs.length, rig.calls.activeCount], [0, 0, 0]);
});

test('the voice model judges the sound of it, and counts nothing', async () => {
  const judgedMs: number[] = [];
  const detector = await openVoiceDetector(
    {
      kind: 'silero',
      onFallback: () => assert.fail('no model'),
      onJudged: (delayMs) => judgedMs.push(delayMs),
    },
    systemClock,
  );
  try {
    let sessions = 0;
    const counted: CallWorld['detector'] = {
      kind: detector.kind,
      open: (listener, measured) => {
        sessions += 1;
        return detector.open(listener, measured);
      },
      close: () => detector.close(),
    };
    const rig = new CallRig();
    await rehearseCall(untouchable(rig, { detector: counted }), systemClock, GO_ON);
    assert.deepEqual([sessions, judgedMs, detector.droppedWindows], [1, [], 0]);
  } finally {
    await detector.close();
  }
});

test('a rehearsal that is stopped in its middle throws the reason and leaves no work behind', async () => {
  const stop = new AbortController();
  const rig = new CallRig();
  const rehearsal = rehearseCall(untouchable(rig), systemClock, stop.signal);
  await new Promise((resolve) => setImmediate(resolve));
  stop.abort(new Error('the process ends'));
  await assert.rejects(rehearsal, /the process ends/);
});

test('an agent that lets the caller speak first is rehearsed as well', async () => {
  const rig = new CallRig({
    agentYaml: `
name: test-agent
prompt: You are Robin.
providers:
  stt: [{ provider: openai, model: fake }]
  llm: [{ provider: openai, model: fake }]
  tts: [{ provider: openai, model: fake, voice: fake }]
`,
  });
  assert.equal((await rehearseCall(untouchable(rig), systemClock, GO_ON)).turns, 2);
});

test('a bug that a call would have is found before there is one', async () => {
  const rig = new CallRig();
  const detector: CallWorld['detector'] = {
    ...rig.world.detector,
    open: () => ({
      push: () => {
        throw new Error('a bug in the detector');
      },
      close: () => undefined,
    }),
  };
  await assert.rejects(
    rehearseCall(untouchable(rig, { detector }), systemClock, GO_ON),
    /a bug in the detector/,
  );
});
