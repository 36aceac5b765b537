// A provider's PCM bytes, cut anywhere, to the mu-law of the call.
import { encodeMulaw, SAMPLE_RATE_HZ, BYTES_PER_MS } from '../audio/mulaw.ts';
import { createResampler, RATE_HZ_MAX, RATE_HZ_MIN, type Resampler } from '../audio/resample.ts';
import { readWavHeader } from '../audio/wav.ts';
import { trimSilence } from './silence.ts';

/** No sentence is this long: a server that never ends would otherwise fill the memory. */
const AUDIO_MS_MAX = 300_000;
/** Longest beginning that tells the formats apart. */
const SNIFF_BYTES = 4;
/** How files begin that are no PCM, though they were sent as such. Taken as PCM they are a burst of noise. */
const OTHER_FORMATS: readonly { readonly begins: string; readonly format: string }[] = [
  { begins: 'ID3', format: 'MP3' },
  { begins: 'OggS', format: 'Ogg' },
  { begins: 'fLaC', format: 'FLAC' },
  { begins: '{"', format: 'JSON' },
];

export type PcmSpeechResult =
  | { readonly ok: true; readonly mulaw: Uint8Array }
  | { readonly ok: false; readonly failure: string };

export interface PcmSpeech {
  /** True once there was a sound. */
  readonly heard: boolean;
  push(bytes: Uint8Array): PcmSpeechResult;
  end(): PcmSpeechResult;
}

/**
 * 16-bit little-endian mono at `sampleRateHz`, with or without a WAV header (whose own rate then counts),
 * to 8 kHz mu-law without the silence round it. Half a sample at the very end is no sound and is left out.
 * Never throws.
 */
export function pcmToSpeech(sampleRateHz: number): PcmSpeech {
  const trim = trimSilence();
  let resampler: Resampler | undefined;
  /** Before the format is known: its beginning. After: half a sample. */
  let carried: Uint8Array = new Uint8Array(0);
  /** What a WAV file said it holds; chunks after that are no audio. */
  let bytesLeft = Infinity;
  let audioBytes = 0;

  const convert = (bytes: Uint8Array, ready: Resampler): PcmSpeechResult => {
    const wanted = bytes.length > bytesLeft ? bytes.subarray(0, bytesLeft) : bytes;
    bytesLeft -= wanted.length;
    const { samples, rest } = splitSamples(carried, wanted);
    carried = rest;
    const mulaw = encodeMulaw(ready.process(samples));
    audioBytes += mulaw.length;
    if (audioBytes > AUDIO_MS_MAX * BYTES_PER_MS) return { ok: false, failure: 'the audio does not end' };
    return { ok: true, mulaw: trim.push(mulaw) };
  };

  const begin = (bytes: Uint8Array, last: boolean): PcmSpeechResult => {
    const start = Buffer.concat([carried, bytes]);
    if (start.length < SNIFF_BYTES && !last) {
      carried = start;
      return { ok: true, mulaw: new Uint8Array(0) };
    }
    const beginning = start.toString('latin1', 0, SNIFF_BYTES);
    const other = OTHER_FORMATS.find(({ begins }) => beginning.startsWith(begins));
    if (other !== undefined) return { ok: false, failure: `${other.format} instead of PCM` };
    const header = readWavHeader(start);
    if (!header.ok) {
      if (header.failure === 'incomplete' && !last) {
        carried = start;
        return { ok: true, mulaw: new Uint8Array(0) };
      }
      if (beginning === 'RIFF') return { ok: false, failure: 'a WAV file that is not 16-bit PCM' };
      carried = new Uint8Array(0);
      resampler = createResampler(sampleRateHz, SAMPLE_RATE_HZ);
      return convert(start, resampler);
    }
    const plain = header.channelCount === 1;
    if (!plain || header.sampleRateHz < RATE_HZ_MIN || header.sampleRateHz > RATE_HZ_MAX) {
      return {
        ok: false,
        failure: `a WAV file of ${header.channelCount} channels at ${header.sampleRateHz} Hz`,
      };
    }
    carried = new Uint8Array(0);
    bytesLeft = header.dataBytes ?? Infinity;
    resampler = createResampler(header.sampleRateHz, SAMPLE_RATE_HZ);
    return convert(start.subarray(header.dataOffset), resampler);
  };

  return {
    get heard() {
      return trim.heard;
    },
    push: (bytes) => (resampler === undefined ? begin(bytes, false) : convert(bytes, resampler)),
    end() {
      const parts: Uint8Array[] = [];
      if (resampler === undefined && carried.length > 0) {
        const begun = begin(new Uint8Array(0), true);
        if (!begun.ok) return begun;
        parts.push(begun.mulaw);
      }
      if (resampler !== undefined) parts.push(trim.push(encodeMulaw(resampler.flush())));
      parts.push(trim.end());
      return { ok: true, mulaw: Buffer.concat(parts) };
    },
  };
}

/** Whole samples, and the odd byte that is the next one's first half. */
function splitSamples(
  before: Uint8Array,
  bytes: Uint8Array,
): { readonly samples: Int16Array; readonly rest: Uint8Array } {
  const all = before.length === 0 ? bytes : Buffer.concat([before, bytes]);
  const view = new DataView(all.buffer, all.byteOffset, all.byteLength);
  const samples = new Int16Array(all.length >> 1);
  for (let i = 0; i < samples.length; i += 1) samples[i] = view.getInt16(i * 2, true);
  return { samples, rest: all.slice(samples.length * 2) };
}
