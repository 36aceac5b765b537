// Which folder a process spools to: several may share a data folder when their database is elsewhere, and what a dead one
// has left there belongs to the next that starts.
import { mkdir, readdir, rm, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { hasCode } from '../base/errors.ts';
import { FolderInUse, takeLock, type LockFile } from './lockFile.ts';
import { PROBE } from './spoolDisk.ts';
import { Spool, type SpoolOptions } from './spool.ts';

/** Far more processes than share one disk. */
const FOLDERS_MAX = 256;
const ADOPTED_AT_ONCE = 500;

export interface OpenSpool {
  readonly spool: Spool;
  /** Lets others have the folder. After the spool is closed. */
  readonly release: () => Promise<void>;
}

/**
 * Takes the first folder `parent/<n>` that no living process has, and moves the rows of all others that nobody has into it,
 * behind its own. Never throws: a disk that can't be used is told to `onError` and gives a spool that keeps nothing.
 */
export async function openSpoolIn(parent: string, options: Omit<SpoolOptions, 'folder'>): Promise<OpenSpool> {
  let own = 0;
  let lock: LockFile | undefined;
  try {
    [own, lock] = await takeFirst(parent);
  } catch (error) {
    options.onError(error);
  }
  const folder = path.join(parent, String(own));
  // Whose it is cannot be told: nothing is written there, and what is there is left for whoever can.
  if (lock === undefined)
    return { spool: Spool.without({ ...options, folder }), release: async () => undefined };
  const spool = await Spool.open({ ...options, folder });
  await adoptOthers(parent, own, spool, options);
  return { spool, release: () => lock.release() };
}

async function takeFirst(parent: string): Promise<[number, LockFile]> {
  for (let number = 0; number < FOLDERS_MAX; number += 1) {
    const lock = await lockOf(path.join(parent, String(number)));
    if (lock !== undefined) return [number, lock];
  }
  throw new Error(`${parent}: ${FOLDERS_MAX} processes spool there`);
}

/** Undefined when a living process has it. */
async function lockOf(folder: string): Promise<LockFile | undefined> {
  await mkdir(folder, { recursive: true });
  try {
    return await takeLock(path.join(folder, 'lock'));
  } catch (error) {
    if (error instanceof FolderInUse) return undefined;
    throw error;
  }
}

async function adoptOthers(
  parent: string,
  own: number,
  spool: Spool,
  options: Omit<SpoolOptions, 'folder'>,
): Promise<void> {
  for (const name of await othersIn(parent, own, options)) {
    const folder = path.join(parent, name);
    try {
      const lock = await lockOf(folder);
      if (lock === undefined) continue;
      const all = await adopt(await Spool.open({ ...options, folder }), spool);
      await rm(path.join(folder, PROBE), { force: true });
      await lock.release();
      if (all) await removeEmpty(folder);
    } catch (error) {
      options.onError(error);
    }
  }
}

async function othersIn(
  parent: string,
  own: number,
  { onError }: Pick<SpoolOptions, 'onError'>,
): Promise<readonly string[]> {
  try {
    const names = await readdir(parent);
    return names.filter((name) => /^\d+$/.test(name) && Number(name) !== own).toSorted();
  } catch (error) {
    onError(error);
    return [];
  }
}

/** Whatever is left there keeps it: a damaged segment that was kept aside, the lock of who has taken it meanwhile. */
async function removeEmpty(folder: string): Promise<void> {
  try {
    await rmdir(folder);
  } catch (error) {
    if (!hasCode(error, 'ENOTEMPTY')) throw error;
  }
}

/**
 * Killed in between, rows lie in both folders and are committed twice, by their keys to the same effect. False: there are
 * more, which stay.
 */
async function adopt(from: Spool, into: Spool): Promise<boolean> {
  let after = (from.oldest ?? 1) - 1;
  for (;;) {
    const rows = await from.read(after, ADOPTED_AT_ONCE);
    if (rows.length === 0) break;
    const first = into.newest + 1;
    const kept = await Promise.all(rows.map(({ write }, index) => into.append(first + index, write)));
    if (kept.includes(false)) {
      await from.close(0);
      return false;
    }
    after = rows.at(-1)?.number ?? after;
  }
  await from.close(from.newest);
  return from.complete;
}
