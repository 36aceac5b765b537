import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { BUFFER_MS_MAX, PlayQueue } from '../../src/audio/playQueue.ts';

function opened() {
  const echoes: string[] = [];
  return { queue: new PlayQueue((name, reason) => echoes.push(`${name} ${reason}`)), echoes };
}

const audio = (bytes: number, code = 1): Uint8Array => new Uint8Array(bytes).fill(code);

test('what was put in comes out in order, whatever the pieces on either side', () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 20 });
  const sizes = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 60 });
  fc.assert(
    fc.property(pieces, sizes, (enqueued, taken) => {
      const { queue } = opened();
      for (const piece of enqueued) assert.ok(queue.enqueue(piece));
      const got: number[] = [];
      for (const size of [...taken, 2_000]) {
        const out = new Uint8Array(size);
        got.push(...out.subarray(0, queue.take(out)));
      }
      assert.deepEqual(
        got,
        enqueued.flatMap((piece) => [...piece]),
      );
      assert.equal(queue.bufferedMs, 0);
      assert.equal(queue.takenBytes, got.length);
    }),
  );
});

test('a mark comes back when what was before it was heard, not when it was taken', () => {
  const { queue, echoes } = opened();
  queue.enqueue(audio(16));
  assert.ok(queue.mark('a'));
  queue.take(new Uint8Array(16));
  assert.deepEqual(echoes, []);
  queue.played(15);
  assert.deepEqual(echoes, []);
  queue.played(16);
  assert.deepEqual(echoes, ['a played']);
  assert.ok(!queue.mark('b'));
  assert.deepEqual(echoes, ['a played', 'b empty']);
});

test('a clear throws away what was not taken; marks behind what is under way come back too', () => {
  const { queue, echoes } = opened();
  queue.enqueue(audio(16));
  queue.mark('a');
  queue.enqueue(audio(16));
  queue.mark('b');
  queue.take(new Uint8Array(20));
  assert.equal(queue.clear(), 12);
  assert.deepEqual(echoes, ['a cleared', 'b cleared']);
  assert.ok(queue.mark('c'), 'what was taken is still being heard');
  queue.played(20);
  assert.equal(echoes.at(-1), 'c played');
  queue.enqueue(audio(4, 7));
  const out = new Uint8Array(8);
  assert.equal(queue.take(out), 4);
  assert.deepEqual([...out], [7, 7, 7, 7, 0, 0, 0, 0]);
});

test('more than ten minutes are not kept', () => {
  const { queue } = opened();
  assert.ok(queue.enqueue(audio(BUFFER_MS_MAX * 8)));
  assert.ok(!queue.enqueue(audio(1)));
  assert.equal(queue.bufferedMs, BUFFER_MS_MAX);
});
