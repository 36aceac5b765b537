// Fixed lines kept in a folder, so that a new process need not have them made again. Several processes may share it:
// files appear whole (written aside, then renamed), and are named by what they hold.
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../base/clock.ts';
import { hasCode } from '../base/errors.ts';
import { secretText } from '../base/random.ts';
import type { CachedSpeech } from './memoryCache.ts';
import { formatSpeechFile, parseSpeechFile } from './speechFile.ts';

const SUFFIX = '.speech';
/** Of our making: nothing else in the folder is counted or deleted. */
const OUR_FILE = /^([0-9a-f]{64})\.speech$/;
const OUR_UNFINISHED = /^[0-9a-f]{64}\..*\.unfinished$/;
const UNFINISHED = '.unfinished';
/** A write takes milliseconds: what lies about for longer was left by a process that died. */
const UNFINISHED_MS_MAX = 3_600_000;
/** Files looked at when the folder is opened; more are left alone and neither used nor deleted. */
const FILES_MAX = 20_000;

export class DiskCache {
  readonly #folder: string;
  readonly #bytesMax: number;
  readonly #clock: Clock;
  /** The bytes of what we know to be there, the least recently used first. */
  readonly #known = new Map<string, number>();
  #bytes = 0;

  /** Keys are 64 hexadecimal digits. */
  constructor(folder: string, bytesMax: number, clock: Clock) {
    this.#folder = folder;
    this.#bytesMax = bytesMax;
    this.#clock = clock;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Answers at once; another process may have written one that we don't know of. */
  knows(key: string): boolean {
    return this.#known.has(key);
  }

  /** Makes the folder and learns what is in it. Throws when that cannot be done. */
  async open(): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    const names = (await readdir(this.#folder)).slice(0, FILES_MAX);
    const found: { readonly key: string; readonly bytes: number; readonly usedAtMs: number }[] = [];
    for (const name of names) {
      const file = path.join(this.#folder, name);
      const stats = await stat(file).catch(unlessMissing);
      if (stats === undefined) continue;
      const key = OUR_FILE.exec(name)?.[1];
      if (key !== undefined) {
        found.push({ key, bytes: stats.size, usedAtMs: stats.mtimeMs });
      } else if (OUR_UNFINISHED.test(name) && this.#clock.wallMs() - stats.mtimeMs > UNFINISHED_MS_MAX) {
        await rm(file, { force: true });
      }
    }
    found.sort((a, b) => a.usedAtMs - b.usedAtMs);
    for (const { key, bytes } of found) this.#learn(key, bytes);
    await this.#evict();
  }

  /** Undefined when it is not there, or not whole (then it is deleted). Throws when the disk fails. */
  async read(key: string): Promise<CachedSpeech | undefined> {
    const bytes = await readFile(this.#fileOf(key)).catch(unlessMissing);
    const speech = bytes === undefined ? undefined : parseSpeechFile(bytes);
    if (bytes !== undefined && speech !== undefined) {
      this.#learn(key, bytes.length);
      return speech;
    }
    this.#forget(key);
    if (bytes !== undefined) await rm(this.#fileOf(key), { force: true });
    return undefined;
  }

  /** Marks it as used now, for the order in which files are deleted. */
  async touch(key: string): Promise<void> {
    const nowS = this.#clock.wallMs() / 1_000;
    await utimes(this.#fileOf(key), nowS, nowS).catch(unlessMissing);
  }

  /** Writes it, then deletes the oldest files until all are within the bound (one that is larger by itself is not written). Throws when the disk fails. */
  async write(key: string, speech: CachedSpeech): Promise<void> {
    const bytes = formatSpeechFile(speech);
    if (bytes.length > this.#bytesMax) return;
    const unfinished = path.join(this.#folder, `${key}.${secretText(6)}${UNFINISHED}`);
    try {
      await writeFile(unfinished, bytes);
      await rename(unfinished, this.#fileOf(key));
    } catch (error) {
      await rm(unfinished, { force: true });
      throw error;
    }
    this.#learn(key, bytes.length);
    await this.#evict();
  }

  async #evict(): Promise<void> {
    while (this.#bytes > this.#bytesMax) {
      const oldest = this.#known.keys().next();
      if (oldest.done === true) return;
      this.#forget(oldest.value);
      await rm(this.#fileOf(oldest.value), { force: true });
    }
  }

  #learn(key: string, bytes: number): void {
    this.#forget(key);
    this.#known.set(key, bytes);
    this.#bytes += bytes;
  }

  #forget(key: string): void {
    this.#bytes -= this.#known.get(key) ?? 0;
    this.#known.delete(key);
  }

  #fileOf(key: string): string {
    return path.join(this.#folder, `${key}${SUFFIX}`);
  }
}

function unlessMissing(error: unknown): undefined {
  if (hasCode(error, 'ENOENT')) return undefined;
  throw error;
}
