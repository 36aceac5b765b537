// Marked stretches of a stereo WAV, in the chunks behind its audio that editors show as regions: `cue ` with where each
// begins, `LIST` of `adtl` with how long it is (`ltxt`) and what it is called (`labl`). A name says what was said there,
// never how.

export interface WavMarker {
  readonly startMs: number;
  readonly endMs: number;
  /** On which side of the recording. */
  readonly side: 'caller' | 'agent';
  readonly kind: 'card' | 'ssn';
}

/** One recording has no more; who has more to mark makes one marker of several. */
export const MARKERS_MAX = 256;
/** Some 90 bytes each. */
export const MARKER_BYTES_MAX = 64 * 1024;

const NAMES: Readonly<Record<WavMarker['kind'], string>> = {
  card: 'card number',
  ssn: 'social security number',
};
const LABEL = /^(card|social security) number, (caller|agent)$/u;
const CUE_BYTES = 24;
const LENGTH_BYTES = 20;

/** What follows the audio; of even length, empty without markers. */
export function markerChunks(markers: readonly WavMarker[], sampleRateHz: number): Uint8Array {
  if (markers.length === 0) return new Uint8Array(0);
  const sampleAt = (ms: number): number => Math.round((ms / 1_000) * sampleRateHz);
  const points = markers.map(({ startMs }, place) => {
    const at = sampleAt(startMs);
    return bytesOf(place + 1, at, 'data', 0, 0, at);
  });
  const notes = markers.flatMap(({ startMs, endMs, side, kind }, place) => [
    chunk('ltxt', bytesOf(place + 1, sampleAt(endMs) - sampleAt(startMs), 'rgn ', 0, 0)),
    chunk('labl', bytesOf(place + 1), characters(`${NAMES[kind]}, ${side}\0`)),
  ]);
  return concatenated([
    chunk('cue ', bytesOf(markers.length), ...points),
    chunk('LIST', bytesOf('adtl'), ...notes),
  ]);
}

/** Out of what follows the audio of a file; what is not ours is passed over. Never throws. */
export function readMarkers(behindAudio: Uint8Array, sampleRateHz: number): readonly WavMarker[] {
  const starts = new Map<number, number>();
  const lengths = new Map<number, number>();
  const labels = new Map<number, string>();
  for (const { name, body } of chunksOf(behindAudio)) {
    if (name === 'cue ') {
      for (let at = 4; at + CUE_BYTES <= body.length; at += CUE_BYTES)
        starts.set(numberAt(body, at), numberAt(body, at + 20));
    }
    if (name !== 'LIST' || textOf(body.subarray(0, 4)) !== 'adtl') continue;
    for (const note of chunksOf(body.subarray(4))) {
      if (note.body.length < 4) continue;
      const id = numberAt(note.body, 0);
      if (note.name === 'labl') labels.set(id, textOf(note.body.subarray(4)).replace(/\0.*$/su, ''));
      if (note.name === 'ltxt' && note.body.length >= LENGTH_BYTES) lengths.set(id, numberAt(note.body, 4));
    }
  }
  const msAt = (sample: number): number => (sample * 1_000) / sampleRateHz;
  return [...starts].flatMap(([id, start]): readonly WavMarker[] => {
    const [, what, side] = LABEL.exec(labels.get(id) ?? '') ?? [];
    if (side !== 'caller' && side !== 'agent') return [];
    const kind = what === 'card' ? 'card' : 'ssn';
    return [{ startMs: msAt(start), endMs: msAt(start + (lengths.get(id) ?? 0)), side, kind }];
  });
}

function* chunksOf(bytes: Uint8Array): Generator<{ readonly name: string; readonly body: Uint8Array }> {
  let at = 0;
  while (at + 8 <= bytes.length) {
    const length = numberAt(bytes, at + 4);
    yield { name: textOf(bytes.subarray(at, at + 4)), body: bytes.subarray(at + 8, at + 8 + length) };
    at += 8 + length + (length % 2);
  }
}

function chunk(name: string, ...parts: readonly Uint8Array[]): Uint8Array {
  const body = concatenated(parts);
  return concatenated([bytesOf(name, body.length), body, new Uint8Array(body.length % 2)]);
}

/** Numbers as 32 bits, little-endian; four characters as they are. */
function bytesOf(...values: readonly (number | string)[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [place, value] of values.entries()) {
    if (typeof value === 'number') view.setUint32(place * 4, value, true);
    else for (let i = 0; i < 4; i += 1) bytes[place * 4 + i] = value.charCodeAt(i);
  }
  return bytes;
}

function characters(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function numberAt(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at, true);
}

function textOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes.subarray(0, 64));
}
