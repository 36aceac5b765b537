// One tape on the disk: lines of JSON, gzipped, for whoever owns the process alone. Written behind: nobody waits for it.
import { createWriteStream } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip, type Gzip } from 'node:zlib';

/** Below the data folder. */
export const TAPES_FOLDER = 'traces-of-calls';
const SUFFIX = '.jsonl.gz';
/** Of text: about an hour of call, 15 MB on the disk. */
export const TAPE_CHARS_MAX = 96 * 1024 * 1024;
/** Handed over and not yet written: a disk that stands still so long is too slow. */
export const WAITING_CHARS_MAX = 4 * 1024 * 1024;
/** One write for some seconds of the call. */
const BATCH_CHARS = 64 * 1024;
/** Tapes of one call: each instance that goes on with it begins one. */
const PARTS_MAX = 99;

export interface TapeFileOptions {
  readonly folder: string;
  readonly callSid: string;
  /** It ends here, before the call. Once. */
  readonly onStopped: (why: 'full' | 'slow' | 'io', error?: unknown) => void;
  readonly charsMax?: number;
}

export class TapeFile {
  /** Resolves when it is closed. Never rejects. */
  readonly closed: Promise<void>;
  readonly #options: TapeFileOptions;
  readonly #gzip: Gzip = createGzip({ level: 1 });
  #lines: string[] = [];
  #batchChars = 0;
  #writtenChars = 0;
  #ended = false;

  constructor(options: TapeFileOptions) {
    this.#options = options;
    this.closed = this.#keep().catch((error: unknown) => this.#stop('io', error));
  }

  /** Nothing is kept after the end. */
  get isOver(): boolean {
    return this.#ended;
  }

  /** `line` without its end. */
  write(line: string): void {
    if (this.#ended) return;
    this.#lines.push(line);
    this.#batchChars += line.length + 1;
    const { charsMax = TAPE_CHARS_MAX } = this.#options;
    if (this.#writtenChars + this.#batchChars > charsMax) return this.#stop('full');
    if (this.#batchChars < BATCH_CHARS) return;
    this.#flush();
    if (this.#gzip.writableLength > WAITING_CHARS_MAX) this.#stop('slow');
  }

  /** Idempotent. */
  end(why: string): void {
    if (this.#ended) return;
    this.#lines.push(JSON.stringify({ end: why }));
    this.#flush();
    this.#ended = true;
    this.#gzip.end();
  }

  #flush(): void {
    this.#writtenChars += this.#batchChars;
    this.#batchChars = 0;
    this.#gzip.write(`${this.#lines.join('\n')}\n`);
    this.#lines = [];
  }

  #stop(why: 'full' | 'slow' | 'io', error?: unknown): void {
    if (this.#ended) return;
    if (why === 'io') {
      this.#ended = true;
      this.#gzip.destroy();
    } else this.end(why);
    this.#options.onStopped(why, error);
  }

  async #keep(): Promise<void> {
    const { folder, callSid } = this.#options;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const file = await freeName(folder, callSid);
    await pipeline(this.#gzip, createWriteStream(file, { flags: 'wx', mode: 0o600 }));
  }
}

async function freeName(folder: string, callSid: string): Promise<string> {
  const there = new Set(await readdir(folder));
  for (let part = 1; part <= PARTS_MAX; part += 1) {
    const name = part === 1 ? `${callSid}${SUFFIX}` : `${callSid}-${part}${SUFFIX}`;
    if (!there.has(name)) return path.join(folder, name);
  }
  throw new Error(`there are ${PARTS_MAX} tapes of the call`);
}
