// How a line of speech lies on disk: a header of 40 bytes (mark, lengths, digest), the mu-law, the word times as JSON.
import { createHash } from 'node:crypto';
import { isRecord, parseJson } from '../base/json.ts';
import type { CachedSpeech } from './memoryCache.ts';
import type { WordTime } from './port.ts';

/** With the version of the layout: another one is not ours, and so a miss. */
const MARK = 'TPS1';
const DIGEST_BYTES = 28;
const HEADER_BYTES = MARK.length + 8 + DIGEST_BYTES;

export function formatSpeechFile(speech: CachedSpeech): Uint8Array {
  const times = Buffer.from(JSON.stringify(speech.wordTimes));
  const header = Buffer.alloc(HEADER_BYTES);
  header.write(MARK, 0, 'latin1');
  header.writeUInt32LE(speech.mulaw.length, 4);
  header.writeUInt32LE(times.length, 8);
  digestOf(speech.mulaw, times).copy(header, 12);
  return Buffer.concat([header, speech.mulaw, times]);
}

/** Undefined for whatever is not a whole file of ours: cut short, altered, of another version. Never throws. */
export function parseSpeechFile(bytes: Buffer): CachedSpeech | undefined {
  if (bytes.length < HEADER_BYTES || bytes.toString('latin1', 0, MARK.length) !== MARK) return undefined;
  const audioBytes = bytes.readUInt32LE(4);
  if (bytes.length !== HEADER_BYTES + audioBytes + bytes.readUInt32LE(8)) return undefined;
  const mulaw = bytes.subarray(HEADER_BYTES, HEADER_BYTES + audioBytes);
  const times = bytes.subarray(HEADER_BYTES + audioBytes);
  if (!digestOf(mulaw, times).equals(bytes.subarray(12, HEADER_BYTES))) return undefined;
  const wordTimes = parseJson(times.toString('utf8'));
  if (!Array.isArray(wordTimes) || !wordTimes.every(isWordTime)) return undefined;
  return { mulaw, wordTimes };
}

function isWordTime(value: unknown): value is WordTime {
  return (
    isRecord(value) &&
    typeof value.word === 'string' &&
    typeof value.startMs === 'number' &&
    typeof value.endMs === 'number'
  );
}

/** Against a disk that cut or turned a bit, not against anybody who means harm. */
function digestOf(mulaw: Uint8Array, times: Uint8Array): Buffer {
  return createHash('blake2b512').update(mulaw).update(times).digest().subarray(0, DIGEST_BYTES);
}
