// Whether a spool's disk takes rows: when it has refused one it is left alone for a moment, and tried by itself.
import { mkdir, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Background } from '../base/background.ts';
import type { Clock, Timer } from '../base/clock.ts';

/** A disk that refused is tried again with the next row, but not more often than this. */
const RETRY_MS = 1_000;
/** Nor does it need a row to be tried: without calls there is none, and while it refuses none may be let in. */
const PROBE_MS = 5_000;
/** A disk that refuses may leave it empty. */
export const PROBE = 'probe';
/** Of a disk without room for it a file may still be opened. */
const PROBE_BYTES = 4_096;

export interface SpoolDiskOptions {
  readonly folder: string;
  readonly clock: Clock;
  readonly background: Background;
  /** Writes what was refused; answers false when there was nothing to write. Told of by `took` and `refused`. */
  readonly writeOwed: () => Promise<boolean>;
}

export class SpoolDisk {
  readonly #options: SpoolDiskOptions;
  #writable = true;
  #restsUntilMs = 0;
  #timer: Timer | undefined;
  #closed = false;

  constructor(options: SpoolDiskOptions) {
    this.#options = options;
  }

  /** Whether the last attempt to write succeeded. */
  get writable(): boolean {
    return this.#writable;
  }

  /** It has just refused and is not asked again so soon. */
  get rests(): boolean {
    return this.#options.clock.nowMs() < this.#restsUntilMs;
  }

  took(): void {
    this.#writable = true;
  }

  /** Answers whether that is news. */
  refused(): boolean {
    const news = this.#writable;
    this.#writable = false;
    this.#restsUntilMs = this.#options.clock.nowMs() + RETRY_MS;
    this.#probeLater();
    return news;
  }

  /** Who has a reason to asks at once. */
  wake(): void {
    this.#restsUntilMs = 0;
  }

  /** Nothing is kept here, and it is not tried. */
  giveUp(): void {
    this.#writable = false;
    this.close();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #probeLater(): void {
    if (this.#closed || this.#writable) return;
    this.#timer ??= this.#options.clock.after(PROBE_MS, () => {
      this.#timer = undefined;
      this.#options.background.run(this.#probe());
    });
  }

  /** Whether a row could be written by now, unless one has shown it; what is owed shows it best. */
  async #probe(): Promise<void> {
    if (this.#writable) return;
    this.wake();
    if (!(await this.#options.writeOwed()) && (await this.#takesFile())) this.#writable = true;
    this.#probeLater();
  }

  async #takesFile(): Promise<boolean> {
    const { folder } = this.#options;
    const file = path.join(folder, PROBE);
    try {
      await mkdir(folder, { recursive: true });
      await writeFile(file, Buffer.alloc(PROBE_BYTES));
      await unlink(file);
      return true;
    } catch {
      // As before, and that was told.
      return false;
    }
  }
}
