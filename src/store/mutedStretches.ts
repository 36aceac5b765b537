// The stretches of a recording that are kept silent, and marked at its end: which they are, and where they lie in the bytes
// of stereo PCM. Whose file it is does not matter here.
import { SAMPLE_RATE_HZ } from '../audio/mulaw.ts';
import { STEREO_FRAME_BYTES } from '../audio/wav.ts';
import { MARKERS_MAX, type WavMarker } from '../audio/wavMarkers.ts';

/** The agent's side lies behind the caller's. */
const SAMPLE_BYTES = STEREO_FRAME_BYTES / 2;

export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

export class MutedStretches {
  #markers: readonly WavMarker[] = [];

  /** In the order of their beginnings. */
  get markers(): readonly WavMarker[] {
    return this.#markers;
  }

  /**
   * Answers where it lies in the audio. What it touches of the same side and kind becomes one with it; when there are too
   * many, so does the nearest before it, or the first behind it, and what is between them.
   */
  add(marker: WavMarker): ByteRange {
    const same = this.#markers.filter((other) => isSame(other, marker));
    const touched = same.filter((other) => touch(other, marker));
    const full = this.#markers.length >= MARKERS_MAX && touched.length === 0;
    const near = full ? (same.findLast(({ startMs }) => startMs <= marker.startMs) ?? same[0]) : undefined;
    const joined = near === undefined ? touched : [near];
    // They lie apart from one another: whatever else the whole touches, it is one of these.
    const whole = [...joined, marker].reduce(both);
    const others = this.#markers.filter((other) => !joined.includes(other));
    this.#markers = [...others, whole].toSorted((a, b) => a.startMs - b.startMs);
    return rangeOf(whole);
  }

  /** Takes the sound out of `pcm`, which begins at `offsetBytes` of the audio. */
  mute(pcm: Uint8Array, offsetBytes: number): void {
    for (const marker of this.#markers) {
      const { from, to } = rangeOf(marker);
      const side = marker.side === 'caller' ? 0 : SAMPLE_BYTES;
      const end = Math.min(pcm.length, to - offsetBytes);
      for (let at = Math.max(0, from - offsetBytes) + side; at < end; at += STEREO_FRAME_BYTES)
        pcm.fill(0, at, at + SAMPLE_BYTES);
    }
  }
}

function rangeOf({ startMs, endMs }: WavMarker): ByteRange {
  const bytesAt = (ms: number): number => Math.round((ms / 1_000) * SAMPLE_RATE_HZ) * STEREO_FRAME_BYTES;
  return { from: bytesAt(startMs), to: bytesAt(endMs) };
}

function isSame(a: WavMarker, b: WavMarker): boolean {
  return a.side === b.side && a.kind === b.kind;
}

function touch(a: WavMarker, b: WavMarker): boolean {
  return a.startMs <= b.endMs && b.startMs <= a.endMs;
}

function both(a: WavMarker, b: WavMarker): WavMarker {
  return { ...a, startMs: Math.min(a.startMs, b.startMs), endMs: Math.max(a.endMs, b.endMs) };
}
