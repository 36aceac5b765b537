// Whether new calls should come here, and what is away and nevertheless keeps none from coming.
import type { Readiness } from './server/options.ts';

export interface ReadinessParts {
  /** What of the process is not ready yet. */
  readonly unready: ReadonlySet<string>;
  /** As of the last time it was asked. */
  readonly databaseUp: boolean;
  /** Where rows lie until the database has them. */
  readonly spool: { readonly writable: boolean; readonly full: boolean };
  /** Undefined: there is none. */
  readonly redisUp: boolean | undefined;
}

/**
 * Calls do without Redis, and what is kept of them needs one of two places, the database or the spool.
 *
 * A spool that takes nothing is said and keeps no call away while the database is up: rows are in that some 50 ms after they
 * were accepted, so what is at stake is the last moment of a process that is killed. Whoever would take the instance out
 * for it would turn callers away, and all of them when the instances' disks are alike. With the database away as well, rows
 * are in memory alone, or the oldest go for the newest: then a call that is not taken is worth more than one that is
 * forgotten.
 */
export function readinessOf({ unready, databaseUp, spool, redisUp }: ReadinessParts): Readiness {
  const away = [...(databaseUp ? [] : ['database']), ...(spool.writable && !spool.full ? [] : ['spool'])];
  const nowhere = away.length === 2;
  const reasons = [...unready, ...(nowhere ? away : [])];
  const without = [...(nowhere ? [] : away), ...(redisUp === false ? ['redis'] : [])];
  return { ready: reasons.length === 0, reasons, without };
}
