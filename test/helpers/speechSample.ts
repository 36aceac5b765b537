// Spoken sentences in noise and clicks, for the voice detector: the same samples every time.
import loadEspeak from '@echogarden/espeak-ng-emscripten';
import { encodeMulaw } from '../../src/audio/mulaw.ts';
import { seededRandom, type Random } from '../../src/base/random.ts';

const SAMPLE_RATE_HZ = 8_000;
/** RMS of speech on a phone line, -26 dBFS. */
const SPEECH_RMS = 0.05;
/** Ample for a 22 kHz voice: what is above 3.6 kHz is gone by 60 dB. */
const FILTER_TAPS = 121;
const CUTOFF_HZ = 3_600;

export type NoiseKind = 'white' | 'pink' | 'clicks';

export interface SpeechSample {
  readonly mulaw: Uint8Array;
  /** From the first to the last sound of each sentence. */
  readonly sentences: readonly { readonly startMs: number; readonly endMs: number }[];
}

/** Says a text in one of espeak's voices: -1..1 at 8 kHz, at the level above, with no silence around it. */
export type Speak = (text: string, voice: string) => Float64Array;

export async function openSpeaker(): Promise<Speak> {
  const { eSpeakNGWorker } = await loadEspeak();
  const synthesiser = new eSpeakNGWorker();
  return (text, voice) => {
    if (synthesiser.set_voice(voice) !== 0) throw new Error(`espeak has no voice ${voice}`);
    const spoken: number[] = [];
    synthesiser.synthesize(text, (audio) => {
      for (const sample of audio ?? []) spoken.push(sample / 32_768);
      return false;
    });
    return scaledTo(SPEECH_RMS, trimmed(resampled(spoken, synthesiser.get_samplerate())));
  };
}

/** The sentences one after the other, `gapMs` before, between and after them, with noise at `snrDb` over all. */
export function sampleOf(
  sentences: readonly Float64Array[],
  noise: { readonly kind: NoiseKind; readonly snrDb: number } | undefined,
  gapMs: number,
  seed: number,
): SpeechSample {
  const gap = (gapMs * SAMPLE_RATE_HZ) / 1_000;
  const total = sentences.reduce((sum, sentence) => sum + sentence.length + gap, gap);
  const samples = new Float64Array(total);
  const times: { startMs: number; endMs: number }[] = [];
  let at = gap;
  for (const sentence of sentences) {
    samples.set(sentence, at);
    times.push({ startMs: msOf(at), endMs: msOf(at + sentence.length) });
    at += sentence.length + gap;
  }
  if (noise !== undefined) {
    const rms = SPEECH_RMS * 10 ** (-noise.snrDb / 20);
    const added = noiseOf(noise.kind, total, rms, seededRandom(seed));
    for (let i = 0; i < total; i += 1) samples[i] = (samples[i] ?? 0) + (added[i] ?? 0);
  }
  return { mulaw: mulawOf(samples), sentences: times };
}

function noiseOf(kind: NoiseKind, length: number, rms: number, random: Random): Float64Array {
  switch (kind) {
    case 'white':
      return scaledTo(rms, white(length, random));
    case 'pink':
      return scaledTo(rms, pink(length, random));
    case 'clicks':
      return clicks(length, rms, random);
    default:
      return kind satisfies never;
  }
}

function white(length: number, random: Random): Float64Array {
  return Float64Array.from({ length }, () => random.next() * 2 - 1);
}

/** Sums of white noises held for 1, 2, 4, ... samples (Voss): 3 dB less an octave. */
function pink(length: number, random: Random): Float64Array {
  const rows = new Float64Array(12);
  return Float64Array.from({ length }, (_unused, index) => {
    for (let row = 0; row < rows.length; row += 1) {
      if (index % 2 ** row === 0) rows[row] = random.next() * 2 - 1;
    }
    return rows.reduce((sum, value) => sum + value, 0);
  });
}

/** About two a second, 5 ms long, dying away, twenty times as loud as `rms`. */
function clicks(length: number, rms: number, random: Random): Float64Array {
  const samples = new Float64Array(length);
  for (let at = 0; at < length; at += Math.round((0.3 + 0.4 * random.next()) * SAMPLE_RATE_HZ)) {
    for (let i = 0; i < 40 && at + i < length; i += 1) {
      samples[at + i] = Math.min(1, 20 * rms) * Math.exp(-i / 10) * (random.next() * 2 - 1);
    }
  }
  return samples;
}

/** Low-pass at the old rate, then a straight line between neighbours. */
function resampled(samples: readonly number[], rateHz: number): Float64Array {
  const taps = lowPass(CUTOFF_HZ / rateHz);
  const middle = (FILTER_TAPS - 1) / 2;
  const filtered = Float64Array.from(samples, (_unused, index) => {
    let sum = 0;
    for (let tap = 0; tap < FILTER_TAPS; tap += 1)
      sum += (taps[tap] ?? 0) * (samples[index + tap - middle] ?? 0);
    return sum;
  });
  const length = Math.floor(((samples.length - 1) * SAMPLE_RATE_HZ) / rateHz);
  return Float64Array.from({ length }, (_unused, index) => {
    const at = (index * rateHz) / SAMPLE_RATE_HZ;
    const before = filtered[Math.floor(at)] ?? 0;
    return before + (at % 1) * ((filtered[Math.floor(at) + 1] ?? 0) - before);
  });
}

/** A windowed sinc (Hamming) with gain 1; `cutoff` is a share of the rate. */
function lowPass(cutoff: number): Float64Array {
  const middle = (FILTER_TAPS - 1) / 2;
  const taps = Float64Array.from({ length: FILTER_TAPS }, (_unused, index) => {
    const x = 2 * Math.PI * cutoff * (index - middle);
    return (
      (x === 0 ? 1 : Math.sin(x) / x) * (0.54 - 0.46 * Math.cos((2 * Math.PI * index) / (FILTER_TAPS - 1)))
    );
  });
  const gain = taps.reduce((sum, tap) => sum + tap, 0);
  return taps.map((tap) => tap / gain);
}

function trimmed(samples: Float64Array): Float64Array {
  return samples.slice(samples.findIndex(isHeard), samples.findLastIndex(isHeard) + 1);
}

function isHeard(sample: number): boolean {
  return Math.abs(sample) > 0.01;
}

function scaledTo(rms: number, samples: Float64Array): Float64Array {
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
  return samples.map((sample) => (sample * rms) / Math.sqrt(power));
}

function mulawOf(samples: Float64Array): Uint8Array {
  return encodeMulaw(Int16Array.from(samples, (sample) => Math.max(-1, Math.min(1, sample)) * 32_767));
}

function msOf(sample: number): number {
  return (sample * 1_000) / SAMPLE_RATE_HZ;
}
