// Sound of every length and value: nothing throws, nothing is out of range, pieces put together are the whole.
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { clipToInt16, decodeMulaw, encodeMulaw, levelDbfs } from '../../src/audio/mulaw.ts';
import { MulawRing } from '../../src/audio/mulawRing.ts';
import { createResampler } from '../../src/audio/resample.ts';
import { readWav, readWavHeader, stereoTimeline, wavHeader } from '../../src/audio/wav.ts';

const bytes = fc.uint8Array({ maxLength: 2_000 });
const samples = fc.int16Array({ maxLength: 3_000 });

test('mu-law there and back is the same sound, whatever the codes', () => {
  fc.assert(
    fc.property(bytes, samples, (codes, pcm) => {
      const decoded = decodeMulaw(codes);
      assert.deepEqual(decodeMulaw(encodeMulaw(decoded)), decoded);
      const level = levelDbfs(codes);
      assert.ok(level >= -100 && level <= 0);
      const back = decodeMulaw(encodeMulaw(pcm));
      for (const [i, sample] of pcm.entries()) {
        // A sixteenth of its segment, and what is louder than the loudest code.
        assert.ok(Math.abs((back[i] ?? NaN) - sample) <= 1_100, `${sample} became ${back[i]}`);
      }
    }),
  );
});

test('a sample that does not fit is clipped', () => {
  fc.assert(fc.property(fc.double({ noNaN: true }), (value) => Math.abs(clipToInt16(value)) <= 32_768));
});

test('however sound is cut, resampled it is the same and as long as it has to be', () => {
  const rates = fc.constantFrom(8_000, 16_000, 22_050, 24_000, 44_100, 48_000);
  fc.assert(
    fc.property(
      rates,
      rates,
      samples,
      fc.array(fc.nat({ max: 700 }), { maxLength: 8 }),
      (from, to, pcm, cuts) => {
        const joined = (pieces: readonly Int16Array[]): number[] =>
          pieces.flatMap((piece) => Array.from(piece));
        const whole = createResampler(from, to);
        const expected = joined([whole.process(pcm), whole.flush()]);
        assert.equal(expected.length, Math.ceil((pcm.length * to) / from));
        const streamed = createResampler(from, to);
        const out: Int16Array[] = [];
        let at = 0;
        for (const cut of cuts) out.push(streamed.process(pcm.subarray(at, (at += cut))));
        out.push(streamed.process(pcm.subarray(at)), streamed.flush());
        assert.deepEqual(joined(out), expected);
      },
    ),
    { numRuns: 60 },
  );
});

test('no bytes make reading a WAV throw, and a damaged header is refused or read within its bytes', () => {
  const damaged = fc.tuple(fc.nat({ max: 43 }), fc.nat({ max: 255 }), bytes).map(([at, value, data]) => {
    const file = Buffer.concat([wavHeader(2, 8_000, data.length), data]);
    file[at] = value;
    return file;
  });
  fc.assert(
    fc.property(fc.oneof(bytes, damaged), (file) => {
      const header = readWavHeader(file);
      if (header.ok) assert.ok(header.dataOffset <= file.length && header.channelCount > 0);
      const wav = readWav(file);
      if (wav.ok)
        assert.ok(wav.channels.reduce((sum, channel) => sum + channel.length, 0) * 2 <= file.length);
    }),
    { numRuns: 1_000 },
  );
});

test('a ring and a time line take whatever they are given, in any order', () => {
  fc.assert(
    fc.property(
      fc.array(bytes, { maxLength: 20 }),
      fc.array(fc.double({ min: -1e4, max: 6e4, noNaN: true })),
      (pieces, times) => {
        const ring = new MulawRing(100);
        const all = Buffer.concat(pieces);
        for (const piece of pieces) ring.push(piece);
        assert.deepEqual(Buffer.from(ring.copy(0)), all.subarray(Math.max(0, all.length - 800)));
        const line = stereoTimeline();
        for (const [i, atMs] of times.entries()) {
          line.place(
            i % 2 === 0 ? 'left' : 'right',
            atMs,
            pieces[i % Math.max(1, pieces.length)] ?? new Uint8Array(0),
          );
          if (i % 3 === 0) line.erase('right', atMs);
          for (const { offsetBytes } of line.take(false)) assert.ok(offsetBytes >= 0);
        }
        line.take(true);
      },
    ),
    { numRuns: 100 },
  );
});
