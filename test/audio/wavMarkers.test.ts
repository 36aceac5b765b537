// Marked stretches behind the audio of a WAV file, as other programs read them.
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { markerChunks, readMarkers, type WavMarker } from '../../src/audio/wavMarkers.ts';

const HZ = 8_000;
const marker = fc.record({
  startMs: fc.integer({ min: 0, max: 7_200_000 }),
  endMs: fc.integer({ min: 0, max: 60_000 }),
  side: fc.constantFrom('caller' as const, 'agent' as const),
  kind: fc.constantFrom('card' as const, 'ssn' as const),
});

test('what is written is read', () => {
  fc.assert(
    fc.property(fc.array(marker, { maxLength: 20 }), (drawn) => {
      const markers = drawn.map((one): WavMarker => ({ ...one, endMs: one.startMs + one.endMs }));
      const bytes = markerChunks(markers, HZ);
      assert.equal(bytes.length % 2, 0);
      assert.deepEqual(readMarkers(bytes, HZ), markers);
    }),
  );
});

test('bytes that are none, or of another program, are no markers', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      assert.deepEqual(readMarkers(bytes, HZ), []);
    }),
  );
  const whole = markerChunks([{ startMs: 0, endMs: 10, side: 'agent', kind: 'ssn' }], HZ);
  for (let length = 0; length < whole.length - 1; length += 1) readMarkers(whole.subarray(0, length), HZ);
});

test('a cue is 24 bytes with its place in samples, and its name says the kind and the side alone', () => {
  const bytes = Buffer.from(
    markerChunks([{ startMs: 1_000, endMs: 1_500, side: 'caller', kind: 'card' }], HZ),
  );
  assert.equal(bytes.toString('latin1', 0, 4), 'cue ');
  assert.deepEqual([bytes.readUInt32LE(4), bytes.readUInt32LE(8)], [28, 1]);
  assert.deepEqual([bytes.readUInt32LE(12), bytes.readUInt32LE(32)], [1, 8_000]);
  assert.match(bytes.toString('latin1'), /LIST.*adtlltxt.*labl.*card number, caller\0/su);
});
