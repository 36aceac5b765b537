// A tape from its file, read and checked as a whole.
import { constants, gunzip } from 'node:zlib';
import { promisify } from 'node:util';
import { readFile } from 'node:fs/promises';
import { errorText } from '../base/errors.ts';
import { isRecord, parseJson } from '../base/json.ts';
import { parseHeader, type TapeHeader } from './header.ts';
import { parseHappening } from './lines.ts';
import type { Doing, Happening } from './records.ts';
import { TAPE_CHARS_MAX } from './tapeFile.ts';

/** Beyond what a tape is stopped at, for the line that says so. */
const BYTES_MAX = 2 * TAPE_CHARS_MAX;

export type TapeLine =
  | { readonly kind: 'happening'; readonly atUs: number; readonly happening: Happening }
  /** `text` is its JSON: what is done now is held against it. */
  | { readonly kind: 'doing'; readonly atUs: number; readonly doing: Doing; readonly text: string };

export interface Reel {
  readonly header: TapeHeader;
  readonly lines: readonly TapeLine[];
  /** Whether the call had ended by the end of the tape: if not, the tape was stopped, or its process was. */
  readonly isWhole: boolean;
}

/** The file can't be used: it is no tape, or one of another version. */
export class TapeError extends Error {
  override readonly name = 'TapeError';
}

/** Throws a `TapeError`. A file that was cut off is read as far as it goes. */
export async function readTape(file: string): Promise<Reel> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    throw new TapeError(`${file}: ${errorText(error)}`);
  }
  return parseTape(await textOf(bytes, file), file);
}

async function textOf(bytes: Buffer, file: string): Promise<string> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes.toString();
  try {
    const options = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: BYTES_MAX };
    return (await promisify(gunzip)(bytes, options)).toString();
  } catch (error) {
    throw new TapeError(`${file}: it cannot be unpacked (${errorText(error)})`);
  }
}

/** Throws a `TapeError`; `file` stands in front of it. */
export function parseTape(text: string, file: string): Reel {
  const [first = '', ...rest] = text.split('\n');
  const header = parseHeader(parseJson(first));
  if (header === undefined) throw new TapeError(`${file}: it is no tape of a call, or of another version`);
  // A line that was cut off is no line.
  if (rest.at(-1) !== undefined) rest.pop();
  const lines: TapeLine[] = [];
  let atUs = 0;
  let isWhole = false;
  for (const [index, line] of rest.entries()) {
    const json = parseJson(line);
    if (isRecord(json) && 'end' in json) {
      isWhole = json['end'] === 'over';
      break;
    }
    const parsed = parseHappening(json);
    if (parsed !== undefined) {
      atUs += parsed.sinceUs;
      lines.push({ kind: 'happening', atUs, happening: parsed.happening });
    } else if (Array.isArray(json) && typeof json[0] === 'string') {
      lines.push({ kind: 'doing', atUs, doing: json as unknown as Doing, text: line });
    } else throw new TapeError(`${file}:${index + 2}: it is nothing that happens to a call`);
  }
  return { header, lines, isWhole };
}
