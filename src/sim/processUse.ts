// What a process uses of the machine, by Linux' own account; elsewhere it can't be told.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';

export interface ProcessUse {
  /** User and system time of all its threads since it began. */
  readonly cpuMs: number;
  readonly rssBytes: number;
}

/** Linux counts in 100 ticks a second, whatever the kernel's own clock. */
const TICK_MS = 10;
const PAGE_BYTES = 4_096;

/** Undefined where there is no /proc, or no such process. */
export function readProcess(pid: number): ProcessUse | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return undefined;
  }
}

/** proc(5): utime, stime and rss are fields 14, 15 and 24. The name, field 2, may contain anything. */
export function parseStat(text: string): ProcessUse | undefined {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [utime, stime, rss] = [fields[11], fields[12], fields[21]].map(Number);
  if (utime === undefined || stime === undefined || rss === undefined) return undefined;
  if (![utime, stime, rss].every(Number.isFinite)) return undefined;
  return { cpuMs: (utime + stime) * TICK_MS, rssBytes: rss * PAGE_BYTES };
}

export interface Descriptors {
  /** Everything that is open. */
  readonly all: number;
  readonly sockets: number;
}

/** What a process has open; undefined where there is no /proc, or no such process. */
export function readDescriptors(pid: number): Descriptors | undefined {
  const folder = `/proc/${pid}/fd`;
  try {
    const names = readdirSync(folder);
    return { all: names.length, sockets: names.filter((name) => isSocket(path.join(folder, name))).length };
  } catch {
    return undefined;
  }
}

function isSocket(link: string): boolean {
  try {
    return readlinkSync(link).startsWith('socket:');
  } catch {
    // Closed a moment ago.
    return false;
  }
}

export interface Cores {
  readonly gateway: string;
  readonly simulators: string;
}

/**
 * One core for the gateway and all the others for this process, which is moved there at once. Undefined when
 * the machine has one core or no taskset: then they share it, and what is measured says little.
 */
export function takeCores(): Cores | undefined {
  const count = availableParallelism();
  if (count < 2) return undefined;
  const cores = { gateway: '0', simulators: count === 2 ? '1' : `1-${count - 1}` };
  return pin(cores.simulators) ? cores : undefined;
}

/** The whole machine again. */
export function releaseCores(): void {
  pin(`0-${availableParallelism() - 1}`);
}

/** All threads of this process. */
function pin(cores: string): boolean {
  return spawnSync('taskset', ['-a', '-c', '-p', cores, String(process.pid)]).status === 0;
}
