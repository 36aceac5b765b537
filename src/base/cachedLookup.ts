// DNS answers that are kept for a while. Node asks the system anew for each connection, on one of the four threads that
// also read files: a slow resolver would be on a caller's wait whenever a connection has to be opened.
import { lookup as dnsLookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { systemClock, type Clock } from './clock.ts';

export type Found = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void;
export type Lookup = (hostname: string, options: LookupOptions, found: Found) => void;

/** Given again for so long: about what the providers' own answers say. */
export const FRESH_MS = 60_000;
/** For so long an older one is given while it is asked anew, or when nobody answers. */
export const STALE_MS = 10 * 60_000;
/** Hosts come from the configuration and the agent's file, which name a handful; the oldest is forgotten. */
export const HOSTS_MAX = 256;

interface Answer {
  readonly addresses: readonly LookupAddress[];
  readonly atMs: number;
}

/** `lookup` with a memory; who asks for the same host at the same time shares one answer. */
export function cachedLookup(clock: Clock = systemClock, lookup: Lookup = dnsLookup): Lookup {
  const answers = new Map<string, Answer>();
  const asked = new Map<string, Found[]>();

  const ask = (key: string, hostname: string, options: LookupOptions, found?: Found): void => {
    const waiting = asked.get(key);
    if (waiting !== undefined) {
      if (found !== undefined) waiting.push(found);
      return;
    }
    const all = found === undefined ? [] : [found];
    asked.set(key, all);
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      asked.delete(key);
      if (error === null && Array.isArray(addresses) && addresses.length > 0) {
        answers.delete(key);
        answers.set(key, { addresses, atMs: clock.nowMs() });
        const oldest = answers.keys().next();
        if (answers.size > HOSTS_MAX && oldest.done !== true) answers.delete(oldest.value);
      }
      for (const tell of all) tell(error, addresses);
    });
  };

  return (hostname, options, found) => {
    const key = JSON.stringify([hostname, options.family ?? 0, options.hints ?? 0]);
    const tell: Found = (error, addresses) => {
      const [first] = Array.isArray(addresses) ? addresses : [];
      if (error !== null || options.all === true || first === undefined) found(error, addresses);
      else found(null, first.address, first.family);
    };
    const known = answers.get(key);
    const ageMs = known === undefined ? Infinity : clock.nowMs() - known.atMs;
    if (known === undefined || ageMs > STALE_MS) return ask(key, hostname, options, tell);
    if (ageMs > FRESH_MS) ask(key, hostname, options);
    // As the system's does, later: who asks has not yet finished asking.
    queueMicrotask(() => tell(null, [...known.addresses]));
  };
}
