import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { decodeMulaw } from '../../src/audio/mulaw.ts';
import { wavHeader, WAV_LENGTH_UNKNOWN } from '../../src/audio/wav.ts';
import { pcmToSpeech } from '../../src/tts/pcmSpeech.ts';
import { amplitudeAt, sine } from '../helpers/goertzel.ts';

function pcmOf(samples: Int16Array): Buffer {
  const pcm = Buffer.alloc(samples.length * 2);
  for (const [i, sample] of samples.entries()) pcm.writeInt16LE(sample, i * 2);
  return pcm;
}

function convert(pieces: readonly Uint8Array[], sampleRateHz = 24_000): Buffer | string {
  const speech = pcmToSpeech(sampleRateHz);
  const parts: Uint8Array[] = [];
  for (const piece of pieces) {
    const result = speech.push(piece);
    if (!result.ok) return result.failure;
    parts.push(result.mulaw);
  }
  const end = speech.end();
  return end.ok ? Buffer.concat([...parts, end.mulaw]) : end.failure;
}

function levelAt(mulaw: Buffer | string, hz: number): number {
  assert.ok(typeof mulaw !== 'string', String(mulaw));
  return amplitudeAt(decodeMulaw(mulaw).subarray(400, 3_600), hz, 8_000);
}

const TONE = pcmOf(sine(1_000, 24_000, 12_000, 10_000));

test('24 kHz PCM comes out at 8 kHz', () => {
  const mulaw = convert([TONE]);
  assert.equal(mulaw.length, 4_000);
  assert.ok(Math.abs(levelAt(mulaw, 1_000) - 10_000) < 300);
});

test('3 kHz passes and 5 kHz is gone', () => {
  const three = levelAt(convert([pcmOf(sine(3_000, 24_000, 12_000, 10_000))]), 3_000);
  assert.ok(three > 10_000 * 10 ** (-1 / 20), `3 kHz at ${three}`);
  const loudAt5 = sine(5_000, 24_000, 12_000, 10_000);
  const marker = sine(500, 24_000, 12_000, 3_000);
  const both = Int16Array.from(loudAt5, (sample, i) => sample + (marker[i] ?? 0));
  // Mu-law's own noise under the marker is what is left.
  const alias = levelAt(convert([pcmOf(both)]), 3_000);
  assert.ok(alias < 10_000 * 10 ** (-60 / 20), `5 kHz came out as 3 kHz at ${alias}`);
});

test('however the bytes are cut, the same comes out', () => {
  const wav = Buffer.concat([wavHeader(1, 16_000, WAV_LENGTH_UNKNOWN), TONE]);
  for (const bytes of [TONE, wav]) {
    const whole = convert([bytes]);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 999 }), { maxLength: 40 }), (cuts) => {
        const pieces: Uint8Array[] = [];
        let done = 0;
        for (const cut of cuts) {
          pieces.push(bytes.subarray(done, done + cut));
          done += cut;
        }
        assert.deepEqual(convert([...pieces, bytes.subarray(done)]), whole);
      }),
      { numRuns: 50 },
    );
  }
});

test('a WAV header is no sound, and its rate counts', () => {
  const slow = pcmOf(sine(1_000, 16_000, 8_000, 10_000));
  const mulaw = convert([
    wavHeader(1, 16_000, slow.length),
    slow,
    Buffer.from('LIST\x04\0\0\0ISFT', 'latin1'),
  ]);
  assert.equal(mulaw.length, 4_000);
  assert.ok(Math.abs(levelAt(mulaw, 1_000) - 10_000) < 300);
});

test('half a sample at the end is left out', () => {
  assert.deepEqual(convert([TONE, Buffer.of(7)]), convert([TONE]));
});

test('less than the shortest header is taken as samples', () => {
  assert.equal(convert([Buffer.of(0, 60)]).length, 1);
  assert.equal(convert([]).length, 0);
});

for (const { what, bytes } of [
  { what: 'MP3', bytes: Buffer.from('ID3\x04abcdefgh', 'latin1') },
  { what: 'Ogg', bytes: Buffer.from('OggS\0\x02abcdef', 'latin1') },
  { what: 'FLAC', bytes: Buffer.from('fLaC\0\0abcdef', 'latin1') },
  { what: 'JSON', bytes: Buffer.from('{"error":{"message":"no"}}') },
  { what: 'stereo', bytes: Buffer.concat([wavHeader(2, 24_000, 4), Buffer.alloc(4)]) },
  { what: 'a rate that is none', bytes: Buffer.concat([wavHeader(1, 7, 4), Buffer.alloc(4)]) },
  { what: 'a header without audio', bytes: Buffer.from(wavHeader(1, 24_000, 4).subarray(0, 40)) },
]) {
  test(`${what} is refused, also byte by byte`, () => {
    assert.equal(typeof convert([bytes]), 'string');
    assert.equal(typeof convert(Array.from(bytes, (byte) => Buffer.of(byte))), 'string');
  });
}

test('audio without an end is refused', () => {
  const minute = Buffer.alloc(2 * 24_000 * 60, 60);
  assert.equal(typeof convert([minute, minute, minute, minute]), 'object');
  assert.match(String(convert([minute, minute, minute, minute, minute, minute])), /does not end/);
});
