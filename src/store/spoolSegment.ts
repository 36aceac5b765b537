// A file of rows in the folder of a spool: its name, what lies in it, and what becomes of one that is damaged.
import { copyFile, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { decodeRecords, encodeRecord, type SpooledRow } from './spoolRecord.ts';

export interface Segment {
  readonly file: string;
  readonly firstNumber: number;
  lastNumber: number;
  bytes: number;
}

export interface FoundSegment {
  /** Undefined: there was no row in it, and it is gone. */
  readonly segment: Segment | undefined;
  /** Rows that could not be read; the file with them is kept aside. */
  readonly broken: number;
  /** Bytes at its end that are no whole row. */
  readonly tornBytes: number;
}

const DIGITS = 16;

export function newSegment(folder: string, firstNumber: number): Segment {
  const file = path.join(folder, `${String(firstNumber).padStart(DIGITS, '0')}.rows`);
  return { file, firstNumber, lastNumber: 0, bytes: 0 };
}

export function isSegment(name: string): boolean {
  return /^\d{16}\.rows$/.test(name);
}

/** No row in it has a lower number. */
export function firstNumberIn(name: string): number {
  return Number(name.slice(0, DIGITS));
}

/** How many of its rows have a number above `number`. */
export function rowsAfter({ firstNumber, lastNumber }: Segment, number: number): number {
  return Math.max(0, lastNumber - Math.max(number, firstNumber - 1));
}

/** What a process before this one has left. Rejects when it can't be read; then it is as it was. */
export async function findSegment(file: string): Promise<FoundSegment> {
  const bytes = await readFile(file);
  const { rows, broken, tornBytes } = decodeRecords(bytes);
  if (broken > 0) await keepAside(file, rows);
  const [first] = rows;
  const last = rows.at(-1);
  if (first === undefined || last === undefined) {
    if (broken === 0) await unlink(file);
    return { segment: undefined, broken, tornBytes };
  }
  const segment = {
    file,
    firstNumber: first.number,
    lastNumber: last.number,
    bytes: bytes.length - tornBytes,
  };
  return { segment, broken, tornBytes };
}

/** What is whole goes on in its place. At every moment all of it is there. */
async function keepAside(file: string, rows: readonly SpooledRow[]): Promise<void> {
  const aside = `${file}.broken`;
  if (rows.length === 0) return rename(file, aside);
  await copyFile(file, aside);
  await writeFile(`${file}.whole`, Buffer.concat(rows.map(encodeRecord)));
  await rename(`${file}.whole`, file);
}

/** The rows of a segment that has some after number `after`. Rejects when they can't be read. */
export async function readSegment({ file }: Segment, after: number): Promise<readonly SpooledRow[]> {
  const rows = decodeRecords(await readFile(file)).rows.filter(({ number }) => number > after);
  if (rows.length === 0) throw new Error(`${file}: rows that were there are there no more`);
  return rows;
}
