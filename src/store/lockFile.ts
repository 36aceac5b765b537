// One process at a time in a folder. A lock file says which; the lock of a process that is gone is taken over.
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { secretText } from '../base/random.ts';

export interface LockFile {
  release(): Promise<void>;
}

/** The folder belongs to another process that is alive. */
export class FolderInUse extends Error {
  override readonly name = 'FolderInUse';
  readonly code = 'folder_in_use';
}

interface Holder {
  readonly pid: number;
  /** When the process started, in the kernel's count; empty where the kernel doesn't tell. */
  readonly startTime: string;
}

/** A second try follows each stale lock that was moved away; more than a few means that others keep coming. */
const TRIES_MAX = 5;

/**
 * Takes the lock at `path`, or throws `FolderInUse`. A process is known by its id and its start time,
 * because ids come back: in a container the next process often has the last one's. Two containers
 * that share a volume don't see each other's processes: that this can't tell.
 */
export async function takeLock(path: string): Promise<LockFile> {
  const own: Holder = { pid: process.pid, startTime: await startTimeOf(process.pid) };
  const text = `${own.pid} ${own.startTime}\n`;
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    if (await created(path, text)) return { release: () => rm(path, { force: true }) };
    const holder = await readHolder(path);
    if (holder !== undefined && (await isAlive(holder))) throw inUse(path, holder);
    await moveAway(path);
  }
  throw new FolderInUse(`${path}: could not be taken, other processes keep taking it`);
}

/** Linked and not written in place, so that nobody ever sees a lock without its holder. */
async function created(path: string, text: string): Promise<boolean> {
  const draft = `${path}.${secretText(6)}`;
  try {
    await writeFile(draft, text, { mode: 0o644 });
    return await linked(draft, path);
  } finally {
    await rm(draft, { force: true });
  }
}

/** False when there is a file of that name. */
async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
}

/** Undefined when it is gone, or not of our making. */
async function readHolder(path: string): Promise<Holder | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
  const [pid, startTime] = text.trim().split(' ');
  return pid !== undefined && /^[1-9]\d*$/.test(pid)
    ? { pid: Number(pid), startTime: startTime ?? '' }
    : undefined;
}

async function isAlive(holder: Holder): Promise<boolean> {
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // EPERM: it is there, and another user's.
    if (!hasCode(error, 'EPERM')) return false;
  }
  return (await startTimeOf(holder.pid)) === holder.startTime;
}

/**
 * Moved and looked at, rather than deleted: between our look and now another process may have taken
 * the stale lock over, and it is then that one's fresh lock which we hold in our hands.
 */
async function moveAway(path: string): Promise<void> {
  const aside = `${path}.${secretText(6)}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return;
    throw error;
  }
  try {
    const holder = await readHolder(aside);
    if (holder === undefined || !(await isAlive(holder))) return;
    await linked(aside, path);
    throw inUse(path, holder);
  } finally {
    await rm(aside, { force: true });
  }
}

function inUse(path: string, holder: Holder): FolderInUse {
  return new FolderInUse(
    `${path}: process ${holder.pid} is using this data folder. ` +
      'Stop it, or give this one another DATA_DIR or a DATABASE_URL',
  );
}

/**
 * Field 22 of /proc/<pid>/stat (proc_pid_stat(5)), counted from the end of the name, which may hold
 * blanks. Empty where there is no /proc, and for a process that is dead and not yet waited for.
 */
async function startTimeOf(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? '' : (fields[19] ?? '');
  } catch {
    return '';
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
