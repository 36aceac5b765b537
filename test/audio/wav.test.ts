import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { decodeMulaw, encodeMulaw } from '../../src/audio/mulaw.ts';
import {
  interleaveMulaw,
  PIECE_MS,
  readWav,
  readWavHeader,
  stereoTimeline,
  WAV_HEADER_BYTES,
  WAV_LENGTH_UNKNOWN,
  wavHeader,
  type StereoTimeline,
} from '../../src/audio/wav.ts';

/** A frame of 20 ms whose samples all have about this value. */
function frame(value: number): Uint8Array {
  return encodeMulaw(new Int16Array(160).fill(value));
}

function near(value: number): number {
  return decodeMulaw(frame(value))[0] ?? 0;
}

/** All of a time line as it would stand in a file. */
function wholeFile(timeline: StereoTimeline): { left: Int16Array; right: Int16Array } {
  const pieces = timeline.take(true);
  const data = new Uint8Array(timeline.durationMs * 32);
  for (const piece of pieces) {
    data.set(piece.pcm.subarray(0, Math.max(0, data.length - piece.offsetBytes)), piece.offsetBytes);
  }
  const wav = readWav(Buffer.concat([wavHeader(2, 8_000, data.length), data]));
  assert.ok(wav.ok);
  const [left, right] = wav.channels;
  assert.ok(left !== undefined && right !== undefined);
  return { left, right };
}

test('a written file reads back as it was', () => {
  const left = encodeMulaw(Int16Array.of(100, -200, 30_000));
  const right = encodeMulaw(Int16Array.of(0, 7_000, -30_000));
  const pcm = interleaveMulaw(left, right);
  const wav = readWav(Buffer.concat([wavHeader(2, 8_000, pcm.length), pcm]));
  assert.ok(wav.ok);
  assert.equal(wav.sampleRateHz, 8_000);
  assert.deepEqual(wav.channels, [decodeMulaw(left), decodeMulaw(right)]);
});

test('a file that is still being written reads as far as it goes', () => {
  const pcm = interleaveMulaw(frame(500), frame(-500));
  for (const dataBytes of [WAV_LENGTH_UNKNOWN, 0]) {
    const wav = readWav(Buffer.concat([wavHeader(2, 8_000, dataBytes), pcm]));
    assert.ok(wav.ok);
    assert.equal(wav.channels[1]?.length, 160);
  }
});

test('other chunks before the audio and after it are skipped', () => {
  const header = Buffer.from(wavHeader(1, 24_000, 4));
  const list = Buffer.from('LIST\x03\x00\x00\x00abc\x00', 'latin1');
  const audio = Buffer.from([1, 0, 2, 0]);
  const wav = readWav(Buffer.concat([header.subarray(0, 36), list, header.subarray(36), audio, list]));
  assert.deepEqual(wav, { ok: true, sampleRateHz: 24_000, channels: [Int16Array.of(1, 2)] });
});

test('a header may come in pieces', () => {
  const header = wavHeader(1, 24_000, WAV_LENGTH_UNKNOWN);
  for (let bytes = 0; bytes < WAV_HEADER_BYTES; bytes += 1) {
    const result = readWavHeader(header.subarray(0, bytes));
    assert.deepEqual(result, { ok: false, failure: 'incomplete' }, `${bytes} bytes`);
  }
  assert.ok(readWavHeader(header).ok);
});

function changed(offset: number, value: number): Uint8Array {
  const bytes = Buffer.concat([wavHeader(1, 8_000, 4), Buffer.alloc(4)]);
  bytes[offset] = value;
  return bytes;
}

for (const { what, bytes, failure } of [
  { what: 'text', bytes: Buffer.from('{"error":"no"}'), failure: 'not_wav' },
  { what: 'another RIFF', bytes: Buffer.from('RIFF\0\0\0\0AVI LIST'), failure: 'not_wav' },
  { what: 'mu-law in a WAV', bytes: changed(20, 7), failure: 'bad_format' },
  { what: 'eight bits', bytes: changed(34, 8), failure: 'bad_format' },
  { what: 'no channel', bytes: changed(22, 0), failure: 'bad_format' },
  { what: 'audio before its format', bytes: changed(12, 0x46), failure: 'bad_format' },
  { what: 'less audio than promised', bytes: changed(40, 5), failure: 'incomplete' },
  { what: 'a header without end', bytes: changed(18, 200), failure: 'bad_format' },
]) {
  test(`refuses ${what}`, () => {
    assert.deepEqual(readWav(bytes), { ok: false, failure });
  });
}

test('no bytes at all make it throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, likeWav) => {
      readWav(
        likeWav ? Buffer.concat([wavHeader(1, 8_000, 9).subarray(0, bytes.length % 45), bytes]) : bytes,
      );
    }),
  );
});

test('both sides stand at their times, with silence between', () => {
  const timeline = stereoTimeline();
  timeline.place('left', 0, frame(1_000));
  timeline.place('right', 100, frame(2_000));
  timeline.place('left', 3_990, frame(3_000));
  const { left, right } = wholeFile(timeline);
  assert.equal(left.length, 4_010 * 8);
  assert.equal(left[159], near(1_000));
  assert.equal(left[160], 0);
  assert.equal(right[799], 0);
  assert.equal(right[800], near(2_000));
  assert.equal(right[960], 0);
  assert.equal(left[3_990 * 8 - 1], 0);
  assert.equal(left[3_990 * 8], near(3_000));
});

test('frames that come a little early or late join without a seam, and never drift', () => {
  const timeline = stereoTimeline();
  const lateMs = [0, 13, -9, 22, 3, -17];
  for (let n = 0; n < 300; n += 1) timeline.place('left', n * 20 + (lateMs[n % 6] ?? 0), frame(1_000));
  const { left } = wholeFile(timeline);
  assert.equal(left.length, 300 * 160);
  assert.ok(left.every((sample) => sample === near(1_000)));

  // A sender whose clock is 1% slow: 20 ms of audio every 20.2 ms, for a minute.
  const slow = stereoTimeline();
  const kept: number[] = [];
  for (let n = 0; n < 3_000; n += 1) {
    slow.place('right', n * 20.2, frame(1_000));
    kept.push(slow.durationMs - (n * 20.2 + 20));
    slow.take(false);
  }
  assert.ok(
    kept.every((offMs) => Math.abs(offMs) <= 60.1),
    'never further off than it joins',
  );
});

test('what is erased was not heard, and what follows stands at its own time', () => {
  const timeline = stereoTimeline();
  for (let n = 0; n < 10; n += 1) timeline.place('right', n * 20, frame(1_000));
  timeline.erase('right', 100);
  assert.equal(timeline.durationMs, 100);
  timeline.place('right', 300, frame(2_000));
  const { right } = wholeFile(timeline);
  assert.equal(right[799], near(1_000));
  assert.ok(right.subarray(800, 2_400).every((sample) => sample === 0));
  assert.equal(right[2_400], near(2_000));
});

test('pieces come out once they are finished, once each, and memory stays the same', () => {
  const timeline = stereoTimeline();
  const offsets: number[] = [];
  for (let n = 0; n < 1_000; n += 1) {
    timeline.place('left', n * 20, frame(1_000));
    const pieces = timeline.take(false);
    assert.ok(pieces.length <= 1);
    offsets.push(...pieces.map((piece) => piece.offsetBytes));
  }
  assert.deepEqual(
    offsets,
    Array.from({ length: 8 }, (_unused, index) => index * PIECE_MS * 32),
  );
  assert.equal(timeline.take(true).length, 2);
  assert.equal(timeline.take(true).length, 0);
});

test('audio for a finished piece is refused and counted, also by the part of it that is late', () => {
  const timeline = stereoTimeline();
  timeline.place('left', 3 * PIECE_MS, frame(1_000));
  assert.equal(timeline.place('right', 2 * PIECE_MS - 100, frame(1_000)), 160);
  assert.equal(timeline.place('left', 2 * PIECE_MS - 10, frame(1_000)), 80);
  timeline.erase('left', 0);
  assert.equal(timeline.durationMs, 2 * PIECE_MS);
});
