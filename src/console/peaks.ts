// The shape of a stereo recording: how loud each side was, in so many steps. Read slice by slice, so that hours of sound need
// no more memory than minutes.
import { readWavHeader } from '../audio/wav.ts';
import { MARKER_BYTES_MAX, readMarkers, type WavMarker } from '../audio/wavMarkers.ts';

export const STEPS = 2_000;
/** Some two minutes of a call. */
export const SLICE_BYTES = 4 * 1024 * 1024;
const HEADER_BYTES = 64 * 1024;

export interface Peaks {
  readonly durationS: number;
  /** From 0 to 1, one a step: the loudest sample of each side, caller and agent. */
  readonly caller: Float32Array;
  readonly agent: Float32Array;
  /** Where numbers were said, and it is silent. */
  readonly markers: readonly WavMarker[];
  /** Steps that are known by now. */
  readonly known: number;
}

/** What has bytes to be read in slices: a `Blob`. */
export interface Sliceable {
  readonly size: number;
  slice(start: number, end: number): { arrayBuffer(): Promise<ArrayBuffer> };
}

/** Tells the peaks so far after every slice; the last ones are whole. Throws when it is no stereo recording. */
export async function* readPeaks(file: Sliceable): AsyncGenerator<Peaks, void, undefined> {
  const header = readWavHeader(
    new Uint8Array(await file.slice(0, Math.min(HEADER_BYTES, file.size)).arrayBuffer()),
  );
  if (!header.ok || header.channelCount !== 2) throw new Error('This is no stereo WAV file.');
  const { dataOffset, sampleRateHz } = header;
  const frames = Math.floor(Math.min(header.dataBytes ?? Infinity, file.size - dataOffset) / 4);
  const behind = dataOffset + (header.dataBytes ?? Infinity);
  const markers =
    behind >= file.size
      ? []
      : readMarkers(
          new Uint8Array(
            await file.slice(behind, Math.min(file.size, behind + MARKER_BYTES_MAX)).arrayBuffer(),
          ),
          sampleRateHz,
        );
  const caller = new Float32Array(STEPS);
  const agent = new Float32Array(STEPS);
  const stepOf = (frame: number): number =>
    Math.min(STEPS - 1, Math.floor((frame / Math.max(1, frames)) * STEPS));
  for (let first = 0; first < frames; first += SLICE_BYTES / 4) {
    const end = Math.min(frames, first + SLICE_BYTES / 4);
    const bytes = await file.slice(dataOffset + first * 4, dataOffset + end * 4).arrayBuffer();
    // Little-endian, as every machine that has a browser.
    const samples = new Int16Array(bytes);
    for (let frame = first; frame < end; frame += 1) {
      const step = stepOf(frame);
      const at = (frame - first) * 2;
      caller[step] = Math.max(caller[step] ?? 0, Math.abs(samples[at] ?? 0) / 32_768);
      agent[step] = Math.max(agent[step] ?? 0, Math.abs(samples[at + 1] ?? 0) / 32_768);
    }
    const known = end === frames ? STEPS : stepOf(end);
    yield { durationS: frames / sampleRateHz, caller, agent, markers, known };
  }
  if (frames === 0) yield { durationS: 0, caller, agent, markers, known: STEPS };
}
