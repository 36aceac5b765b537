import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { encodeMulaw, levelDbfs, silence } from '../../src/audio/mulaw.ts';
import { LEAD_MS_MAX, TAIL_MS_MAX, trimSilence } from '../../src/tts/silence.ts';
import { sine } from '../helpers/goertzel.ts';

function tone(durationMs: number, amplitude = 10_000): Uint8Array {
  return encodeMulaw(sine(500, 8_000, durationMs * 8, amplitude));
}

function trimmed(...pieces: Uint8Array[]): Uint8Array {
  const trim = trimSilence();
  return Buffer.concat([...pieces.map((piece) => trim.push(piece)), trim.end()]);
}

/** How much is silent at the beginning and at the end, in ms. */
function silentMs(mulaw: Uint8Array): { lead: number; tail: number } {
  let lead = 0;
  while ((lead + 1) * 8 <= mulaw.length && levelDbfs(mulaw, lead * 8, lead * 8 + 8) < -50) lead += 1;
  const reversed = mulaw.slice().reverse();
  let tail = 0;
  while ((tail + 1) * 8 <= reversed.length && levelDbfs(reversed, tail * 8, tail * 8 + 8) < -50) tail += 1;
  return { lead, tail };
}

test('cuts the silence before the first sound, but for a little', () => {
  const audio = trimmed(silence(200), tone(100));
  assert.equal(audio.length, (LEAD_MS_MAX + 100) * 8);
});

test('cuts the silence after the last sound, but for the pause between two sentences', () => {
  const audio = trimmed(tone(100), silence(900));
  assert.equal(audio.length, (100 + TAIL_MS_MAX) * 8);
});

test('shorter silence stays as it is', () => {
  const audio = Buffer.concat([silence(10), tone(100), silence(100)]);
  assert.deepEqual(trimmed(audio), audio);
});

test('a pause inside a sentence stays whole', () => {
  const audio = Buffer.concat([tone(100), silence(700), tone(100)]);
  assert.deepEqual(trimmed(audio), audio);
});

test('the pause is passed on at once up to what may be an end', () => {
  const trim = trimSilence();
  trim.push(tone(100));
  assert.equal(trim.push(silence(400)).length, TAIL_MS_MAX * 8);
  assert.equal(trim.push(tone(5)).length, (400 - TAIL_MS_MAX + 5) * 8);
});

test('the faintest speech is no silence, the noise of a quiet voice is', () => {
  // -47 dBFS and -62 dBFS.
  assert.ok(trimmed(silence(100), tone(100, 206), silence(100)).length > 100 * 8);
  const hiss = tone(300, 36);
  assert.ok(levelDbfs(hiss) < -55);
  assert.equal(trimmed(hiss).length, 0);
});

test('nothing but silence is nothing', () => {
  const trim = trimSilence();
  assert.equal(trim.push(silence(5_000)).length, 0);
  assert.equal(trim.end().length, 0);
  assert.equal(trim.heard, false);
});

test('however it is cut into pieces, the same comes out, and never more silence than allowed', () => {
  const part = fc.record({ loud: fc.boolean(), durationMs: fc.integer({ min: 1, max: 400 }) });
  fc.assert(
    fc.property(
      fc.array(part, { maxLength: 6 }),
      fc.array(fc.integer({ min: 1, max: 3_000 }), { maxLength: 10 }),
      (parts, cuts) => {
        const audio = Buffer.concat(
          parts.map(({ loud, durationMs }) => (loud ? tone(durationMs) : silence(durationMs))),
        );
        const pieces: Uint8Array[] = [];
        let done = 0;
        for (const cut of cuts) {
          pieces.push(audio.subarray(done, done + cut));
          done += cut;
        }
        pieces.push(audio.subarray(done));
        const out = trimmed(...pieces);
        assert.deepEqual(out, trimmed(audio));
        assert.ok(audio.includes(Buffer.from(out)));
        if (out.length > 0) {
          const { lead, tail } = silentMs(out);
          // A window may be mostly silent and still count as sound.
          assert.ok(lead <= LEAD_MS_MAX + 5 && tail <= TAIL_MS_MAX + 5, `${lead} ms, ${tail} ms`);
        }
      },
    ),
  );
});
