import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { MULAW_SILENCE } from '../../src/audio/mulaw.ts';
import { BUFFER_MS_MAX } from '../../src/audio/playQueue.ts';
import { CarrierPlayout } from '../../src/sim/carrierPlayout.ts';

function opened() {
  const echoes: string[] = [];
  const playout = new CarrierPlayout((name, reason) => echoes.push(`${name} ${reason}`));
  let dueMs = 0;
  return {
    playout,
    echoes,
    tick: (count = 1): (Uint8Array | undefined)[] =>
      Array.from({ length: count }, () => {
        dueMs += 20;
        return playout.take(dueMs);
      }),
  };
}

const audio = (durationMs: number, code = 1): Uint8Array => new Uint8Array(durationMs * 8).fill(code);

test('plays what came in order, 20 ms a tick, whatever the pieces', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ minLength: 0, maxLength: 700 }), { maxLength: 12 }), (pieces) => {
      const { playout, tick } = opened();
      for (const piece of pieces) assert.ok(playout.enqueue(piece));
      const sent = Buffer.concat(pieces);
      const frames = tick(Math.ceil(sent.length / 160));
      for (const frame of frames) assert.equal(frame?.length, 160);
      const played = Buffer.concat(frames.map((frame) => frame ?? new Uint8Array(0)));
      assert.deepEqual(played.subarray(0, sent.length), sent);
      assert.ok(played.subarray(sent.length).every((code) => code === MULAW_SILENCE));
      assert.deepEqual(tick(), [undefined]);
      assert.equal(playout.bufferedMs, 0);
      assert.equal(playout.playedMs, sent.length / 8);
    }),
  );
});

test('a mark comes back when the audio before it has been played to its end', () => {
  const { playout, echoes, tick } = opened();
  playout.enqueue(audio(40));
  playout.mark('a');
  playout.enqueue(audio(20));
  playout.mark('b');
  tick(2);
  assert.deepEqual(echoes, [], 'the second frame is still being played');
  tick();
  assert.deepEqual(echoes, ['a played']);
  tick();
  assert.deepEqual(echoes, ['a played', 'b played']);
});

test('a mark behind the frame in play waits for it', () => {
  const { playout, echoes, tick } = opened();
  playout.enqueue(audio(20));
  tick();
  playout.mark('a');
  assert.deepEqual(echoes, []);
  tick();
  assert.deepEqual(echoes, ['a played']);
});

test('a mark comes back at once when nothing is buffered', () => {
  const { playout, echoes } = opened();
  playout.mark('a');
  playout.mark('a');
  assert.deepEqual(echoes, ['a empty', 'a empty']);
});

test('a clear empties the buffer and sends its marks back in order', () => {
  const { playout, echoes, tick } = opened();
  playout.enqueue(audio(100));
  playout.mark('a');
  playout.enqueue(audio(100));
  playout.mark('b');
  tick();
  playout.clear();
  assert.deepEqual(echoes, ['a cleared', 'b cleared']);
  assert.deepEqual(tick(), [undefined]);
  assert.equal(playout.clearedMs, 180);
  playout.enqueue(audio(20, 7));
  assert.equal(tick()[0]?.[0], 7, 'what comes after a clear is played');
});

test('more than ten minutes are not kept', () => {
  const { playout } = opened();
  assert.ok(playout.enqueue(audio(BUFFER_MS_MAX)));
  assert.equal(playout.enqueue(audio(20)), false);
  assert.equal(playout.bufferedMs, BUFFER_MS_MAX);
});

test('a buffer that runs empty inside speech is an underrun', () => {
  const { playout, tick } = opened();
  playout.enqueue(audio(40));
  tick(5);
  playout.enqueue(audio(20));
  tick();
  assert.deepEqual(playout.gaps, [{ startMs: 60, durationMs: 60, kind: 'unexpected' }]);
});

test('silence after a mark, or with one in it, was announced', () => {
  const { playout, tick } = opened();
  playout.enqueue(audio(20));
  playout.mark('end');
  tick(3);
  playout.enqueue(audio(20));
  tick(3);
  playout.mark('late');
  playout.enqueue(audio(20));
  tick();
  assert.deepEqual(
    playout.gaps.map(({ kind }) => kind),
    ['marked', 'marked'],
  );
});

test('silence after a clear is one', () => {
  const { playout, tick } = opened();
  playout.enqueue(audio(200));
  tick();
  playout.clear();
  tick(3);
  playout.enqueue(audio(40));
  tick(4);
  playout.clear();
  playout.enqueue(audio(20));
  tick();
  assert.deepEqual(
    playout.gaps.map(({ kind }) => kind),
    ['cleared', 'cleared'],
  );
});

test('silence before all speech, after it, and of a second or more is no gap', () => {
  const { playout, tick } = opened();
  tick(3);
  playout.enqueue(audio(20));
  tick(51);
  playout.enqueue(audio(20));
  tick(10);
  assert.deepEqual(playout.gaps, []);
});
