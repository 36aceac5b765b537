// What the page's audio does, without a browser: the same code, driven as an AudioWorklet drives it.
import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { decodeMulaw, encodeMulaw, FRAME_BYTES, MULAW_SILENCE } from '../../src/audio/mulaw.ts';
import type { EchoReason } from '../../src/audio/playQueue.ts';
import { Microphone } from '../../src/console/softphone/microphone.ts';
import { Speaker } from '../../src/console/softphone/speaker.ts';
import { CarrierPlayout } from '../../src/sim/carrierPlayout.ts';
import { amplitudeAt, decibels, sine } from '../helpers/goertzel.ts';

/** What an AudioWorklet is given and asks for at once. */
const QUANTUM = 128;
const RATES = [44_100, 48_000] as const;

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** Half a second from the middle of a second of this tone, as it goes to the gateway. */
function spoken(hz: number, rateHz: number, amplitude: number): Int16Array {
  const frames: Uint8Array[] = [];
  const microphone = new Microphone(rateHz, (frame) => frames.push(frame));
  const tone = Float32Array.from(sine(hz, rateHz, rateHz, amplitude), (sample) => sample / 32_768);
  for (let at = 0; at < tone.length; at += QUANTUM) microphone.push(tone.subarray(at, at + QUANTUM));
  return decodeMulaw(joined(frames)).subarray(2_000, 6_000);
}

for (const rateHz of RATES) {
  test(`a microphone at ${rateHz} Hz: speech is kept, and nothing above it folds back`, () => {
    for (const hz of [300, 1_000, 3_400]) {
      const db = decibels(amplitudeAt(spoken(hz, rateHz, 16_000), hz, 8_000), 16_000);
      assert.ok(Math.abs(db) < 0.5, `${hz} Hz: ${db.toFixed(2)} dB`);
    }
    for (const hz of [4_400, 5_000, 7_000, 12_000]) {
      const aliasHz = Math.abs(hz - 8_000 * Math.round(hz / 8_000));
      const db = decibels(amplitudeAt(spoken(hz, rateHz, 16_000), aliasHz, 8_000), 16_000);
      assert.ok(db < -60, `${hz} Hz: ${db.toFixed(1)} dB at ${aliasHz} Hz`);
    }
  });

  test(`a microphone at ${rateHz} Hz gives frames of 20 ms, fifty a second`, () => {
    const frames: Uint8Array[] = [];
    const microphone = new Microphone(rateHz, (frame) => frames.push(frame));
    const silence = new Float32Array(QUANTUM);
    for (let samples = 0; samples < 2 * rateHz; samples += QUANTUM) microphone.push(silence);
    assert.ok(frames.length === 99 || frames.length === 100, String(frames.length));
    assert.ok(frames.every((frame) => frame.length === FRAME_BYTES));
    assert.equal(new Set(frames.map(({ buffer }) => buffer)).size, frames.length, 'each is its own');
  });
}

test('what is too loud is clipped, not wrapped', () => {
  const frames: Uint8Array[] = [];
  const microphone = new Microphone(8_000, (frame) => frames.push(frame));
  microphone.push(new Float32Array(160).fill(3));
  assert.ok(decodeMulaw(joined(frames)).every((sample) => sample > 30_000));
});

// --- the agent's sound ---

interface Echo {
  readonly name: string;
  readonly reason: EchoReason;
}

/** A speaker and what it has played, by whole quanta. */
function playing(rateHz: number) {
  const echoes: Echo[] = [];
  const played: number[] = [];
  const speaker = new Speaker(rateHz, (name, reason) => echoes.push({ name, reason }));
  const run = (durationMs: number): void => {
    for (let n = 0; n < (durationMs * rateHz) / 1_000; n += QUANTUM) {
      const out = new Float32Array(QUANTUM);
      speaker.play(out);
      played.push(...out);
    }
  };
  const names = (): readonly string[] => echoes.map(({ name, reason }) => `${name} ${reason}`);
  return { speaker, echoes, played, run, names };
}

const audio = (durationMs: number, code = 1): Uint8Array => new Uint8Array(durationMs * 8).fill(code);

for (const rateHz of RATES) {
  test(`at ${rateHz} Hz what comes in pieces is played without a seam, and without images above it`, () => {
    const { speaker, played, run } = playing(rateHz);
    const tone = encodeMulaw(sine(1_000, 8_000, 8_000, 16_000));
    for (let at = 0; at < tone.length; at += 320) speaker.enqueue(tone.subarray(at, at + 320));
    run(1_000);
    const middle = Int16Array.from(played.slice(rateHz / 4, (3 * rateHz) / 4), (value) => value * 32_768);
    const kept = decibels(amplitudeAt(middle, 1_000, rateHz), 16_000);
    assert.ok(Math.abs(kept) < 0.3, `${kept.toFixed(2)} dB`);
    for (const imageHz of [7_000, 9_000, 15_000]) {
      const db = decibels(amplitudeAt(middle, imageHz, rateHz), 16_000);
      assert.ok(db < -60, `${imageHz} Hz: ${db.toFixed(1)} dB`);
    }
  });

  test(`at ${rateHz} Hz a mark never comes back before its audio has been played, and within 12 ms of it`, () => {
    for (const lengthMs of [1, 40, 333]) {
      const { speaker, echoes, run, names } = playing(rateHz);
      run(100);
      speaker.enqueue(audio(lengthMs));
      speaker.mark('end');
      let elapsedMs = 0;
      while (echoes.length === 0 && elapsedMs < 1_000) {
        run((QUANTUM * 1_000) / rateHz);
        elapsedMs += (QUANTUM * 1_000) / rateHz;
      }
      assert.ok(elapsedMs >= lengthMs, `${elapsedMs} ms for ${lengthMs}`);
      assert.ok(elapsedMs <= lengthMs + 12, `${elapsedMs} ms for ${lengthMs}`);
      assert.deepEqual(names(), ['end played']);
    }
  });
}

test('marks that follow a clear, or nothing at all, come back as Twilio sends them back', () => {
  const { speaker, run, names } = playing(48_000);
  speaker.mark('nothing');
  assert.deepEqual(names(), ['nothing empty']);
  speaker.enqueue(audio(100));
  speaker.mark('a');
  speaker.enqueue(audio(100));
  speaker.mark('b');
  run(40);
  speaker.clear();
  assert.deepEqual(names().slice(1), ['a cleared', 'b cleared']);
  assert.equal(speaker.bufferedMs, 0);
  run(20);
  speaker.mark('after');
  assert.equal(names().at(-1), 'after empty');
});

test('after a clear there is silence within a few milliseconds', () => {
  const { speaker, played, run } = playing(48_000);
  speaker.enqueue(audio(400));
  run(100);
  speaker.clear();
  const before = played.length;
  run(50);
  assert.ok(played.slice(before + 48 * 8).every((sample) => Math.abs(sample) < 1e-4));
});

type Order =
  | { readonly kind: 'media'; readonly durationMs: number }
  | { readonly kind: 'mark' }
  | { readonly kind: 'clear' }
  | { readonly kind: 'play'; readonly frames: number };

const order: fc.Arbitrary<Order> = fc.oneof(
  fc.record({ kind: fc.constant('media' as const), durationMs: fc.constantFrom(20, 40, 60, 400) }),
  fc.constant<Order>({ kind: 'mark' }),
  fc.constant<Order>({ kind: 'clear' }),
  fc.record({ kind: fc.constant('play' as const), frames: fc.integer({ min: 1, max: 30 }) }),
);

test('the page sends the marks back that the simulated carrier sends, in its order', () => {
  fc.assert(
    fc.property(fc.array(order, { maxLength: 40 }), (orders) => {
      const page: string[] = [];
      const carrier: string[] = [];
      const speaker = new Speaker(48_000, (name) => page.push(name));
      const playout = new CarrierPlayout((name) => carrier.push(name));
      const out = new Float32Array(960);
      let dueMs = 0;
      for (const [index, each] of [...orders, { kind: 'play', frames: 2_000 } as const].entries()) {
        if (each.kind === 'media') {
          speaker.enqueue(audio(each.durationMs));
          playout.enqueue(audio(each.durationMs));
        } else if (each.kind === 'mark') {
          speaker.mark(`${index}`);
          playout.mark(`${index}`);
        } else if (each.kind === 'clear') {
          speaker.clear();
          playout.clear();
        } else {
          for (let frame = 0; frame < each.frames; frame += 1) {
            speaker.play(out);
            playout.take((dueMs += 20));
          }
        }
      }
      assert.deepEqual(page, carrier);
    }),
    { numRuns: 60 },
  );
});

test('power tells silence from sound', () => {
  const { speaker, run } = playing(48_000);
  run(20);
  assert.ok(speaker.power < 1e-6);
  speaker.enqueue(new Uint8Array(800).fill(0x10));
  run(50);
  assert.ok(speaker.power > 0.01);
  assert.equal(MULAW_SILENCE, 0xff);
});
