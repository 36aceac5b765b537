// One process at a time in a folder. A lock file says which; the lock of a process that is gone is taken over.
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { hasCode } from '../base/errors.ts';
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

/**
 * Takes the lock at `path`, or throws `FolderInUse`. A process is known by its id and its start time,
 * because ids come back: in a container the next process often has the last one's. Two containers
 * that share a volume don't see each other's processes: that this can't tell.
 */
export async function takeLock(path: string): Promise<LockFile> {
  const text = await ownText();
  const lock: LockFile = { release: () => rm(path, { force: true }) };
  if (await created(path, text)) return lock;
  const holder = await readHolder(path);
  if (holder !== undefined && (await isAlive(holder))) throw inUse(path, holder);
  await takeOver(path, text);
  return lock;
}

/**
 * Only one at a time may remove a stale lock, and it looks again before it does: else the lock that
 * another has just made in its place would be the one removed.
 */
async function takeOver(path: string, text: string): Promise<void> {
  const guard = `${path}.taking`;
  await clearDead(guard);
  if (!(await created(guard, text))) throw beingTaken(path);
  try {
    const holder = await readHolder(path);
    if (holder !== undefined && (await isAlive(holder))) throw inUse(path, holder);
    await rm(path, { force: true });
    if (!(await created(path, text))) throw beingTaken(path);
  } finally {
    await rm(guard, { force: true });
  }
}

/** A guard whose process died in the few milliseconds in which it had one. */
async function clearDead(guard: string): Promise<void> {
  const holder = await readHolder(guard);
  if (holder !== undefined && !(await isAlive(holder))) await rm(guard, { force: true });
}

async function ownText(): Promise<string> {
  return `${process.pid} ${await startTimeOf(process.pid)}\n`;
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

function beingTaken(path: string): FolderInUse {
  return new FolderInUse(`${path}: another process is taking this data folder at this moment`);
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
