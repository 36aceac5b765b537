// One accepted row as bytes: 4 bytes length, 4 bytes CRC-32 of what follows, both little-endian, then the row's number and
// the row as JSON. What a killed process was writing is told from what it had written by the length and the sum.
import { crc32 } from 'node:zlib';
import { isRecord, parseJson } from '../base/json.ts';
import type { Write } from './commit.ts';

const HEAD_BYTES = 8;
/** A turn's texts are bounded far below this; a length above it is no length. */
const PAYLOAD_BYTES_MAX = 1024 * 1024;
const KINDS: ReadonlySet<string> = new Set(['callStarted', 'turnFinished', 'callEnded', 'leadFields']);
/** Where rows have times. JSON has none. */
const TIMES: ReadonlySet<string> = new Set(['startedAt', 'endedAt', 'at']);

export interface SpooledRow {
  /** Counts all rows of a data folder, over restarts. */
  readonly number: number;
  readonly write: Write;
}

export interface ReadRecords {
  readonly rows: readonly SpooledRow[];
  /** Records that are there and make no sense. */
  readonly broken: number;
  /** Bytes at the end that are no whole record: what was being written when the process died. */
  readonly tornBytes: number;
}

/** Throws a `RangeError` when the row is larger than a record may be. */
export function encodeRecord({ number, write }: SpooledRow): Buffer {
  const payload = Buffer.from(JSON.stringify({ number, write }), 'utf8');
  if (payload.length > PAYLOAD_BYTES_MAX) throw new RangeError(`a row of ${payload.length} bytes`);
  const record = Buffer.allocUnsafe(HEAD_BYTES + payload.length);
  record.writeUInt32LE(payload.length, 0);
  record.writeUInt32LE(crc32(payload), 4);
  payload.copy(record, HEAD_BYTES);
  return record;
}

/** All records of a segment, in order. A broken one is passed over as far as its length can be believed. Never throws. */
export function decodeRecords(bytes: Buffer): ReadRecords {
  const rows: SpooledRow[] = [];
  let broken = 0;
  let at = 0;
  while (at + HEAD_BYTES <= bytes.length) {
    const length = bytes.readUInt32LE(at);
    const end = at + HEAD_BYTES + length;
    if (length > PAYLOAD_BYTES_MAX || end > bytes.length) break;
    const payload = bytes.subarray(at + HEAD_BYTES, end);
    const row = crc32(payload) === bytes.readUInt32LE(at + 4) ? rowOf(payload) : undefined;
    if (row === undefined) broken += 1;
    else rows.push(row);
    at = end;
  }
  return { rows, broken, tornBytes: bytes.length - at };
}

function rowOf(payload: Buffer): SpooledRow | undefined {
  const parsed = parseJson(payload.toString('utf8'));
  if (!isRecord(parsed) || typeof parsed['number'] !== 'number' || !isRecord(parsed['write']))
    return undefined;
  const { kind } = parsed['write'];
  if (typeof kind !== 'string' || !KINDS.has(kind)) return undefined;
  // The sum shows that these are the bytes that we wrote.
  return { number: parsed['number'], write: withTimes(parsed['write']) as unknown as Write };
}

function withTimes(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => {
      if (TIMES.has(name) && typeof part === 'string') return [name, new Date(part)];
      // A lead's own fields are texts, whatever they are called.
      return [name, isRecord(part) && name !== 'fields' ? withTimes(part) : part];
    }),
  );
}
