// What a bench found: tables for the terminal, and a file with the machine it was found on.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import path from 'node:path';
import { systemClock } from '../base/clock.ts';
import { table } from './waterfall.ts';

export interface BenchReport {
  readonly title: string;
  readonly tables: readonly BenchTable[];
  /** Whole sentences: what was compared with what, and what spoils it. */
  readonly notes: readonly string[];
  /** The figures behind the tables, every single run of them. Goes into the file as JSON. */
  readonly figures: unknown;
}

export interface BenchTable {
  readonly heading: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryMb: number;
  readonly platform: string;
  readonly node: string;
  /** Of the last minute, before the bench began: other work on the machine spoils what is measured. */
  readonly loadBefore: number;
}

export function thisMachine(): Machine {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryMb: Math.round(totalmem() / 1_048_576),
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
    loadBefore: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  };
}

/** The lines to print. */
export function drawReport(report: BenchReport): readonly string[] {
  return [
    report.title,
    ...report.tables.flatMap(({ heading, rows }) => ['', ...table(heading, rows)]),
    ...(report.notes.length > 0 ? [''] : []),
    ...report.notes,
  ];
}

/** Writes `bench/results/<name>.json` below the current folder; answers its path. */
export function keepReport(name: string, report: BenchReport, machine: Machine): string {
  const folder = path.join('bench', 'results');
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `${name}.json`);
  const { title, notes, figures } = report;
  const kept = {
    bench: name,
    title,
    at: new Date(systemClock.wallMs()).toISOString(),
    commit: thisCommit(),
    machine,
    figures,
    notes,
  };
  writeFileSync(file, `${JSON.stringify(kept, null, 2)}\n`);
  return file;
}

/** With a plus when files differ from it; empty where there is no repository. */
function thisCommit(): string {
  const git = (...args: string[]): string =>
    spawnSync('git', args, { encoding: 'utf8', cwd: import.meta.dirname }).stdout?.trim() ?? '';
  const commit = git('rev-parse', '--short=12', 'HEAD');
  return commit !== '' && git('status', '--porcelain', '--untracked-files=no') !== '' ? `${commit}+` : commit;
}

/** `12.3`, or a dash when there is nothing to show. */
export function shown(value: number, digits = 0): string {
  return Number.isFinite(value) ? value.toFixed(digits) : '-';
}
