// The tones of a telephone's keys, for menus at the other end.
import { encodeMulaw, SAMPLE_RATE_HZ, silence } from './mulaw.ts';

/** ITU-T Q.23: each key is one low and one high frequency at once. */
const LOW_HZ = [697, 770, 852, 941];
const HIGH_HZ = [1_209, 1_336, 1_477, 1_633];
const KEYPAD = ['123A', '456B', '789C', '*0#D'];
/** Q.24 has receivers accept 40 ms on and 40 off; a codec on the way wants more. */
export const TONE_MS = 100;
export const TONE_GAP_MS = 60;
/** `w`, as in Twilio's `sendDigits`. */
export const PAUSE_MS = 500;
/** Longer than any account number with pauses; at 160 ms a key it is ten seconds. */
export const DIGITS_MAX = 64;
/** A full-scale sine is +3.17 dBm0 in mu-law (G.711). */
const FULL_SCALE_DBM0 = 3.17;
/** The high group is sent 2 dB stronger, because lines lose more of it. Both are within Q.24's 0 to -25 dBm. */
const LOW_AMPLITUDE = amplitudeOf(-8);
const HIGH_AMPLITUDE = amplitudeOf(-6);
/** Faded in and out, so that no click spreads beside the two tones. */
const RAMP_MS = 2;

export type DigitTones =
  | { readonly ok: true; readonly mulaw: Uint8Array }
  | { readonly ok: false; readonly failure: 'empty' | 'too_long' | 'unknown_key' };

/**
 * The keys `0-9 * # A-D` as tones, `w` as a pause of half a second; spaces, dots and hyphens are how
 * people write numbers and mean nothing. Never throws: models write these.
 */
export function digitTones(digits: string): DigitTones {
  const keys = digits.replaceAll(/[\s.-]/g, '').toUpperCase();
  if (keys.length === 0) return { ok: false, failure: 'empty' };
  if (keys.length > DIGITS_MAX) return { ok: false, failure: 'too_long' };
  const parts: Uint8Array[] = [];
  for (const key of keys) {
    if (key === 'W') {
      parts.push(silence(PAUSE_MS));
      continue;
    }
    const row = KEYPAD.findIndex((keysOfRow) => keysOfRow.includes(key));
    const column = KEYPAD[row]?.indexOf(key) ?? -1;
    const lowHz = LOW_HZ[row];
    const highHz = HIGH_HZ[column];
    if (lowHz === undefined || highHz === undefined) return { ok: false, failure: 'unknown_key' };
    parts.push(tonePair(lowHz, highHz), silence(TONE_GAP_MS));
  }
  return { ok: true, mulaw: Buffer.concat(parts) };
}

function tonePair(lowHz: number, highHz: number): Uint8Array {
  const samples = Int16Array.from({ length: (TONE_MS / 1_000) * SAMPLE_RATE_HZ }, (_unused, i) => {
    const turns = (2 * Math.PI * i) / SAMPLE_RATE_HZ;
    const both = LOW_AMPLITUDE * Math.sin(turns * lowHz) + HIGH_AMPLITUDE * Math.sin(turns * highHz);
    return Math.round(both * ramp((i / SAMPLE_RATE_HZ) * 1_000));
  });
  return encodeMulaw(samples);
}

function ramp(atMs: number): number {
  const fromEdgeMs = Math.min(atMs, TONE_MS - atMs);
  return fromEdgeMs >= RAMP_MS ? 1 : 0.5 - 0.5 * Math.cos((Math.PI * fromEdgeMs) / RAMP_MS);
}

function amplitudeOf(dBm0: number): number {
  return 32_767 * 10 ** ((dBm0 - FULL_SCALE_DBM0) / 20);
}
