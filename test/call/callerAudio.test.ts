import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { BYTES_PER_MS } from '../../src/audio/mulaw.ts';
import { CallerAudio, KEPT_MS } from '../../src/call/callerAudio.ts';

const KEPT_BYTES = KEPT_MS * BYTES_PER_MS;

test('however the audio is cut into pieces, the end of it is kept', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 2 * KEPT_BYTES }), { maxLength: 12 }), (lengths) => {
      const audio = new CallerAudio();
      const total = lengths.reduce((sum, length) => sum + length, 0);
      // Its period does not divide the ring's length, so a shifted byte is seen.
      const all = Uint8Array.from({ length: total }, (_unused, i) => i % 251);
      let at = 0;
      for (const length of lengths) audio.push(all.subarray(at, (at += length)));
      assert.deepEqual(audio.turn(), all.slice(Math.max(0, total - KEPT_BYTES)));
    }),
    { numRuns: 50 },
  );
});

test('a turn begins a little before its first voice and ends when it is over', () => {
  const audio = new CallerAudio();
  const pushMs = (ms: number, code: number): void => audio.push(new Uint8Array(ms * BYTES_PER_MS).fill(code));
  pushMs(3_000, 1);
  pushMs(500, 2);
  audio.turnBegan(500);
  pushMs(1_000, 3);
  // A second voice in the same turn.
  audio.turnBegan(0);
  const turn = audio.turn();
  assert.equal(turn.length, 1_800 * BYTES_PER_MS);
  assert.deepEqual([turn[0], turn[300 * BYTES_PER_MS], turn.at(-1)], [1, 2, 3]);
  audio.turnOver();
  pushMs(1_000, 4);
  audio.turnBegan(100);
  assert.equal(audio.turn().length, 400 * BYTES_PER_MS);
  // What was answered is a copy.
  assert.equal(turn[0], 1);
});

test('a voice that began before the call’s audio is heard from the first byte', () => {
  const audio = new CallerAudio();
  audio.push(new Uint8Array(80).fill(7));
  audio.turnBegan(500);
  assert.deepEqual(audio.turn(), new Uint8Array(80).fill(7));
});
