import assert from 'node:assert/strict';
import test from 'node:test';
import { SpeechTail } from '../../src/vad/tail.ts';

test('on a clear line the silence after speech is silence, though the model still hears speech', () => {
  const tail = new SpeechTail();
  assert.equal(tail.judge(0.9, 35, true), 0.9);
  assert.equal(tail.judge(0.9, 1, true), 0);
});

test('on a noisy line the model alone is believed', () => {
  const tail = new SpeechTail();
  assert.equal(tail.judge(0.9, 12, true), 0.9);
  assert.equal(tail.judge(0.9, 1, true), 0.9);
});

test('a soft beginning is left to the model', () => {
  const tail = new SpeechTail();
  tail.judge(0.9, 35, true);
  assert.equal(tail.judge(0.6, 1, false), 0.6);
});

test('how clear the line was is forgotten within seconds', () => {
  const tail = new SpeechTail();
  tail.judge(0.9, 40, true);
  for (let window = 0; window < 100; window += 1) tail.judge(0.1, 5, false);
  assert.equal(tail.judge(0.9, 1, true), 0.9);
});
