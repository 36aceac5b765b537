import assert from 'node:assert/strict';
import test from 'node:test';
import { Hedging } from '../../src/base/hedging.ts';
import { LatencyWindow } from '../../src/base/latencyWindow.ts';
import { hedgedTextToSpeech } from '../../src/tts/hedged.ts';
import { scriptedSpeech } from '../helpers/scriptedSpeech.ts';
import { VirtualClock } from '../helpers/virtualClock.ts';

test('a voice whose first audio is late is asked again, and the sentence is whole from one of the two', async () => {
  const clock = new VirtualClock();
  const latencies = new LatencyWindow(clock);
  const hedging = new Hedging();
  for (let i = 0; i < 40; i += 1) {
    latencies.took(200);
    hedging.asked();
  }
  const inner = scriptedSpeech();
  const voice = hedgedTextToSpeech(inner, { clock, latencies, hedging });
  const got: number[] = [];
  const work = (async () => {
    for await (const { mulaw } of voice.speak('Hello.', new AbortController().signal)) got.push(...mulaw);
  })();
  await clock.advance(100);
  inner.asked[0]?.send(0);
  await clock.advance(99);
  assert.equal(inner.asked.length, 1);
  await clock.advance(1);
  assert.equal(inner.asked.length, 2, 'an empty piece is no audio');
  inner.asked[1]?.send(2, 7);
  await clock.advance(1);
  inner.asked[1]?.send(1, 8);
  inner.asked[1]?.end();
  await work;
  assert.deepEqual([got, inner.asked[0]?.signal.aborted], [[7, 7, 8], true]);
  assert.equal(voice.cacheKey, inner.cacheKey);
});

test('a sentence without a sound ends, and leaves nothing behind', async () => {
  const clock = new VirtualClock();
  const inner = scriptedSpeech();
  const voice = hedgedTextToSpeech(inner, { clock, latencies: new LatencyWindow(clock), hedging: undefined });
  const work = (async () => {
    for await (const chunk of voice.speak('Hm.', new AbortController().signal))
      assert.fail(`${chunk.mulaw.length} bytes`);
  })();
  await clock.advance(10);
  inner.asked[0]?.end();
  await work;
  assert.equal(clock.pendingTimers, 0);
});
